import type { Shape } from '../graph.ts'
import { broadcastShapes } from '../ops/shapes.ts'
import { shapeEquals, shapeSize, shapeText } from '../tensor-data.ts'
import { align } from './align.ts'
import { attribute, flag } from './attributes.ts'
import { normalizeAxes, normalizeAxis } from './axes.ts'
import { INT64 } from './dtypes.ts'
import { refuse } from './import-error.ts'
import {
  addUnchecked,
  constantTensor,
  emit,
  factsOf,
  listOperand,
  type NodeContext,
  operand,
  requireSource,
  reshapeTo,
  scalarOperand,
  type Tracked,
} from './node-context.ts'

/** An axis has this many lanes at most where lanes are picked by constant places, which take memory before any op is checked. */
const MAX_PICKED = 2 ** 20

/** Reshape to a constant shape; 0 copies an extent (unless allowzero), −1 is what remains. */
export function importReshape(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const own = factsOf(context, x).shape
  const wanted = requiredList(context, 1)
  const copies = !flag(context.node, 'allowzero', false)
  const shape = wanted.map((extent, axis) => (extent === 0 && copies ? (own[axis] ?? 0) : extent))
  const known = shapeSize(shape.filter((extent) => extent !== -1))
  if (shape.filter((extent) => extent === -1).length > 1 || shape.some((extent) => extent < -1)) {
    refuse('OnnxShapeInvalid', `the shape ${shapeText(wanted)} is not one of a tensor`)
  }
  return reshapeTo(
    context,
    x,
    shape.map((extent) => (extent === -1 ? shapeSize(own) / known : extent)),
  )
}

/** Flatten to two axes. */
export function importFlatten(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const given = attribute(context.node, 'axis', 'int') ?? 1
  const axis = given === shape.length ? given : normalizeAxis(given, shape.length)
  return reshapeTo(context, x, [shapeSize(shape.slice(0, axis)), shapeSize(shape.slice(axis))])
}

/** Squeeze: drops axes of extent 1, all of them where none are given. */
export function importSqueeze(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const ones = shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []))
  const given = listOperand(context, 1)
  const axes = given ? normalizeAxes(given, shape.length) : ones
  const kept = axes.find((axis) => shape[axis] !== 1)
  if (kept !== undefined) refuse('OnnxShapeInvalid', `axis ${kept} of ${shapeText(shape)} is not 1`)
  return reshapeTo(
    context,
    x,
    shape.filter((_, axis) => !axes.includes(axis)),
  )
}

/** Unsqueeze: adds axes of extent 1, counted in the result. */
export function importUnsqueeze(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const rest = [...factsOf(context, x).shape]
  const given = requiredList(context, 1)
  const rank = rest.length + given.length
  const axes = normalizeAxes(given, rank)
  const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() as number)))
  return reshapeTo(context, x, shape)
}

/** Transpose; without perm it reverses the axes. */
export function importTranspose(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const reversed = factsOf(context, x)
    .shape.map((_, axis) => axis)
    .reverse()
  const permutation = attribute(context.node, 'perm', 'ints') ?? reversed
  return emit(context, { kind: 'transpose', inputs: [x.id], permutation }, x)
}

