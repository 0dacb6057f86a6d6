import type { Shape, Window } from '../graph.ts'
import { shapeSize, shapeText } from '../tensor-data.ts'
import { attribute, flag, requireAttribute } from './attributes.ts'
import { normalizeAxes } from './axes.ts'
import { refuse } from './import-error.ts'
import { emit, factsOf, listOperand, type NodeContext, operand, relabel, type Tracked } from './node-context.ts'
import { readWindow } from './windows.ts'

/** MaxPool, without indices. */
export function importMaxPool(context: NodeContext): Tracked {
  const { x, window, kernel } = pooling(context)
  const pads = flag(context.node, 'ceil_mode', false) ? padsForPartWindows(context, x, window, kernel) : window.pads
  return emit(context, { kind: 'max-pool', inputs: [x.id], kernel, ...window, pads }, x)
}

/** AveragePool, where every window divides by the same power of two: a sum and a move of frac. */
export function importAveragePool(context: NodeContext): Tracked {
  requireAttribute(context.node, 'ceil_mode', 'int', 0)
  const { x, window, kernel } = pooling(context)
  if (window.pads.some((pad) => pad > 0) && !flag(context.node, 'count_include_pad', false)) {
    refuse('OnnxInexact', 'windows at the edge divide by other counts: set count_include_pad, or pad before')
  }
  const sum = emit(context, { kind: 'sum-pool', inputs: [x.id], kernel, ...window }, x)
  return divideByCount(sum, shapeSize(kernel))
}

/** GlobalMaxPool. */
export function importGlobalMaxPool(context: NodeContext): Tracked {
  const { x, axes } = spatialAxes(context)
  return emit(context, { kind: 'reduce-max', inputs: [x.id], axes, keepDims: true }, x)
}

/** GlobalAveragePool over a power of two of lanes. */
export function importGlobalAveragePool(context: NodeContext): Tracked {
  const { x, axes } = spatialAxes(context)
  const sum = emit(context, { kind: 'reduce-sum', inputs: [x.id], axes, keepDims: true }, x)
  return divideByCount(sum, shapeSize(factsOf(context, x).shape.slice(2)))
}

/** ReduceSum, ReduceMax and ReduceMin. @param axesInput the operator set from which axes are an operand, not an attribute. */
export function importReduce(
  context: NodeContext,
  kind: 'reduce-sum' | 'reduce-max' | 'reduce-min',
  axesInput: number,
): Tracked {
  const { node, opset } = context
  const x = operand(context, 0)
  const rank = factsOf(context, x).shape.length
  const given = (opset >= axesInput ? listOperand(context, 1) : attribute(node, 'axes', 'ints')) ?? []
  if (given.length === 0 && flag(node, 'noop_with_empty_axes', false)) return x
  const axes = given.length > 0 ? normalizeAxes(given, rank) : Array.from({ length: rank }, (_, axis) => axis)
  if (axes.length === 0) return x
  return emit(context, { kind, inputs: [x.id], axes, keepDims: flag(node, 'keepdims', true) }, x)
}

/** Pads with which windows that reach over the end are whole. One that would hold padding alone is refused by the op. */
function padsForPartWindows(context: NodeContext, x: Tracked, { strides, dilations, pads }: Window, kernel: Shape) {
  requireAttribute(context.node, 'auto_pad', 'string', 'NOTSET')
  const spatial = factsOf(context, x).shape.slice(2)
  const after = spatial.map((extent, axis) => {
    const [stride, pad] = [strides[axis] as number, pads[spatial.length + axis] as number]
    const span = ((kernel[axis] as number) - 1) * (dilations[axis] as number) + 1
    const beyondFirst = extent + (pads[axis] as number) + pad - span
    return pad + Math.ceil(beyondFirst / stride) * stride - beyondFirst
  })
  return [...pads.slice(0, spatial.length), ...after]
}

function pooling(context: NodeContext) {
  const x = operand(context, 0)
  const kernel =
    attribute(context.node, 'kernel_shape', 'ints') ?? refuse('OnnxMalformed', 'attribute kernel_shape is missing')
  return { x, kernel, window: readWindow(context.node, factsOf(context, x).shape.slice(2), kernel) }
}

function spatialAxes(context: NodeContext) {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  if (shape.length < 3) refuse('OnnxShapeInvalid', `${shapeText(shape)} has no spatial axes`)
  return { x, axes: shape.map((_, axis) => axis).slice(2) }
}

function divideByCount(sum: Tracked, count: number): Tracked {
  const bits = Math.round(Math.log2(count))
  if (!sum.dtype.float) refuse('OnnxUnsupported', `averages ${sum.dtype.name}: only floats are averaged`)
  if (2 ** bits !== count)
    refuse('OnnxInexact', `averages ${count} lanes, no power of two: use a Conv with ones, Mul and Round`)
  return relabel(sum, { frac: sum.frac + bits })
}
