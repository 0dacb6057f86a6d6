import type { ConvOp, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import type { EmitContext } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import type { Requantisation } from './requantisation.ts'

/**
 * Emits a contraction with its requantisation as one QLinearConv or QGemm. Input and weight scales are 1 and the output
 * scale is 2^bits, so that the kernel's float32 product is exact and its rounding (to nearest, ties to even) is the graph's.
 * @param out the clip's value. @returns the kernel's name.
 */
export function emitRequantisation(context: EmitContext, found: Requantisation, out: ValueId): KernelName {
  const { contraction } = found
  return contraction.kind === 'conv'
    ? emitQuantisedConv(context, found, contraction, out)
    : emitQuantisedMatmul(context, found, out)
}

function emitQuantisedConv(context: EmitContext, found: Requantisation, conv: ConvOp, out: ValueId): KernelName {
  const { model, values } = context
  const [input, weights] = conv.inputs
  const scales = scaleNames(context, found)
  const operands = [
    values.operand(input, { ...found.pair.left, layout: 'channels-last' }),
    scales.one,
    scales.inputZero,
    values.operand(weights, { dtype: 'int8', layout: 'plain' }),
    scales.one,
    scales.weightZero,
    scales.output,
    scales.outputZero,
    model.constant('int32', [found.bias.length], found.bias),
  ]
  const kernel = values.facts(weights).shape.slice(2)
  const { strides, dilations, pads, groups } = conv
  const attributes = { channels_last: 1, kernel_shape: kernel, strides, dilations, pads, group: groups }
  const stored = model.node('QLinearConv', operands, { domain: 'com.microsoft', attributes })
  const form = { dtype: 'uint8', layout: 'channels-last', offset: found.offset } as const
  values.define(out, form, clipStored(context, found, out, stored))
  return 'qlinear-conv-u8s8'
}

function emitQuantisedMatmul(context: EmitContext, found: Requantisation, out: ValueId): KernelName {
  const { model, values } = context
  const [input, weights] = found.contraction.inputs
  const { shape } = values.facts(input)
  const scales = scaleNames(context, found)
  const left = values.operand(input, { ...found.pair.left, layout: 'plain' })
  const operands = [
    shape.length === 2 ? left : model.reshape(left, [shapeSize(shape.slice(0, -1)), shape.at(-1) ?? 1]),
    scales.one,
    scales.inputZero,
    values.operand(weights, { dtype: 'int8', layout: 'plain' }),
    scales.one,
    scales.weightZero,
    model.constant('int32', [found.bias.length], found.bias),
    scales.output,
    scales.outputZero,
  ]
  const product = model.node('QGemm', operands, { domain: 'com.microsoft' })
  const stored = shape.length === 2 ? product : model.reshape(product, values.facts(out).shape)
  const form = { dtype: 'uint8', layout: 'plain', offset: found.offset } as const
  values.define(out, form, clipStored(context, found, out, stored))
  return 'qgemm-u8s8'
}

function scaleNames({ model }: EmitContext, found: Requantisation) {
  return {
    one: model.scalar('float32', 1),
    output: model.scalar('float32', 2 ** found.bits),
    inputZero: model.scalar('uint8', found.pair.left.offset),
    weightZero: model.scalar('int8', 0),
    outputZero: model.scalar('uint8', found.offset),
  }
}

/** The graph's own clip, on stored elements, where it is narrower than what u8 saturates to. */
function clipStored(context: EmitContext, found: Requantisation, out: ValueId, stored: string): string {
  if (!found.clips) return stored
  const { model, values } = context
  const { lo, hi } = values.facts(out)
  const range = [model.scalar('uint8', lo + found.offset), model.scalar('uint8', hi + found.offset)]
  return model.node('Clip', [stored, ...range])
}
