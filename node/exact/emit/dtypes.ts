import type { Bounds, LaneBytes } from '../graph.ts'
import type { OnnxDtype } from './onnx-writer.ts'

/** Arithmetic element types, cheapest first where two serve equally well. */
export type ArithmeticDtype = 'float32' | 'int32' | 'float64'

/** Greatest magnitude up to which every integer is exact in float32: 2^24. */
export const FLOAT32_BUDGET = 2 ** 24
/** Greatest magnitude that int32 accumulation may reach: 2^31 − 1. */
export const INT32_BUDGET = 2 ** 31 - 1
/** Greatest pair sum that VPMADDUBSW (x86 without VNNI) adds without saturating: 2^15 − 1. */
export const PAIR_SUM_BUDGET = 2 ** 15 - 1

const RANGES: Readonly<Record<OnnxDtype, Bounds>> = {
  bool: { lo: 0, hi: 1 },
  uint8: { lo: 0, hi: 255 },
  int8: { lo: -128, hi: 127 },
  int16: { lo: -32768, hi: 32767 },
  float32: { lo: -FLOAT32_BUDGET, hi: FLOAT32_BUDGET },
  int32: { lo: -INT32_BUDGET, hi: INT32_BUDGET },
  float64: { lo: -Number.MAX_SAFE_INTEGER, hi: Number.MAX_SAFE_INTEGER },
  int64: { lo: -Number.MAX_SAFE_INTEGER, hi: Number.MAX_SAFE_INTEGER },
}

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<OnnxDtype, number>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  int16: 2,
  float32: 4,
  int32: 4,
  float64: 8,
  int64: 8,
}

/** True when every integer of `bounds` is an element of `dtype`, and arithmetic between such elements stays exact in it. */
export function dtypeHolds(dtype: OnnxDtype, bounds: Bounds): boolean {
  const range = RANGES[dtype]
  return range.lo <= bounds.lo && bounds.hi <= range.hi
}

/** Greatest magnitude within `bounds`. */
export function magnitude(bounds: Bounds): number {
  return Math.max(Math.abs(bounds.lo), Math.abs(bounds.hi))
}

/** Arithmetic element types in which integers of up to `budget` in magnitude are exact, in order of preference. */
export function arithmeticDtypes(budget: number): readonly ArithmeticDtype[] {
  if (budget <= FLOAT32_BUDGET) return ['float32', 'int32', 'float64']
  if (budget <= INT32_BUDGET) return ['int32', 'float64']
  return ['float64']
}

/**
 * Element type of a model input with lanes of `laneBytes`: 8-byte lanes travel as float64, which holds every safe integer
 * and is what `TensorData` holds them in.
 */
export function inputDtype(laneBytes: LaneBytes): OnnxDtype {
  return laneBytes === 8 ? 'float64' : outputDtype(laneBytes)
}

/** Element type of a model output with lanes of `laneBytes`: always an integer type, so that no −0 can leave a model. */
export function outputDtype(laneBytes: LaneBytes): OnnxDtype {
  if (laneBytes === 1) return 'int8'
  if (laneBytes === 2) return 'int16'
  return laneBytes === 4 ? 'int32' : 'int64'
}

/** Row-major elements of `dtype` from integers, little-endian (as every platform of ONNX Runtime is). */
export function elementBytes(dtype: OnnxDtype, values: ArrayLike<number>): Uint8Array {
  const elements = typedElements(dtype, values)
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}

function typedElements(dtype: OnnxDtype, values: ArrayLike<number>): ArrayBufferView {
  switch (dtype) {
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values)
    case 'int8':
      return Int8Array.from(values)
    case 'int16':
      return Int16Array.from(values)
    case 'int32':
      return Int32Array.from(values)
    case 'float32':
      return Float32Array.from(values)
    case 'float64':
      return Float64Array.from(values)
    case 'int64':
      return BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i] ?? 0))
  }
}
