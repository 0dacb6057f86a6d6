import { bytesToHex, hexToBytes } from '../../node/protocol/bytes.ts'

/** JSON text of plain data with byte strings and bigints, for crossing into an engine that shares no memory with us. */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (item instanceof Uint8Array) return { $bytes: bytesToHex(item) }
    if (typeof item === 'bigint') return { $bigint: item.toString() }
    return item
  })
}

/** Inverse of {@link toWire}. The type is the caller's promise. */
export function fromWire<T>(text: string): T {
  return JSON.parse(text, (_, item) => {
    if (typeof item === 'object' && item !== null) {
      if ('$bytes' in item) return hexToBytes(item.$bytes)
      if ('$bigint' in item) return BigInt(item.$bigint)
    }
    return item
  })
}
