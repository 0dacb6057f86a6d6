import { InvalidError } from '../../protocol/errors.ts'
import type { Bounds, ConvOp, GraphConstant, PoolOp, Shape, TensorData } from '../graph.ts'
import { FREE_CONSTANT_READS, MAX_CONSTANT_PASSES } from '../limits.ts'
import { shapeSize } from '../tensor-data.ts'
import { hull, mulBounds } from './bounds.ts'
import { isPadded } from './windows.ts'

/** Bounds of a sum, and of the partial sums on the way to it. Exact, or above 2^53 − 1 when the true figure is. */
export interface SumBounds extends Bounds {
  /** max(Σ positive terms, Σ |negative terms|): no partial sum, in any order, is greater in magnitude. */
  readonly accumulation: number
}

/** What a rule sees of an operand. `constant` is set where it is a constant of the graph. */
export interface Operand extends Bounds {
  readonly shape: Shape
  readonly constant: GraphConstant | undefined
}

/** Bounds of `Σ weights · x` over each column of a constant, for any x in the given bounds. */
export type ColumnSums = (constant: GraphConstant, layout: ColumnLayout, x: Bounds) => SumBounds

/** A tensor seen as `[outer, depth, inner]`, row-major; its columns run along `depth`. */
export interface ColumnLayout {
  readonly depth: number
  readonly inner: number
}

/** Bounds of `count` terms, each in `term`. */
export function sumBounds(count: number, term: Bounds): SumBounds {
  const accumulation = count * Math.max(term.hi, -term.lo, 0)
  return { lo: count * term.lo, hi: count * term.hi, accumulation }
}

/** Bounds of a matrix product. A constant operand counts with its actual columns (on the left: rows). */
export function matmulSums(a: Operand, b: Operand, columnSums: ColumnSums): SumBounds {
  const depth = a.shape.at(-1) as number
  if (b.constant) return columnSums(b.constant, { depth, inner: b.shape.at(-1) as number }, a)
  if (a.constant) return columnSums(a.constant, { depth, inner: 1 }, b)
  return sumBounds(depth, mulBounds(a, b))
}

/** Bounds of a convolution. Constant weights count with their actual values; a padded lane contributes zero. */
export function convSums(op: ConvOp, input: Operand, weights: Operand, columnSums: ColumnSums): SumBounds {
  const depth = shapeSize(weights.shape.slice(1))
  const x = withPadding(op, input)
  return weights.constant
    ? columnSums(weights.constant, { depth, inner: 1 }, x)
    : sumBounds(depth, mulBounds(x, weights))
}

/** Bounds of a sum over windows; a padded lane contributes zero. */
export function poolSums(op: PoolOp, input: Bounds): SumBounds {
  return sumBounds(shapeSize(op.kernel), withPadding(op, input))
}

function withPadding(op: ConvOp | PoolOp, input: Bounds): Bounds {
  return isPadded(op) ? hull(input, { lo: 0, hi: 0 }) : input
}

/**
 * Makes the {@link ColumnSums} of one check. Results are kept per constant, layout and bounds; the lanes read in all are
 * limited by the lanes of the constants, so that the check stays linear.
 * @throws InvalidError `CheckTooCostly` (from the result).
 */
export function createColumnSums(constantLanes: number): ColumnSums {
  const known = new Map<GraphConstant, Map<string, SumBounds>>()
  const limit = constantLanes * MAX_CONSTANT_PASSES + FREE_CONSTANT_READS
  let readLanes = 0
  return (constant, layout, x) => {
    const sums = known.get(constant) ?? new Map<string, SumBounds>()
    known.set(constant, sums)
    const key = `${layout.depth},${layout.inner},${x.lo},${x.hi}`
    const found = sums.get(key)
    if (found) return found
    readLanes += constant.data.length
    if (readLanes > limit) {
      const mend = 'clip what a constant is contracted with to fewer distinct ranges'
      throw new InvalidError('CheckTooCostly', `would read ${readLanes} constant lanes, limit ${limit}: ${mend}`)
    }
    const computed = readColumns(constant.data, layout, x)
    sums.set(key, computed)
    return computed
  }
}

/** Columns summed side by side, so that a constant is read in order and the sums stay in cache. */
const COLUMN_BLOCK = 1024

/** What {@link includeColumn} says of all columns. Cost: one pass over the lanes; memory for one block of columns. */
function readColumns(data: TensorData, { depth, inner }: ColumnLayout, x: Bounds): SumBounds {
  const positive = new Float64Array(Math.min(inner, COLUMN_BLOCK))
  const negative = new Float64Array(Math.min(inner, COLUMN_BLOCK))
  const all = { lo: Number.POSITIVE_INFINITY, hi: Number.NEGATIVE_INFINITY, accumulation: 0 }
  for (let start = 0; start < data.length; start += depth * inner) {
    for (let from = 0; from < inner; from += COLUMN_BLOCK) {
      const width = Math.min(COLUMN_BLOCK, inner - from)
      positive.fill(0)
      negative.fill(0)
      for (let row = 0; row < depth; row++) {
        addRow(data, start + row * inner + from, width, positive, negative)
      }
      for (let column = 0; column < width; column++) {
        includeColumn(all, positive[column] as number, negative[column] as number, x)
      }
    }
  }
  return { lo: all.lo + 0, hi: all.hi + 0, accumulation: all.accumulation }
}

/** Adds adjacent weights to the Σ of positive and Σ of |negative| weights of their columns. Once above 2^53 − 1, a sum stays. */
function addRow(data: TensorData, at: number, width: number, positive: Float64Array, negative: Float64Array): void {
  for (let column = 0; column < width; column++) {
    const weight = data[at + column] as number
    if (weight > 0) (positive[column] as number) += weight
    else (negative[column] as number) -= weight
  }
}

/**
 * Widens `all` by `Σ w · x`, where the positive weights sum to `positive`, the negative ones to `-negative`, and each x is
 * anywhere in its bounds.
 */
function includeColumn(all: Mutable<SumBounds>, positive: number, negative: number, x: Bounds): void {
  const up = Math.max(x.hi, 0)
  const down = Math.max(-x.lo, 0)
  all.lo = Math.min(all.lo, positive * x.lo - negative * x.hi)
  all.hi = Math.max(all.hi, positive * x.hi - negative * x.lo)
  all.accumulation = Math.max(all.accumulation, positive * up + negative * down, positive * down + negative * up)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