/** Slice with constant starts, ends, axes and steps, which are clamped as ONNX says. */
export function importSlice(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const [from, to] = [requiredList(context, 1), requiredList(context, 2)]
  const axes = (listOperand(context, 3) ?? from.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  const by = listOperand(context, 4) ?? from.map(() => 1)
  if ([to, axes, by].some((list) => list.length !== from.length) || new Set(axes).size < axes.length) {
    refuse('OnnxShapeInvalid', 'starts, ends, axes and steps must be of one length, and name each axis once')
  }
  const starts = shape.map(() => 0)
  const sizes = [...shape]
  const steps = shape.map(() => 1)
  axes.forEach((axis, i) => {
    const extent = shape[axis] as number
    const step = by[i] as number
    if (step === 0) refuse('OnnxShapeInvalid', `axis ${axis} is sliced in steps of 0`)
    const range = sliceRange(from[i] as number, to[i] as number, Math.max(-extent, Math.min(step, extent)), extent)
    if (range.size < 1) refuse('OnnxShapeInvalid', `axis ${axis} of ${shapeText(shape)} is sliced to nothing`)
    starts[axis] = range.start
    sizes[axis] = range.size
    steps[axis] = range.step
  })
  return emit(context, { kind: 'slice', inputs: [x.id], starts, sizes, steps }, x)
}

function sliceRange(from: number, to: number, step: number, extent: number) {
  const clamp = (at: number, least: number, most: number) => Math.min(Math.max(at < 0 ? at + extent : at, least), most)
  const start = step > 0 ? clamp(from, 0, extent) : clamp(from, 0, extent - 1)
  const end = step > 0 ? clamp(to, 0, extent) : clamp(to, -1, extent - 1)
  return { start, step, size: Math.ceil((end - start) / step) }
}

/** Pad with a constant, or with the tensor's own lanes. */
export function importPad(context: NodeContext): Tracked {
  const mode = attribute(context.node, 'mode', 'string') ?? 'constant'
  if (mode === 'edge' || mode === 'reflect') return padFromInside(context, mode)
  if (mode !== 'constant')
    refuse('OnnxUnsupported', `attribute mode is ${mode}: constant, edge and reflect are supported`)
  const fill = context.source(2)
  const sources = [requireSource(context, 0), ...(fill ? [fill] : [])]
  const [x, value] = align(context, sources) as [Tracked, Tracked | undefined]
  if (fill && scalarOperand(context, 2) === undefined) refuse('OnnxUnsupported', 'the pad value must be a constant')
  const pads = padsOperand(context, factsOf(context, x).shape.length)
  return emit(context, { kind: 'pad', inputs: [x.id], pads, value: value ? factsOf(context, value).lo : 0 }, x)
}

/** Pads of every axis, first those before, then those after. */
function padsOperand(context: NodeContext, rank: number): readonly number[] {
  const given = requiredList(context, 1)
  const axes = (listOperand(context, 3) ?? Array.from({ length: rank }, (_, axis) => axis)).map((axis) =>
    normalizeAxis(axis, rank),
  )
  if (given.length !== 2 * axes.length || given.some((pad) => pad < 0)) {
    refuse(
      'OnnxShapeInvalid',
      `pads [${given.join(', ')}] must have ${2 * axes.length} entries, none negative: use Slice to crop`,
    )
  }
  const pads = new Array<number>(2 * rank).fill(0)
  axes.forEach((axis, i) => {
    pads[axis] = given[i] as number
    pads[rank + axis] = given[axes.length + i] as number
  })
  return pads
}

/** Pads with the tensor's own lanes, one axis after the other: the last one again, or those before it mirrored. */
function padFromInside(context: NodeContext, mode: 'edge' | 'reflect'): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const pads = padsOperand(context, shape.length)
  return shape.reduce((padded, extent, axis) => {
    const [before, after] = [pads[axis] as number, pads[shape.length + axis] as number]
    const last = extent - 1
    if (mode === 'reflect' && Math.max(before, after) > last)
      refuse('OnnxShapeInvalid', `axis ${axis} of ${extent} lanes mirrors ${last} at most: pad less`)
    if (before + after === 0) return padded
    const inside = (at: number) =>
      mode === 'edge' ? Math.min(Math.max(at, 0), last) : last - Math.abs(last - Math.abs(at))
    return pickLanes(context, padded, axis, before + extent + after, (i) => inside(i - before))
  }, x)
}

/** Concat along one axis. */
export function importConcat(context: NodeContext): Tracked {
  const sources = context.node.inputs.map((_, index) => requireSource(context, index))
  const tensors = align(context, sources)
  const [first] = tensors as [Tracked]
  const axis = attribute(context.node, 'axis', 'int') ?? refuse('OnnxMalformed', 'attribute axis is missing')
  const at = normalizeAxis(axis, factsOf(context, first).shape.length)
  return emit(context, { kind: 'concat', inputs: tensors.map((tensor) => tensor.id), axis: at }, first)
}

