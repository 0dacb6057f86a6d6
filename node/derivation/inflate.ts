import { InvalidError } from '../protocol/errors.ts'
import { type HuffmanTable, huffmanTable } from './huffman.ts'

/** Base length and extra bits of symbols 257–285; base distance and extra bits of distance symbols 0–29 (RFC 1951, 3.2.5). */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
/** Order in which the lengths of the code length code are sent (RFC 1951, 3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const END_OF_BLOCK = 256

/** The compressed stream, read bit by bit. Bits beyond the end read as zero; consuming them is the error. */
interface BitReader {
  readonly source: Uint8Array
  /** Next byte to load. */
  at: number
  buffer: number
  available: number
}

/** Decompressed bytes so far; `bytes` grows by doubling up to the limit. */
interface Output {
  bytes: Uint8Array
  size: number
  readonly limit: number
}

/**
 * Decompresses a zlib stream (RFC 1950 around RFC 1951) that must end exactly where `source` ends, checksum included. It
 * accepts what zlib's own inflate accepts, so that every other client decides the same.
 * Memory is at most about twice `limitBytes`; cost is linear in input and output.
 * @throws InvalidError `InflateHeader`, `InflateTruncated`, `InflateCode`, `InflateBlock`, `InflateDistance`,
 * `InflateTooLarge` (output beyond `limitBytes`), `InflateChecksum`, `InflateTrailing`.
 */
export function inflateZlib(source: Uint8Array, limitBytes: number): Uint8Array {
  requireHeader(source)
  const reader: BitReader = { source, at: 2, buffer: 0, available: 0 }
  const out: Output = { bytes: new Uint8Array(Math.min(limitBytes, source.length * 4)), size: 0, limit: limitBytes }
  let final = false
  while (!final) {
    final = take(reader, 1) === 1
    const type = take(reader, 2)
    if (type === 0) copyStored(reader, out)
    else if (type === 1) decodeBlock(reader, out, FIXED_LITERALS, FIXED_DISTANCES)
    else if (type === 2) decodeDynamicBlock(reader, out)
    else throw new InvalidError('InflateBlock', 'deflate: reserved block type 3')
  }
  alignToByte(reader)
  const bytes = out.bytes.subarray(0, out.size)
  const expected = take(reader, 8) * 2 ** 24 + take(reader, 8) * 2 ** 16 + take(reader, 8) * 2 ** 8 + take(reader, 8)
  if (expected !== adler32(bytes)) throw new InvalidError('InflateChecksum', 'zlib: checksum does not match the data')
  if (reader.at !== source.length || reader.available !== 0) {
    throw new InvalidError('InflateTrailing', 'zlib: bytes follow the end of the stream')
  }
  return bytes
}

function requireHeader(source: Uint8Array): void {
  const [method, flags] = [source[0] ?? 0, source[1] ?? 0]
  const windowBits = (method >> 4) + 8
  if (source.length < 2 || (method & 0x0f) !== 8 || windowBits > 15 || (method * 256 + flags) % 31 !== 0) {
    throw new InvalidError('InflateHeader', 'zlib: malformed header')
  }
  if ((flags & 0x20) !== 0) throw new InvalidError('InflateHeader', 'zlib: preset dictionaries are not allowed')
}

/** Loads at least `count` (≤ 15) bits where the source has them. */
function fill(reader: BitReader, count: number): void {
  while (reader.available < count) {
    reader.buffer |= (reader.source[reader.at] ?? 0) << reader.available
    reader.at++
    reader.available += 8
  }
}

/** Drops `count` loaded bits. @throws InvalidError when some of them lie beyond the end of the source. */
function drop(reader: BitReader, count: number): void {
  reader.buffer >>>= count
  reader.available -= count
  if (reader.at - (reader.available >> 3) > reader.source.length) {
    throw new InvalidError('InflateTruncated', 'deflate: the stream ends too early')
  }
}

function take(reader: BitReader, count: number): number {
  fill(reader, count)
  const value = reader.buffer & (2 ** count - 1)
  drop(reader, count)
  return value
}

function alignToByte(reader: BitReader): void {
  take(reader, reader.available & 7)
  reader.at -= reader.available >> 3
  reader.buffer = 0
  reader.available = 0
}

function symbol(reader: BitReader, table: HuffmanTable): number {
  fill(reader, table.bits)
  const entry = table.entries[reader.buffer & (2 ** table.bits - 1)] as number
  if (entry === 0) throw new InvalidError('InflateCode', 'deflate: bits that are no code')
  drop(reader, entry & 15)
  return entry >> 4
}

