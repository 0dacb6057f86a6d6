import { bytesToHex as nobleBytesToHex, hexToBytes as nobleHexToBytes } from '@noble/hashes/utils.js'
import { InvalidError } from './errors.ts'

/** `0x`-prefixed lower-case hex. */
export type Hex = `0x${string}`

/** Encodes bytes as `0x`-prefixed lower-case hex. */
export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${nobleBytesToHex(bytes)}`
}

/**
 * Decodes `0x`-prefixed hex.
 * @throws InvalidError `HexMalformed` on a missing prefix, odd length or a non-hex digit.
 */
export function hexToBytes(hex: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(hex)) {
    throw new InvalidError('HexMalformed', `not 0x-prefixed hex of whole bytes: ${hex.slice(0, 40)}`)
  }
  return nobleHexToBytes(hex.slice(2))
}

/** Joins byte strings, in order, into a new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const out = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Byte-wise equality. Not constant-time: consensus data is public. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** ASCII text as bytes (engine-neutral: needs no TextEncoder). @throws InvalidError `AsciiMalformed`. */
export function asciiToBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) throw new InvalidError('AsciiMalformed', `not ASCII: ${text.slice(0, 40)}`)
    out[i] = code
  }
  return out
}

/** A non-negative safe integer as `sizeBytes` big-endian bytes. @throws InvalidError `UintRange` when it does not fit. */
export function uintToBytes(value: number, sizeBytes: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidError('UintRange', `not an unsigned integer: ${value}`)
  const out = new Uint8Array(sizeBytes)
  let rest = value
  for (let i = sizeBytes - 1; i >= 0; i--) {
    out[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  if (rest !== 0) throw new InvalidError('UintRange', `${value} does not fit ${sizeBytes} bytes`)
  return out
}

/** Reads up to 6 big-endian bytes (48 bits) as an unsigned number. */
export function bytesToUint(bytes: Uint8Array): number {
  if (bytes.length > 6) throw new InvalidError('UintRange', `${bytes.length} bytes are too many for a number`)
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}
