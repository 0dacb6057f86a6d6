import { laneRange } from '../protocol/tensor-encoding.ts'
import type { Bounds, LaneBytes, Shape, TensorData } from './graph.ts'

/** Whether every value of `inner` lies in `outer`. */
export function within(inner: Bounds, outer: Bounds): boolean {
  return inner.lo >= outer.lo && inner.hi <= outer.hi
}

/** The smallest lane width that holds every value of `bounds`. */
export function laneBytesFor(bounds: Bounds): LaneBytes {
  if (within(bounds, laneRange(1))) return 1
  if (within(bounds, laneRange(2))) return 2
  return within(bounds, laneRange(4)) ? 4 : 8
}

/** `length` zero lanes of `laneBytes`. */
export function allocateData(laneBytes: LaneBytes, length: number): TensorData {
  if (laneBytes === 1) return new Int8Array(length)
  if (laneBytes === 2) return new Int16Array(length)
  return laneBytes === 4 ? new Int32Array(length) : new Float64Array(length)
}

/** Lane width of existing data. */
export function laneBytesOf(data: TensorData): LaneBytes {
  return data.BYTES_PER_ELEMENT as LaneBytes
}

/** Least and greatest lane. `values` is not empty and holds numbers only. Cost: one pass. */
export function boundsOf(values: ArrayLike<number>): Bounds {
  let lo = Number.POSITIVE_INFINITY
  let hi = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value < lo) lo = value
    if (value > hi) hi = value
  }
  return { lo: lo + 0, hi: hi + 0 }
}

/** Copies safe integers into the smallest lane width that holds them all, as a graph's constants are kept. */
export function packData(values: ArrayLike<number>): TensorData {
  const data = allocateData(laneBytesFor(boundsOf(values)), values.length)
  for (let i = 0; i < values.length; i++) data[i] = (values[i] as number) + 0
  return data
}

/**
 * Product of the extents; 1 for a scalar. Exact up to 2^53, and above 2^53 whenever the true product is, so that comparing
 * it with a cap is always right.
 */
export function shapeSize(shape: Shape): number {
  let size = 1
  for (const extent of shape) size *= extent
  return size
}

/** Row-major strides in lanes, one per axis; the last is 1. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis] as number
  }
  return strides
}

/** Whether two shapes are the same. */
export function shapeEquals(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

/** A shape for messages: `[2, 3]`. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