/** Makes room for `count` more bytes. */
function reserve(out: Output, count: number): void {
  const needed = out.size + count
  if (needed > out.limit) throw new InvalidError('InflateTooLarge', `decompressed data exceed ${out.limit} bytes`)
  if (needed <= out.bytes.length) return
  const grown = new Uint8Array(Math.min(out.limit, Math.max(needed, out.bytes.length * 2)))
  grown.set(out.bytes.subarray(0, out.size))
  out.bytes = grown
}

function copyStored(reader: BitReader, out: Output): void {
  alignToByte(reader)
  const length = take(reader, 8) + take(reader, 8) * 256
  const complement = take(reader, 8) + take(reader, 8) * 256
  if (length + complement !== 0xffff) throw new InvalidError('InflateBlock', 'deflate: stored length is corrupt')
  alignToByte(reader)
  const end = reader.at + length
  if (end > reader.source.length) throw new InvalidError('InflateTruncated', 'deflate: the stream ends too early')
  reserve(out, length)
  out.bytes.set(reader.source.subarray(reader.at, end), out.size)
  out.size += length
  reader.at = end
}

function decodeBlock(reader: BitReader, out: Output, literals: HuffmanTable, distances: HuffmanTable): void {
  for (;;) {
    const code = symbol(reader, literals)
    if (code === END_OF_BLOCK) return
    if (code < END_OF_BLOCK) {
      reserve(out, 1)
      out.bytes[out.size++] = code
      continue
    }
    const length = withExtraBits(reader, LENGTH_BASE, LENGTH_EXTRA, code - 257)
    const distance = withExtraBits(reader, DISTANCE_BASE, DISTANCE_EXTRA, symbol(reader, distances))
    copyBack(out, length, distance)
  }
}

function withExtraBits(reader: BitReader, base: readonly number[], extra: readonly number[], index: number): number {
  const start = base[index]
  if (start === undefined) throw new InvalidError('InflateCode', 'deflate: reserved length or distance symbol')
  return start + take(reader, extra[index] as number)
}

function copyBack(out: Output, length: number, distance: number): void {
  if (distance > out.size) throw new InvalidError('InflateDistance', 'deflate: reference before the start of the data')
  reserve(out, length)
  const { bytes } = out
  for (let i = 0; i < length; i++, out.size++) bytes[out.size] = bytes[out.size - distance] as number
}

function decodeDynamicBlock(reader: BitReader, out: Output): void {
  const literalCount = take(reader, 5) + 257
  const distanceCount = take(reader, 5) + 1
  if (literalCount > 286 || distanceCount > 30) throw new InvalidError('InflateBlock', 'deflate: too many symbols')
  const codeLengths = new Uint8Array(19)
  for (let i = take(reader, 4) + 4, at = 0; at < i; at++) codeLengths[CODE_LENGTH_ORDER[at] as number] = take(reader, 3)
  const table = huffmanTable(codeLengths, true)
  const lengths = readLengths(reader, table, literalCount + distanceCount)
  if (lengths[END_OF_BLOCK] === 0) throw new InvalidError('InflateCode', 'deflate: no code for the end of the block')
  decodeBlock(
    reader,
    out,
    huffmanTable(lengths.subarray(0, literalCount)),
    huffmanTable(lengths.subarray(literalCount)),
  )
}

/** The run-length coded code lengths of literals and distances, as one sequence. */
function readLengths(reader: BitReader, table: HuffmanTable, count: number): Uint8Array {
  const lengths = new Uint8Array(count)
  for (let at = 0; at < count; ) {
    const code = symbol(reader, table)
    if (code < 16) {
      lengths[at++] = code
      continue
    }
    if (code === 16 && at === 0) throw new InvalidError('InflateBlock', 'deflate: nothing to repeat')
    const value = code === 16 ? (lengths[at - 1] as number) : 0
    const repeat = code === 16 ? 3 + take(reader, 2) : code === 17 ? 3 + take(reader, 3) : 11 + take(reader, 7)
    if (at + repeat > count) throw new InvalidError('InflateBlock', 'deflate: too many code lengths')
    lengths.fill(value, at, at + repeat)
    at += repeat
  }
  return lengths
}

/** Adler-32 (RFC 1950). Cost: linear; the sums stay below 2^32 for 5552 bytes at a time. */
function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let start = 0; start < bytes.length; start += 5552) {
    const end = Math.min(start + 5552, bytes.length)
    for (let i = start; i < end; i++) {
      a += bytes[i] as number
      b += a
    }
    a %= 65521
    b %= 65521
  }
  return b * 65536 + a
}

const FIXED_LITERALS: HuffmanTable = huffmanTable(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
)
const FIXED_DISTANCES: HuffmanTable = huffmanTable(new Uint8Array(32).fill(5))
