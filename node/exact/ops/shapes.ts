import { InvalidError } from '../../protocol/errors.ts'
import type {
  ArgmaxOp,
  ConcatOp,
  ConvOp,
  ExpandOp,
  GatherElementsOp,
  LookupOp,
  PadOp,
  PoolOp,
  ReduceOp,
  ReshapeOp,
  Shape,
  SliceOp,
  TransposeOp,
} from '../graph.ts'
import { shapeEquals, shapeSize, shapeText } from '../tensor-data.ts'
import { requireFullWindows, windowOutput } from './windows.ts'

/*
 * The shape rule of every op: extents of the operands → extents of the result, or InvalidError. Parameters were checked
 * to be integers of their field's range; operands' extents are at least 1. Caps on the result are the check's.
 */

/** NumPy broadcasting: aligned at the last axis, extents equal or 1. @throws InvalidError `ShapeMismatch`. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  const out: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1
    const y = b[axis - rank + b.length] ?? 1
    require(x === y || x === 1 || y === 1, 'ShapeMismatch', () =>
      `${shapeText(a)} and ${shapeText(b)} do not broadcast`)
    out.push(x === 1 ? y : x)
  }
  return out
}

/** `[…, m, k] × […, k, n] → […, m, n]`. */
export function matmulShape(a: Shape, b: Shape): Shape {
  const text = () => `${shapeText(a)} × ${shapeText(b)}: needs […, m, k] × […, k, n] of rank 2 or more`
  require(a.length >= 2 && b.length >= 2 && a.at(-1) === b.at(-2), 'ShapeMismatch', text)
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), a.at(-2) as number, b.at(-1) as number]
}

/** `[n, c, …spatial] × [o, c/groups, …kernel] → [n, o, …spatial']`. */
export function convShape(op: ConvOp, input: Shape, weights: Shape): Shape {
  const [batch = 0, channels = 0, ...spatial] = input
  const [outChannels = 0, groupChannels = 0, ...kernel] = weights
  const text = () =>
    `${shapeText(input)} × ${shapeText(weights)}, groups ${op.groups}: needs [n, c, …] × [o, c/groups, …]`
  require(input.length === weights.length && op.groups >= 1, 'ShapeMismatch', text)
  require(groupChannels * op.groups === channels && outChannels % op.groups === 0, 'ShapeMismatch', text)
  return [batch, outChannels, ...windowOutput(spatial, kernel, op)]
}

/** `[n, c, …spatial] → [n, c, …spatial']`. */
export function poolShape(op: PoolOp, input: Shape): Shape {
  const [batch = 0, channels = 0, ...spatial] = input
  return [batch, channels, ...windowOutput(spatial, op.kernel, op)]
}

/** As {@link poolShape}; no window may hold padding only. */
export function maxPoolShape(op: PoolOp, input: Shape): Shape {
  const shape = poolShape(op, input)
  requireFullWindows(input.slice(2), op.kernel, op)
  return shape
}

/** Drops `axes`, or leaves them at extent 1. */
export function reduceShape(op: ReduceOp, input: Shape): Shape {
  const ordered = op.axes.every((axis, i) => i === 0 || axis > (op.axes[i - 1] as number))
  require(op.axes.length > 0 && ordered, 'AxisInvalid', () =>
    `axes ${op.axes} must be ascending, distinct, at least one`)
  for (const axis of op.axes) requireAxis(axis, input)
  return dropAxes(input, op.axes, op.keepDims)
}

/** Drops `axis`, or leaves it at extent 1. */
export function argmaxShape(op: ArgmaxOp, input: Shape): Shape {
  requireAxis(op.axis, input)
  return dropAxes(input, [op.axis], op.keepDims)
}

/** `table` with its `axis` replaced by the axes of `indices`. */
export function lookupShape(op: LookupOp, indices: Shape, table: Shape): Shape {
  requireAxis(op.axis, table)
  return [...table.slice(0, op.axis), ...indices, ...table.slice(op.axis + 1)]
}

