import type { Shape } from '../graph.ts'
import { shapeSize, stridesOf } from '../tensor-data.ts'

/**
 * Order of a tensor's axes in an emitted model: `plain` as in the graph, or `channels-last`, where `[n, c, …spatial]` is
 * stored as `[n, …spatial, c]` (rank 3 and above), as 8-bit contractions want it.
 */
export type Layout = 'plain' | 'channels-last'

/** Permutation from plain to channels-last axes. */
export function toChannelsLast(rank: number): readonly number[] {
  return [0, ...range(2, rank), 1]
}

/** Permutation from channels-last to plain axes. */
export function toPlain(rank: number): readonly number[] {
  return [0, rank - 1, ...range(1, rank - 1)]
}

/** The plain axis that lies at each stored position. */
export function storedAxes(layout: Layout, rank: number): readonly number[] {
  return layout === 'plain' ? range(0, rank) : toChannelsLast(rank)
}

/** The shape that a plain shape has under `layout`. */
export function layoutShape(shape: Shape, layout: Layout): Shape {
  return layout === 'plain' ? shape : permuteShape(shape, toChannelsLast(shape.length))
}

/** Axis i of the result is axis `permutation[i]` of `shape`. */
export function permuteShape(shape: Shape, permutation: readonly number[]): Shape {
  return permutation.map((axis) => shape[axis] ?? 1)
}

/** `shape` with leading axes of extent 1 up to `rank`, as broadcasting aligns it. */
export function alignShape(shape: Shape, rank: number): Shape {
  return [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape]
}

/** Row-major lanes of a tensor with its axes permuted. Cost: one pass. */
export function permuteData(data: ArrayLike<number>, shape: Shape, permutation: readonly number[]): Float64Array {
  const out = new Float64Array(shapeSize(shape))
  const outShape = permuteShape(shape, permutation)
  const strides = permuteShape(stridesOf(shape), permutation)
  const index = new Array<number>(outShape.length).fill(0)
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from] ?? 0
    for (let axis = outShape.length - 1; axis >= 0; axis--) {
      const extent = outShape[axis] ?? 1
      const stride = strides[axis] ?? 0
      const next = (index[axis] ?? 0) + 1
      from += stride
      if (next < extent) {
        index[axis] = next
        break
      }
      index[axis] = 0
      from -= extent * stride
    }
  }
  return out
}

/** The integers from `start` up to `end`, exclusive. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i)
}
