import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import type { Bounds, LaneBytes } from '../graph.ts'

/** What the importer knows of an ONNX element type. */
export interface Dtype {
  readonly name: string
  /** Size of an element in raw_data. */
  readonly bytes: number
  readonly float: boolean
  /**
   * Values that arithmetic may reach. Integers: the type's range, so that nothing wraps around. Floats: the mantissa, so
   * that no `m · 2^-frac` rounds. Never more than safe integers.
   */
  readonly range: Bounds
  /** For messages: `2^24 in float32`. */
  readonly budget: string
  /** Lane width that holds the whole range; undefined for floats. */
  readonly laneBytes: LaneBytes | undefined
  /** The TensorProto field that holds values of this type when raw_data does not. */
  readonly typedField: number
  /** Reads one little-endian element. */
  read(view: DataView, at: number): number
}

type Read = Dtype['read']

function integerType(
  name: string,
  bytes: number,
  range: Bounds,
  laneBytes: LaneBytes,
  typedField: number,
  read: Read,
): Dtype {
  const budget = `[${range.lo}, ${range.hi}] of ${name}`
  return { name, bytes, float: false, range, budget, laneBytes, typedField, read }
}

function floatType(name: string, bytes: number, mantissaBits: number, typedField: number, read: Read): Dtype {
  const limit = Math.min(2 ** mantissaBits, MAX_SAFE_LANE)
  const budget = `2^${mantissaBits} in ${name}`
  return { name, bytes, float: true, range: { lo: -limit, hi: limit }, budget, laneBytes: undefined, typedField, read }
}

const signed = (bits: number): Bounds => ({ lo: -(2 ** (bits - 1)), hi: 2 ** (bits - 1) - 1 })
const unsigned = (bits: number): Bounds => ({ lo: 0, hi: 2 ** bits - 1 })
const SAFE: Bounds = { lo: -MAX_SAFE_LANE, hi: MAX_SAFE_LANE }
const SAFE_UNSIGNED: Bounds = { lo: 0, hi: MAX_SAFE_LANE }
const readInt64: Read = (view, at) => view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
const readUint64: Read = (view, at) => view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)

/** By TensorProto.DataType. */
const DTYPES: ReadonlyMap<number, Dtype> = new Map([
  [1, floatType('float32', 4, 24, 4, (view, at) => view.getFloat32(at, true))],
  [2, integerType('uint8', 1, unsigned(8), 2, 5, (view, at) => view.getUint8(at))],
  [3, integerType('int8', 1, signed(8), 1, 5, (view, at) => view.getInt8(at))],
  [4, integerType('uint16', 2, unsigned(16), 4, 5, (view, at) => view.getUint16(at, true))],
  [5, integerType('int16', 2, signed(16), 2, 5, (view, at) => view.getInt16(at, true))],
  [6, integerType('int32', 4, signed(32), 4, 5, (view, at) => view.getInt32(at, true))],
  [7, integerType('int64', 8, SAFE, 8, 7, readInt64)],
  [9, integerType('bool', 1, unsigned(1), 1, 5, (view, at) => view.getUint8(at))],
  [11, floatType('float64', 8, 53, 10, (view, at) => view.getFloat64(at, true))],
  [12, integerType('uint32', 4, unsigned(32), 8, 11, (view, at) => view.getUint32(at, true))],
  [13, integerType('uint64', 8, SAFE_UNSIGNED, 8, 11, readUint64)],
])

/** Booleans: integers of 0 or 1 with which ONNX does no arithmetic. */
export const BOOL = DTYPES.get(9) as Dtype
/** What ONNX takes where no type is given. */
export const FLOAT32 = DTYPES.get(1) as Dtype
/** What ONNX counts and indexes with. */
export const INT64 = DTYPES.get(7) as Dtype

/** The element type of a TensorProto.DataType; undefined for one that exact files may not use. */
export function dtypeOf(dataType: number): Dtype | undefined {
  return DTYPES.get(dataType)
}