/** Expand to the broadcast of its own and a constant shape. */
export function importExpand(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const own = factsOf(context, x).shape
  const shape = broadcastShapes(own, requiredList(context, 1))
  return shapeEquals(shape, own) ? x : emit(context, { kind: 'expand', inputs: [x.id], shape }, x)
}

/** Gather along one axis, at integer indices proven to lie inside; constant ones may count from the back. */
export function importGather(context: NodeContext): Tracked {
  const [table, indices] = [operand(context, 0), operand(context, 1)]
  if (indices.dtype.float) refuse('OnnxUnsupported', `indices are ${indices.dtype.name}: cast them to int64`)
  const { shape } = factsOf(context, table)
  const axis = normalizeAxis(attribute(context.node, 'axis', 'int') ?? 0, shape.length)
  const fromFront = countFromFront(context, indices, shape[axis] as number)
  return emit(context, { kind: 'lookup', inputs: [fromFront.id, table.id], axis }, table)
}

/** GatherElements along one axis, at indices as for Gather; what the indices do not reach on other axes is cut off. */
export function importGatherElements(context: NodeContext): Tracked {
  const [data, indices] = [operand(context, 0), operand(context, 1)]
  if (indices.dtype.float) refuse('OnnxUnsupported', `indices are ${indices.dtype.name}: cast them to int64`)
  const { shape } = factsOf(context, data)
  const axis = normalizeAxis(attribute(context.node, 'axis', 'int') ?? 0, shape.length)
  const reach = factsOf(context, indices).shape
  if (reach.length !== shape.length || reach.some((extent, i) => i !== axis && extent > (shape[i] as number))) {
    refuse('OnnxShapeInvalid', `indices ${shapeText(reach)} reach beyond ${shapeText(shape)}`)
  }
  const table = cutTo(context, data, reach.with(axis, shape[axis] as number))
  const fromFront = countFromFront(context, indices, shape[axis] as number)
  return emit(context, { kind: 'gather-elements', inputs: [fromFront.id, table.id], axis }, data)
}

/** Lanes along an axis: `count` of them, each from a constant place. @throws ImportError `OnnxTooLarge`. */
export function pickLanes(
  context: NodeContext,
  x: Tracked,
  axis: number,
  count: number,
  place: (index: number) => number,
): Tracked {
  if (count > MAX_PICKED) refuse('OnnxTooLarge', `picks ${count} lanes along axis ${axis}: at most ${MAX_PICKED}`)
  const places = Array.from({ length: count }, (_, index) => place(index))
  const indices = constantTensor(context, [count], places, INT64)
  return addUnchecked(context, { kind: 'lookup', inputs: [indices.id, x.id], axis }, x)
}

/** The first lanes along each axis. */
function cutTo(context: NodeContext, tensor: Tracked, sizes: Shape): Tracked {
  if (shapeEquals(factsOf(context, tensor).shape, sizes)) return tensor
  const op = {
    kind: 'slice',
    inputs: [tensor.id],
    starts: sizes.map(() => 0),
    sizes,
    steps: sizes.map(() => 1),
  } as const
  return addUnchecked(context, op, tensor)
}

function countFromFront(context: NodeContext, indices: Tracked, extent: number): Tracked {
  const { constant, lo } = factsOf(context, indices)
  if (!constant || lo >= 0) return indices
  const lanes = Float64Array.from(constant.data, (index) => (index < 0 ? index + extent : index))
  return { ...indices, id: context.builder.addConstant(constant.shape, lanes) }
}

/** A list of integers that must be there. @throws ImportError. */
export function requiredList(context: NodeContext, index: number): number[] {
  return listOperand(context, index) ?? refuse('OnnxGraphInvalid', `operand ${index} is missing`)
}
