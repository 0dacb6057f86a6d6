import { InvalidError } from '../protocol/errors.ts'

/** Longest code of DEFLATE, in bits. */
const MAX_CODE_BITS = 15

/**
 * A canonical Huffman code as a direct table: index = the next `bits` bits of the stream (least significant first), entry =
 * symbol × 16 + code length, or 0 where no code starts so.
 */
export interface HuffmanTable {
  readonly bits: number
  readonly entries: Uint16Array
}

/**
 * Builds the table of a canonical code from the code length of each symbol (RFC 1951, 3.2.2). The accepted codes are those
 * of zlib: complete ones, none at all, and (unless `strict`) one single code of length 1.
 * Cost: 2^(longest code) table entries.
 * @param strict whether the single code is refused, as for the code of code lengths.
 * @throws InvalidError `InflateCode` on an over-subscribed or incomplete code.
 */
export function huffmanTable(lengths: Uint8Array, strict = false): HuffmanTable {
  const counts = new Uint16Array(MAX_CODE_BITS + 1)
  let bits = 0
  for (const length of lengths) {
    if (length === 0) continue
    counts[length] = (counts[length] as number) + 1
    if (length > bits) bits = length
  }
  requireComplete(counts, bits, strict)
  return { bits, entries: fillEntries(lengths, counts, bits) }
}

function requireComplete(counts: Uint16Array, bits: number, strict: boolean): void {
  let free = 1
  for (let length = 1; length <= bits; length++) {
    free = free * 2 - (counts[length] as number)
    if (free < 0) throw new InvalidError('InflateCode', 'deflate: over-subscribed Huffman code')
  }
  if (free > 0 && bits > 0 && (strict || bits > 1))
    throw new InvalidError('InflateCode', 'deflate: incomplete Huffman code')
}

function fillEntries(lengths: Uint8Array, counts: Uint16Array, bits: number): Uint16Array {
  const nextCode = new Uint16Array(MAX_CODE_BITS + 2)
  for (let length = 1; length <= bits; length++) {
    nextCode[length + 1] = ((nextCode[length] as number) + (counts[length] as number)) << 1
  }
  const entries = new Uint16Array(2 ** bits)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number
    if (length === 0) continue
    const code = nextCode[length] as number
    nextCode[length] = code + 1
    for (let at = reverseBits(code, length); at < entries.length; at += 2 ** length) entries[at] = symbol * 16 + length
  }
  return entries
}

function reverseBits(code: number, length: number): number {
  let reversed = 0
  for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i)
  return reversed
}
