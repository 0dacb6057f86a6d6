import { bytesToUint, uintToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Appends big-endian fixed-width numbers and byte strings. */
export interface GraphWriter {
  uint(value: number, sizeBytes: number): void
  bytes(part: Uint8Array): void
  /** All that was written, as a copy. */
  finish(): Uint8Array
}

/** Makes an empty {@link GraphWriter}. */
export function createGraphWriter(): GraphWriter {
  let buffer = new Uint8Array(1024)
  let size = 0
  const append = (part: Uint8Array): void => {
    const end = size + part.length
    if (end > buffer.length) {
      const grown = new Uint8Array(Math.max(end, 2 * buffer.length))
      grown.set(buffer)
      buffer = grown
    }
    buffer.set(part, size)
    size = end
  }
  return {
    uint: (value, sizeBytes) => append(uintToBytes(value, sizeBytes)),
    bytes: append,
    finish: () => buffer.slice(0, size),
  }
}

/** Reads what {@link GraphWriter} writes. Every read is bounded by the bytes that are left. */
export interface GraphReader {
  /** @throws InvalidError `GraphTruncated`. */
  uint(sizeBytes: number): number
  /** A view of the next bytes. @throws InvalidError `GraphTruncated`. */
  bytes(sizeBytes: number): Uint8Array
  /** @throws InvalidError `GraphTrailingBytes` unless every byte was read. */
  finish(): void
}

/** Makes a {@link GraphReader} over untrusted bytes. */
export function createGraphReader(source: Uint8Array): GraphReader {
  let at = 0
  const take = (sizeBytes: number): Uint8Array => {
    const left = source.length - at
    if (sizeBytes > left) {
      throw new InvalidError('GraphTruncated', `needs ${sizeBytes} bytes at byte ${at}, has ${left}`)
    }
    at += sizeBytes
    return source.subarray(at - sizeBytes, at)
  }
  return {
    uint: (sizeBytes) => bytesToUint(take(sizeBytes)),
    bytes: take,
    finish() {
      if (at !== source.length)
        throw new InvalidError('GraphTrailingBytes', `${source.length - at} bytes after the graph`)
    },
  }
}
