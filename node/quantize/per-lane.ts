import type { Shape } from '../exact/graph.ts'
import { broadcastShapes } from '../exact/ops/shapes.ts'
import { shapeSize, stridesOf } from '../exact/tensor-data.ts'

/** A real number for all lanes of a tensor, or a small tensor that broadcasts over it. */
export type PerLane = number | LaneTable

/** Real numbers that broadcast over a tensor (NumPy rules); row-major. */
export interface LaneTable {
  readonly shape: Shape
  readonly data: Float64Array
}

/** Relative difference under which numbers that came from float32 arithmetic count as one. */
const SAME = 1e-7

/** Numbers of a table, or the one number. */
export function numbersOf(value: PerLane): ArrayLike<number> {
  return typeof value === 'number' ? [value] : value.data
}

/** Applies `f` to every number. */
export function mapLanes(value: PerLane, f: (value: number) => number): PerLane {
  return typeof value === 'number' ? f(value) : simplify({ shape: value.shape, data: value.data.map((x) => f(x)) })
}

/** Applies `f` to pairs of numbers, broadcasting one table over the other. */
export function zipLanes(a: PerLane, b: PerLane, f: (a: number, b: number) => number): PerLane {
  if (typeof a === 'number') return mapLanes(b, (x) => f(a, x))
  if (typeof b === 'number') return mapLanes(a, (x) => f(x, b))
  const shape = broadcastShapes(a.shape, b.shape)
  const [left, right] = [reader(a, shape), reader(b, shape)]
  return simplify({ shape, data: Float64Array.from({ length: shapeSize(shape) }, (_, i) => f(left(i), right(i))) })
}

/** Least and greatest number. */
export function rangeOf(value: PerLane): { readonly lo: number; readonly hi: number } {
  if (typeof value === 'number') return { lo: value, hi: value }
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const x of value.data) [lo, hi] = [Math.min(lo, x), Math.max(hi, x)]
  return { lo, hi }
}

/** One number for each of so many columns (the last axis); undefined for a table that varies along another axis. */
export function columnsOf(value: PerLane, columns: number): Float64Array | undefined {
  if (typeof value === 'number') return new Float64Array(columns).fill(value)
  const last = value.shape.at(-1) ?? 1
  if (value.data.length !== last || (last !== columns && last !== 1)) return undefined
  return Float64Array.from({ length: columns }, (_, i) => value.data[last === 1 ? 0 : i] as number)
}

/** A table as one number where all its entries are the same up to float32 noise. */
export function simplify(table: LaneTable): PerLane {
  const first = table.data[0] ?? 0
  const tolerance = Math.abs(first) * SAME
  return table.data.every((x) => x === first || Math.abs(x - first) <= tolerance) ? first : table
}

/** Reads a table at the row-major position of a lane of `shape`. */
function reader(table: LaneTable, shape: Shape): (position: number) => number {
  const strides = stridesOf(shape)
  const own = stridesOf(table.shape)
  const skipped = shape.length - table.shape.length
  const steps = shape.map((_, axis) => (axis < skipped || table.shape[axis - skipped] === 1 ? 0 : own[axis - skipped]))
  return (position) => {
    let rest = position
    let at = 0
    for (let axis = 0; axis < shape.length; axis++) {
      const coordinate = Math.floor(rest / (strides[axis] as number))
      rest -= coordinate * (strides[axis] as number)
      at += coordinate * (steps[axis] ?? 0)
    }
    return table.data[at] as number
  }
}
