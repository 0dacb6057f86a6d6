import { concatBytes, uintToBytes } from '../protocol/bytes.ts'

/** A number as an ABI uint256 word. */
export function abiUint(value: number): Uint8Array {
  return uintToBytes(value, 32)
}

/** An unsigned bigint below 2^256 as an ABI uint256 word. */
export function abiBigUint(value: bigint): Uint8Array {
  const out = new Uint8Array(32)
  let rest = value
  for (let i = 31; rest > 0n && i >= 0; i--) {
    out[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return out
}

/** A 20-byte address as an ABI word. */
export function abiAddress(address: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array(12), address)
}

/** The tail of a dynamic ABI `bytes` or `string`: its length, then its bytes padded to whole words. */
export function abiBytesTail(bytes: Uint8Array): Uint8Array {
  return concatBytes(abiUint(bytes.length), bytes, new Uint8Array((32 - (bytes.length % 32)) % 32))
}

/**
 * Reads strictly ABI-encoded arguments whose sizes come from a stranger: every read is checked against the bytes at hand.
 * A read that fails yields `undefined`.
 */
export class AbiReader {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The 32 bytes of head word `index`. */
  word(index: number): Uint8Array | undefined {
    return this.#slice(index * 32, 32)
  }

  /** Head word `index` as a number of at most 48 bits. */
  uint(index: number): number | undefined {
    const word = this.word(index)
    return word === undefined ? undefined : wordToUint(word)
  }

  /** The dynamic `bytes` whose offset is head word `index`. */
  bytes(index: number): Uint8Array | undefined {
    const at = this.uint(index)
    const size = at === undefined ? undefined : this.#uintAt(at)
    return at === undefined || size === undefined ? undefined : this.#slice(at + 32, size)
  }

  /** The dynamic `bytes32[]` whose offset is head word `index`. */
  words(index: number): Uint8Array[] | undefined {
    const at = this.uint(index)
    const count = at === undefined ? undefined : this.#uintAt(at)
    if (at === undefined || count === undefined) return undefined
    const body = this.#slice(at + 32, count * 32)
    if (body === undefined) return undefined
    return Array.from({ length: count }, (_, i) => body.subarray(32 * i, 32 * i + 32))
  }

  #uintAt(at: number): number | undefined {
    const word = this.#slice(at, 32)
    return word === undefined ? undefined : wordToUint(word)
  }

  #slice(at: number, size: number): Uint8Array | undefined {
    return at + size <= this.#bytes.length ? this.#bytes.subarray(at, at + size) : undefined
  }
}

function wordToUint(word: Uint8Array): number | undefined {
  if (word.subarray(0, 26).some((byte) => byte !== 0)) return undefined
  let value = 0
  for (const byte of word.subarray(26)) value = value * 256 + byte
  return value
}
