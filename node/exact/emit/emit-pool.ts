import type { PoolOp } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { dtypeHolds, FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import { accumulationOf, type EmitContext, type EmitTask } from './emit-context.ts'
import { gatherWindows, padSpatial, type Windowed, type Windowing } from './im2col.ts'
import type { KernelName } from './kernel-names.ts'

/** Sum over windows: a depthwise Conv with ones in float32 within 2^24, else gathered windows and ReduceSum in float64. */
export function emitSumPool(context: EmitContext, task: EmitTask<PoolOp>): KernelName {
  const { model, values } = context
  const { inputs, kernel, strides, dilations, pads } = task.op
  const [input] = inputs
  const facts = values.facts(input)
  if (Math.max(accumulationOf(context, task), magnitude(facts)) > FLOAT32_BUDGET || context.kernelSet === 'matmul') {
    return emitGatheredPool(context, task, 'ReduceSum', 0)
  }
  const form = { dtype: 'float32', layout: 'plain' } as const
  const [, channels = 1] = facts.shape
  const ones = model.constant('float32', [channels, 1, ...kernel], new Uint8Array(channels * shapeSize(kernel)).fill(1))
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: channels }
  values.define(task.out, form, model.node('Conv', [values.operand(input, form), ones], { attributes }))
  return 'depthwise-conv-float32'
}

/**
 * Maximum over windows: NhwcMaxPool on bytes that lie channels-last, else MaxPool in float32 within 2^24 or in float64;
 * gathered windows and ReduceMax where a pad reaches the kernel's extent, which MaxPool refuses.
 */
export function emitMaxPool(context: EmitContext, task: EmitTask<PoolOp>): KernelName {
  const { model, values } = context
  const { inputs, kernel, strides, dilations, pads } = task.op
  const [input] = inputs
  const facts = values.facts(input)
  if (pads.some((pad, i) => pad >= (kernel[i % kernel.length] ?? 1))) {
    return emitGatheredPool(context, task, 'ReduceMax', facts.lo)
  }
  const attributes = { kernel_shape: kernel, strides, dilations, pads }
  const offset = Math.max(0, -facts.lo)
  const bytes = dtypeHolds('uint8', { lo: facts.lo + offset, hi: facts.hi + offset }) && offset <= 255
  if (context.kernelSet === 'fast' && bytes && values.isChannelsLast(input) && kernel.length === 2) {
    // The result has the same bounds, hence the same offset; a maximum is the same on elements all shifted alike.
    const form = { dtype: 'uint8', layout: 'channels-last', offset } as const
    const options = { attributes, domain: 'com.microsoft' }
    values.define(task.out, form, model.node('NhwcMaxPool', [values.operand(input, form)], options))
    return 'nhwc-max-pool-uint8'
  }
  const dtype = magnitude(facts) <= FLOAT32_BUDGET ? 'float32' : 'float64'
  const form = { dtype, layout: 'plain' } as const
  values.define(task.out, form, model.node('MaxPool', [values.operand(input, form)], { attributes }))
  return `max-pool-${dtype}`
}

/** Any pooling in float64: `[n, c, positions, taps]` reduced over the taps. Padding lanes hold `padValue`. */
function emitGatheredPool(
  context: EmitContext,
  task: EmitTask<PoolOp>,
  opType: 'ReduceSum' | 'ReduceMax',
  padValue: number,
): KernelName {
  const { model, values } = context
  const [input] = task.op.inputs
  const { shape } = values.facts(input)
  const out = values.facts(task.out).shape
  const form = { dtype: 'float64', layout: 'plain' } as const
  const source: Windowed = { tensor: values.operand(input, form), shape, dtype: 'float64', firstSpatialAxis: 2 }
  const windowing: Windowing = {
    window: task.op,
    kernel: task.op.kernel,
    spatial: shape.slice(2),
    outSpatial: out.slice(2),
  }
  const windows = gatherWindows(context, padSpatial(context, source, windowing, padValue), windowing)
  const reduced = model.node(opType, [windows, model.int64s([3])], { attributes: { keepdims: 0 } })
  values.define(task.out, form, model.reshape(reduced, out))
  return opType === 'ReduceSum' ? 'gather-sum-float64' : 'gather-max-float64'
}