/** The indices' extents, which are the table's but for `axis`. */
export function gatherElementsShape(op: GatherElementsOp, indices: Shape, table: Shape): Shape {
  requireAxis(op.axis, table)
  const alike =
    indices.length === table.length && indices.every((extent, axis) => axis === op.axis || extent === table[axis])
  require(alike, 'ShapeMismatch', () =>
    `indices ${shapeText(indices)} and table ${shapeText(table)} differ outside axis ${op.axis}`)
  return indices
}

/** `op.shape`, of equal size. */
export function reshapeShape(op: ReshapeOp, input: Shape): Shape {
  const text = () => `${shapeText(input)} has not as many lanes as ${shapeText(op.shape)}`
  require(shapeSize(op.shape) === shapeSize(input), 'ShapeMismatch', text)
  return op.shape
}

/** The input's extents in the order of `permutation`. */
export function transposeShape(op: TransposeOp, input: Shape): Shape {
  const sorted = [...op.permutation].sort((a, b) => a - b)
  const valid = sorted.length === input.length && sorted.every((axis, i) => axis === i)
  require(valid, 'AxisInvalid', () => `${shapeText(op.permutation)} is no permutation of the ${input.length} axes`)
  return op.permutation.map((axis) => input[axis] as number)
}

/** `op.sizes`; every lane that is read lies inside the input. */
export function sliceShape(op: SliceOp, input: Shape): Shape {
  for (const entries of [op.starts, op.sizes, op.steps])
    requireEntries(entries, input.length, 'starts, sizes and steps')
  input.forEach((extent, axis) => {
    const start = op.starts[axis] as number
    const size = op.sizes[axis] as number
    const step = op.steps[axis] as number
    const last = start + (size - 1) * step
    const text = () => `axis ${axis}: ${size} lanes from ${start} by ${step} leave the extent ${extent}`
    require(size >= 1 && step !== 0, 'ShapeMismatch', () =>
      `axis ${axis}: size ${size} must be >= 1, step ${step} not 0`)
    require(start < extent && last >= 0 && last < extent, 'IndexOutOfBounds', text)
  })
  return op.sizes
}

/** Extents grown by the pads on both sides. */
export function padShape(op: PadOp, input: Shape): Shape {
  requireEntries(op.pads, 2 * input.length, 'pads')
  return input.map((extent, axis) => (op.pads[axis] as number) + extent + (op.pads[input.length + axis] as number))
}

/** The common extents, with those of `axis` summed. */
export function concatShape(op: ConcatOp, inputs: readonly Shape[]): Shape {
  const first = inputs[0] as Shape
  requireAxis(op.axis, first)
  let sum = 0
  for (const shape of inputs) {
    const alike = shape.length === first.length && shape.every((extent, i) => i === op.axis || extent === first[i])
    const text = () => `${shapeText(first)} and ${shapeText(shape)} differ outside axis ${op.axis}`
    require(alike, 'ShapeMismatch', text)
    sum += shape[op.axis] as number
  }
  return first.with(op.axis, sum)
}

/** `op.shape`, to which the input broadcasts. */
export function expandShape(op: ExpandOp, input: Shape): Shape {
  const text = () => `${shapeText(input)} does not expand to ${shapeText(op.shape)}`
  require(shapeEquals(broadcastShapes(input, op.shape), op.shape), 'ShapeMismatch', text)
  return op.shape
}

function dropAxes(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
  return shape.filter((_, axis) => !axes.includes(axis))
}

function requireAxis(axis: number, shape: Shape): void {
  require(axis < shape.length, 'AxisInvalid', () =>
    `axis ${axis} is not one of the ${shape.length} axes of ${shapeText(shape)}`)
}

function requireEntries(entries: readonly number[], count: number, what: string): void {
  require(entries.length === count, 'ShapeMismatch', () =>
    `${what} must have ${count} entries, one has ${entries.length}`)
}

function require(valid: boolean, code: string, message: () => string): void {
  if (!valid) throw new InvalidError(code, message())
}
