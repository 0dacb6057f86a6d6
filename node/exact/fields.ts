import { InvalidError } from '../protocol/errors.ts'
import { decodeTensor, encodeTensor } from '../protocol/tensor-encoding.ts'
import type { ShiftRounding } from './graph.ts'
import type { GraphReader, GraphWriter } from './graph-bytes.ts'
import { MAX_RANK } from './limits.ts'

/*
 * The kinds of numbers that a graph's canonical bytes hold: for each, the values it may take and their one encoding.
 */

/** Greatest number of entries of a list: two for each axis. */
const MAX_LIST = 2 * MAX_RANK

/** One kind of parameter. */
export interface FieldCodec<T> {
  /** Whether a value may be encoded. */
  valid(value: unknown): value is T
  write(writer: GraphWriter, value: T): void
  /** @throws InvalidError `FieldInvalid` where the bytes are no such value, `GraphTruncated` where they end. */
  read(reader: GraphReader): T
}

/** 0 to 2^32 − 1, in 4 bytes. */
export const UINT: FieldCodec<number> = {
  valid: (value): value is number => isSafeLane(value) && value >= 0 && value < 2 ** 32,
  write: (writer, value) => writer.uint(value, 4),
  read: (reader) => reader.uint(4),
}

/** −2^31 to 2^31 − 1, in 4 bytes of two's complement. */
export const INT: FieldCodec<number> = {
  valid: (value): value is number => isSafeLane(value) && (value | 0) === value,
  write: (writer, value) => writer.bytes(encodeTensor([value], 4)),
  read: (reader) => decodeTensor(reader.bytes(4), 4, 1)[0] as number,
}

/** A safe integer, in 8 bytes of two's complement. */
export const LANE: FieldCodec<number> = {
  valid: isSafeLane,
  write: (writer, value) => writer.bytes(encodeTensor([value], 8)),
  read: (reader) => decodeTensor(reader.bytes(8), 8, 1)[0] as number,
}

/** Up to {@link MAX_LIST} unsigned integers, after their count in 1 byte. */
export const UINT_LIST = listOf(UINT)

/** Up to {@link MAX_LIST} signed integers, after their count in 1 byte. */
export const INT_LIST = listOf(INT)

/** false or true, as 0 or 1. */
export const FLAG: FieldCodec<boolean> = choiceOf([false, true])

/** How a right shift rounds, as 0 or 1. */
export const ROUNDING: FieldCodec<ShiftRounding> = choiceOf(['floor', 'half-even'])

function isSafeLane(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function listOf<T>(entry: FieldCodec<T>): FieldCodec<readonly T[]> {
  return {
    valid: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= MAX_LIST && value.every((item) => entry.valid(item)),
    write(writer, value) {
      writer.uint(value.length, 1)
      for (const item of value) entry.write(writer, item)
    },
    read: (reader) => {
      const count = reader.uint(1)
      if (count > MAX_LIST) throw new InvalidError('FieldInvalid', `a list of ${count} entries, limit ${MAX_LIST}`)
      return Array.from({ length: count }, () => entry.read(reader))
    },
  }
}

function choiceOf<T>(choices: readonly T[]): FieldCodec<T> {
  return {
    valid: (value): value is T => choices.includes(value as T),
    write: (writer, value) => writer.uint(choices.indexOf(value), 1),
    read: (reader) => {
      const index = reader.uint(1)
      if (index >= choices.length)
        throw new InvalidError('FieldInvalid', `${index} is none of ${choices.length} choices`)
      return choices[index] as T
    },
  }
}
