import { refuse } from './import-error.ts'

/*
 * The wire format of protobuf (https://protobuf.dev/programming-guides/encoding/), strictly: every payload is a view into
 * the input, so nothing is allocated by a length that the bytes do not have. Groups (wire types 3 and 4) are refused.
 */

/** How a field's payload is encoded: varint, 8 bytes, length-delimited, 4 bytes. */
export type WireType = 0 | 1 | 2 | 5

/** One field of a message. `payload` is its encoded value without tag and length: a view, not a copy. */
export interface WireField {
  readonly number: number
  readonly wire: WireType
  readonly payload: Uint8Array
}

/** Fields that may still be read from one file; shared by all its messages, so that time and memory are bounded. */
export interface FieldBudget {
  left: number
}

/** What follows a field's number decides its layout. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const FIXED32 = 5

const MAX_VARINT_BYTES = 10
const MAX_FIELD_NUMBER = 2 ** 29 - 1

/**
 * The fields of one message, in order.
 * @throws ImportError `OnnxMalformed`; `OnnxTooLarge` when the budget is spent.
 */
export function* readFields(message: Uint8Array, budget: FieldBudget): Generator<WireField> {
  let at = 0
  while (at < message.length) {
    if (budget.left-- <= 0) refuse('OnnxTooLarge', 'the file has too many protobuf fields')
    const tagEnd = varintEnd(message, at)
    const tag = toUint64(message.subarray(at, tagEnd))
    const number = Math.floor(tag / 8)
    if (number < 1 || number > MAX_FIELD_NUMBER)
      refuse('OnnxMalformed', `protobuf field number ${number} does not exist`)
    const { start, end, wire } = locatePayload(message, tagEnd, tag % 8, number)
    yield { number, wire, payload: message.subarray(start, end) }
    at = end
  }
}

function locatePayload(message: Uint8Array, at: number, wire: number, number: number) {
  let start = at
  let size: number
  if (wire === VARINT) size = varintEnd(message, at) - at
  else if (wire === FIXED64) size = 8
  else if (wire === FIXED32) size = 4
  else if (wire === LENGTH_DELIMITED) {
    start = varintEnd(message, at)
    size = toUint64(message.subarray(at, start))
  } else
    return refuse(
      'OnnxMalformed',
      `protobuf field ${number} has wire type ${wire}: groups and unknown types are refused`,
    )
  if (size > message.length - start) {
    refuse('OnnxMalformed', `truncated: protobuf field ${number} has ${message.length - start} of its ${size} bytes`)
  }
  return { start, end: start + size, wire: wire as WireType }
}

/** Offset just past the varint at `at`. */
function varintEnd(bytes: Uint8Array, at: number): number {
  for (let end = at; end < bytes.length && end < at + MAX_VARINT_BYTES; end++) {
    const byte = bytes[end] as number
    if (byte >= 0x80) continue
    const overflows = end === at + MAX_VARINT_BYTES - 1 && byte > 1
    if (overflows || (byte === 0 && end > at)) break
    return end + 1
  }
  return at + MAX_VARINT_BYTES > bytes.length && bytes.subarray(at).every((byte) => byte >= 0x80)
    ? refuse('OnnxMalformed', 'truncated: the bytes end inside a varint')
    : refuse('OnnxMalformed', 'over-long varint')
}

/** Low and high 32 bits of a whole varint. */
function varintWords(payload: Uint8Array): { low: number; high: number } {
  let low = 0
  let high = 0
  payload.forEach((byte, i) => {
    const bits = byte & 0x7f
    if (i < 4) low += bits * 2 ** (7 * i)
    else if (i === 4) {
      low += (bits & 0x0f) * 2 ** 28
      high += bits >> 4
    } else high += bits * 2 ** (7 * i - 32)
  })
  return { low, high }
}

/** A varint payload as an unsigned 64-bit integer; rounds as {@link toInt64} does. */
export function toUint64(payload: Uint8Array): number {
  const { low, high } = varintWords(payload)
  return high * 2 ** 32 + low
}

/**
 * A varint payload as a signed 64-bit integer. Exact where it is a safe integer; others round to a number that is no safe
 * integer either, so a check for safety after it is always right.
 */
export function toInt64(payload: Uint8Array): number {
  const { low, high } = varintWords(payload)
  return (high >= 2 ** 31 ? high - 2 ** 32 : high) * 2 ** 32 + low
}

/** The varints of a packed payload (or of a single one), each as its own view. @throws ImportError `OnnxMalformed`. */
export function* splitVarints(payload: Uint8Array): Generator<Uint8Array> {
  let at = 0
  while (at < payload.length) {
    const end = varintEnd(payload, at)
    yield payload.subarray(at, end)
    at = end
  }
}

/** Strict UTF-8 (engine-neutral: needs no TextDecoder). @throws ImportError `OnnxMalformed`. */
export function decodeUtf8(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number
    const size =
      lead < 0x80
        ? 1
        : lead >= 0xc2 && lead < 0xe0
          ? 2
          : lead >= 0xe0 && lead < 0xf0
            ? 3
            : lead >= 0xf0 && lead < 0xf5
              ? 4
              : 0
    if (size === 0 || at + size > bytes.length) refuse('OnnxMalformed', 'a text is not UTF-8')
    let code = size === 1 ? lead : lead & (0x7f >> size)
    for (let i = 1; i < size; i++) {
      const next = bytes[at + i] as number
      if ((next & 0xc0) !== 0x80) refuse('OnnxMalformed', 'a text is not UTF-8')
      code = code * 64 + (next & 0x3f)
    }
    const least = size === 3 ? 0x800 : size === 4 ? 0x10000 : 0
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      refuse('OnnxMalformed', 'a text is not UTF-8')
    parts.push(String.fromCodePoint(code))
    at += size
  }
  return parts.join('')
}
