import { bytesToUint } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Walks the items of one RLP level, in order. Canonical encodings only; never recurses, copies nothing. */
export interface RlpReader {
  /** Whether all items were read. */
  isDone(): boolean
  /** The next item, which must be a byte string; a view into the source. */
  bytes(): Uint8Array
  /** The next item, which must be an unsigned integer of at most 48 bits without leading zeros. */
  uint(): number
  /** The next item, which must be a list: a reader over its items. */
  list(): RlpReader
}

/** An item's payload and where it ends. */
interface RlpItem {
  readonly isList: boolean
  readonly start: number
  readonly end: number
}

/**
 * Reads a sequence of RLP items (Ethereum Yellow Paper, appendix B). Every method throws InvalidError `RlpMalformed` on
 * truncated, non-canonical or unexpected items.
 */
export function createRlpReader(source: Uint8Array): RlpReader {
  let at = 0
  const next = (isList: boolean): Uint8Array => {
    const item = itemAt(source, at)
    if (item.isList !== isList) throw malformed(`expected a ${isList ? 'list' : 'byte string'}`)
    at = item.end
    return source.subarray(item.start, item.end)
  }
  return {
    isDone: () => at === source.length,
    bytes: () => next(false),
    uint: () => {
      const bytes = next(false)
      if (bytes.length > 6 || bytes[0] === 0) throw malformed('not a canonical integer of at most 48 bits')
      return bytesToUint(bytes)
    },
    list: () => createRlpReader(next(true)),
  }
}

function itemAt(source: Uint8Array, at: number): RlpItem {
  const prefix = source[at]
  if (prefix === undefined) throw malformed('an item is missing')
  if (prefix < 0x80) return { isList: false, start: at, end: at + 1 }
  const isList = prefix >= 0xc0
  const short = prefix - (isList ? 0xc0 : 0x80)
  const start = short <= 55 ? at + 1 : at + 1 + (short - 55)
  const length = short <= 55 ? short : longLength(source.subarray(at + 1, start), short - 55)
  const end = start + length
  if (end > source.length) throw malformed('an item reaches beyond its container')
  if (!isList && length === 1 && (source[start] as number) < 0x80) throw malformed('a small byte has a prefix')
  return { isList, start, end }
}

function longLength(bytes: Uint8Array, count: number): number {
  if (bytes.length < count || count > 6 || bytes[0] === 0) throw malformed('malformed length')
  const length = bytesToUint(bytes)
  if (length <= 55) throw malformed('a short item has a long length')
  return length
}

function malformed(why: string): InvalidError<'RlpMalformed'> {
  return new InvalidError('RlpMalformed', `malformed RLP: ${why}`)
}
