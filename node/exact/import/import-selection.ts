import { attribute, flag } from './attributes.ts'
import { normalizeAxis } from './axes.ts'
import { BOOL, INT64 } from './dtypes.ts'
import { refuse } from './import-error.ts'
import { pickLanes } from './import-movement.ts'
import {
  addUnchecked,
  constantTensor,
  emit,
  factsOf,
  type NodeContext,
  negate,
  operand,
  reshapeTo,
  scalarOperand,
  type Tracked,
} from './node-context.ts'

const INDEX = { dtype: INT64, frac: 0 } as const
/** Each round of a TopK is five ops. */
const MAX_ROUNDS = 64
/** A CumSum is a product with a triangle of this many rows at most. */
const MAX_TRIANGLE_ROWS = 2048

/** ArgMax and ArgMin: the first of equals, or the last. */
export function importArgExtremum(context: NodeContext, which: 'max' | 'min'): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const axis = normalizeAxis(attribute(context.node, 'axis', 'int') ?? 0, shape.length)
  const keepDims = flag(context.node, 'keepdims', true)
  const ranked = which === 'max' ? x : negate(context, x)
  const first = (of: Tracked) => emit(context, { kind: 'argmax', inputs: [of.id], axis, keepDims }, INDEX)
  if (!flag(context.node, 'select_last_index', false)) return first(ranked)
  // The last of equals is the first one from behind.
  const last = (shape[axis] as number) - 1
  const fromBehind = first(pickLanes(context, ranked, axis, last + 1, (i) => last - i))
  const end = constantTensor(context, [], [last], INT64)
  return emit(context, { kind: 'sub', inputs: [end.id, fromBehind.id] }, INDEX)
}

/** TopK of a constant k: rounds that each find the first greatest lane and then leave it out. @returns values and indices. */
export function importTopK(context: NodeContext): [Tracked, Tracked] {
  const { node } = context
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const axis = normalizeAxis(attribute(node, 'axis', 'int') ?? -1, shape.length)
  const extent = shape[axis] as number
  const k = scalarOperand(context, 1) ?? refuse('OnnxGraphInvalid', 'operand 1 is missing')
  if (!Number.isInteger(k) || k < 1 || k > extent) refuse('OnnxShapeInvalid', `takes the first ${k} of ${extent} lanes`)
  if (k > MAX_ROUNDS) refuse('OnnxUnsupported', `takes the first ${k} lanes: at most ${MAX_ROUNDS} are supported`)
  if (k > 1 && !flag(node, 'sorted', true))
    refuse('OnnxUnsupported', 'attribute sorted is 0, so that the order is open')
  const largest = flag(node, 'largest', true)
  const places = shape.map((_, i) => (i === axis ? extent : 1))
  const numbers = constantTensor(
    context,
    places,
    Float64Array.from({ length: extent }, (_, i) => i),
    INT64,
  )
  const values: Tracked[] = []
  const indices: Tracked[] = []
  let left = largest ? x : negate(context, x)
  for (let round = 0; round < k; round++) {
    const best = addUnchecked(context, { kind: 'reduce-max', inputs: [left.id], axes: [axis], keepDims: true }, x)
    const index = addUnchecked(context, { kind: 'argmax', inputs: [left.id], axis, keepDims: true }, INDEX)
    values.push(largest ? best : negate(context, best))
    indices.push(index)
    if (round < k - 1) left = leaveOut(context, left, numbers, index)
  }
  return [joined(context, values, axis), joined(context, indices, axis)]
}

/** The lanes, but for those at `index`, which become less than any other. */
function leaveOut(context: NodeContext, x: Tracked, numbers: Tracked, index: Tracked): Tracked {
  const found = addUnchecked(context, { kind: 'equal', inputs: [numbers.id, index.id] }, { dtype: BOOL, frac: 0 })
  const least = constantTensor(context, [], [factsOf(context, x).lo - 1], x.dtype)
  return addUnchecked(context, { kind: 'select', inputs: [found.id, least.id, x.id] }, x)
}

function joined(context: NodeContext, parts: readonly Tracked[], axis: number): Tracked {
  const [first] = parts as [Tracked]
  if (parts.length === 1) return first
  return emit(context, { kind: 'concat', inputs: parts.map(({ id }) => id), axis }, first)
}

/** CumSum: a product with a triangle of ones. */
export function importCumSum(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const given = scalarOperand(context, 1) ?? refuse('OnnxGraphInvalid', 'operand 1 is missing')
  const axis = normalizeAxis(given, shape.length)
  const extent = shape[axis] as number
  if (extent > MAX_TRIANGLE_ROWS) {
    refuse('OnnxTooLarge', `sums along ${extent} lanes: at most ${MAX_TRIANGLE_ROWS} are supported`)
  }
  const [exclusive, reverse] = [flag(context.node, 'exclusive', false), flag(context.node, 'reverse', false)]
  const triangle = new Uint8Array(extent * extent)
  for (let i = 0; i < triangle.length; i++) {
    const before = (i % extent) - Math.floor(i / extent)
    const distance = reverse ? -before : before
    triangle[i] = distance > 0 || (distance === 0 && !exclusive) ? 1 : 0
  }
  const ones = constantTensor(context, [extent, extent], triangle, x.dtype)
  // [outer, extent, inner] → [outer, inner, extent], so that the triangle is on the right.
  const rank = shape.length
  const last = [...shape.keys()].filter((i) => i !== axis).concat(axis)
  const swapped = axis === rank - 1 ? x : transposed(context, x, last)
  const rows = rank === 1 ? reshapeTo(context, swapped, [1, extent]) : swapped
  const sums = emit(context, { kind: 'matmul', inputs: [rows.id, ones.id] }, x)
  const back = last.map((_, i) => last.indexOf(i))
  return axis === rank - 1 ? reshapeTo(context, sums, shape) : transposed(context, sums, back)
}

function transposed(context: NodeContext, x: Tracked, permutation: readonly number[]): Tracked {
  return addUnchecked(context, { kind: 'transpose', inputs: [x.id], permutation }, x)
}
