import type { ConvOp } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { bytePair } from './byte-operands.ts'
import { FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import { accumulationOf, type EmitContext, type EmitTask } from './emit-context.ts'
import { matmulInteger } from './emit-matmul.ts'
import { padSpatial, unfoldTaps, type Windowed, type Windowing } from './im2col.ts'
import type { KernelName } from './kernel-names.ts'
import { layoutShape, range } from './layouts.ts'
import type { OnnxDtype } from './onnx-writer.ts'

type FloatDtype = 'float32' | 'float64'
/** A convolution and the value that has the extents of its result. */
type Convolution = Pick<EmitTask<ConvOp>, 'op' | 'out'>

/**
 * Convolution: im2col with MatMulInteger on bytes (measured faster than a float32 Conv at every size tried, 2–3 times at
 * 64 channels), else Conv in float32 within 2^24, else im2col with a MatMul in float64 (in
 * float32, where Conv is not to be used). @returns the kernel's name.
 */
export function emitConv(context: EmitContext, task: EmitTask<ConvOp>): KernelName {
  const mayUseBytes = context.kernelSet === 'fast' && task.op.groups === 1
  const bytes = mayUseBytes ? emitByteConv(context, task) : undefined
  if (bytes !== undefined) return bytes
  const [input, weights] = task.op.inputs.map((id) => magnitude(context.values.facts(id))) as [number, number]
  const dtype = Math.max(accumulationOf(context, task), input, weights) <= FLOAT32_BUDGET ? 'float32' : 'float64'
  if (dtype === 'float32' && context.kernelSet !== 'matmul') return emitFloatConv(context, task)
  return task.op.groups === 1 ? emitUnfoldedConv(context, task, dtype) : emitGroupedConv(context, task, dtype)
}

/** `[n, …positions, taps·c]` bytes × `[taps·c, o]` → channels-last int32. Undefined where bytes would not be exact. */
function emitByteConv(context: EmitContext, task: EmitTask<ConvOp>): KernelName | undefined {
  const { values } = context
  const [input, weights] = task.op.inputs
  const { lo, hi } = values.facts(input)
  const withPadding = { lo: Math.min(lo, 0), hi: Math.max(hi, 0) }
  const { shape } = values.facts(weights)
  const pair = bytePair(withPadding, values.facts(weights), shapeSize(shape.slice(1)))
  if (pair === undefined) return undefined
  const patches = unfold(context, task, pair.left.dtype, pair.left.offset)
  const matrix = values.weight(weights, pair.right.dtype, { ...patchWeights(shape), offset: pair.right.offset })
  const form = { dtype: 'int32', layout: 'channels-last' } as const
  values.define(task.out, form, matmulInteger(context, patches, matrix, pair))
  return `im2col-integer-${pair.kernel}`
}

function emitFloatConv(context: EmitContext, task: EmitTask<ConvOp>): KernelName {
  const { model, values } = context
  const { inputs, strides, dilations, pads, groups } = task.op
  const form = { dtype: 'float32', layout: 'plain' } as const
  const [input, weights] = inputs.map((id) => values.operand(id, form)) as [string, string]
  const kernel = values.facts(inputs[1]).shape.slice(2)
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups }
  values.define(task.out, form, model.node('Conv', [input, weights], { attributes }))
  return 'conv-float32'
}

function emitUnfoldedConv(context: EmitContext, task: EmitTask<ConvOp>, dtype: FloatDtype): KernelName {
  const { model, values } = context
  const weights = task.op.inputs[1]
  const matrix = values.weight(weights, dtype, patchWeights(values.facts(weights).shape))
  const product = model.node('MatMul', [unfold(context, task, dtype, 0), matrix])
  values.define(task.out, { dtype, layout: 'channels-last' }, product)
  return `im2col-${dtype}`
}

/** `[g, o/g, taps·c/g]` × `[n, g, taps·c/g, positions]`: groups are batches of one product, and its result is plain. */
function emitGroupedConv(context: EmitContext, task: EmitTask<ConvOp>, dtype: FloatDtype): KernelName {
  const { model, values } = context
  const { inputs, groups } = task.op
  const weights = values.facts(inputs[1]).shape
  const out = values.facts(task.out).shape
  const [outChannels = 1] = weights
  const fanIn = shapeSize(weights.slice(1))
  const [batch = 1] = out
  const patches = model.reshape(unfold(context, task, dtype, 0), [batch, shapeSize(out.slice(2)), groups, fanIn])
  const matrix = values.weight(inputs[1], dtype, {
    permutation: [0, ...range(2, weights.length), 1],
    shape: [groups, outChannels / groups, fanIn],
  })
  const product = model.node('MatMul', [matrix, model.transpose(patches, [0, 2, 3, 1])])
  values.define(task.out, { dtype, layout: 'plain' }, model.reshape(product, out))
  return `im2col-${dtype}`
}

/** The input's windows side by side: `[n, …positions, taps·c]`, or with groups `[n, …positions, g, taps·c/g]`. */
export function unfold(context: EmitContext, task: Convolution, dtype: OnnxDtype, offset: number): string {
  const { model, values } = context
  const { op } = task
  const [input] = op.inputs
  const { shape } = values.facts(input)
  const [, channels = 1] = shape
  const stored = values.operand(input, { dtype, layout: 'channels-last', offset })
  const lastShape = layoutShape(shape, 'channels-last')
  const grouped = [...lastShape.slice(0, -1), op.groups, channels / op.groups]
  const split: Windowed =
    op.groups === 1
      ? { tensor: stored, shape: lastShape, dtype, firstSpatialAxis: 1 }
      : { tensor: model.reshape(stored, grouped), shape: grouped, dtype, firstSpatialAxis: 1 }
  const windowing = convWindowing(context, task)
  return unfoldTaps(context, padSpatial(context, split, windowing, offset), windowing)
}

function convWindowing(context: EmitContext, task: Convolution): Windowing {
  const { values } = context
  const [input, weights] = task.op.inputs
  return {
    window: task.op,
    kernel: values.facts(weights).shape.slice(2),
    spatial: values.facts(input).shape.slice(2),
    outSpatial: values.facts(task.out).shape.slice(2),
  }
}

/** `[o, c, …kernel]` → `[taps·c, o]`, tap by tap as the patches are. */
export function patchWeights(shape: readonly number[]): { permutation: readonly number[]; shape: readonly number[] } {
  const [outChannels = 1] = shape
  return { permutation: [...range(2, shape.length), 1, 0], shape: [shapeSize(shape.slice(1)), outChannels] }
}
