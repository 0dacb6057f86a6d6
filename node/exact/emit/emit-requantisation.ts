import type { ConvOp, MatmulOp, Shape, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import type { EmitContext } from './emit-context.ts'
import { patchWeights, unfold } from './emit-conv.ts'
import type { KernelName } from './kernel-names.ts'
import { type Layout, layoutShape } from './layouts.ts'
import type { Requantisation } from './requantisation.ts'

/**
 * Emits a contraction with its requantisation: one QLinearConv, QGemm or QLinearMatMul where the result is bytes; QGemm or
 * MatMulIntegerToFloat, then Round and Clip, where it is wider. Their scales are integers times a power of two, so that the
 * kernel's float32 product is exact and its rounding, to nearest with ties to even, is the graph's.
 * @param out the value of the last op that is taken in. @returns the kernel's name.
 */
export function emitRequantisation(context: EmitContext, found: Requantisation, out: ValueId): KernelName {
  const { contraction, weights, pair, result } = found
  const isBytes = result.width === 'byte'
  if (contraction.kind === 'conv') {
    if (isBytes) define(context, found, out, 'channels-last', quantisedConv(context, found, contraction))
    else define(context, found, out, 'channels-last', unfoldedConv(context, found, contraction, out))
    return `${isBytes ? 'qlinear-conv' : 'im2col-qgemm-float32'}-${pair.kernel}`
  }
  if (weights === undefined) {
    define(context, found, out, 'plain', activationProduct(context, found, contraction))
    return `${isBytes ? 'qlinear-matmul' : 'matmul-integer-to-float'}-${pair.kernel}`
  }
  const [left, right] = matmulOperands(context, found, contraction)
  define(context, found, out, 'plain', gemm(context, found, left, right, context.values.facts(out).shape))
  return `${isBytes ? 'qgemm' : 'qgemm-float32'}-${pair.kernel}`
}

function quantisedConv(context: EmitContext, found: Requantisation, conv: ConvOp): string {
  const { model, values } = context
  const { pair, biases } = found
  const [input, weights] = conv.inputs
  const scales = scaleNames(context, found)
  const { strides, dilations, pads, groups } = conv
  const kernel = values.facts(weights).shape.slice(2)
  const operands = [
    values.operand(input, { ...pair.left, layout: 'channels-last' }),
    scales.one,
    scales.leftZero,
    values.operand(weights, { ...pair.right, layout: 'plain' }),
    scales.factors,
    scales.rightZero,
    scales.output,
    scales.outputZero,
    model.constant('int32', [biases.length], biases),
  ]
  const attributes = { channels_last: 1, kernel_shape: kernel, strides, dilations, pads, group: groups }
  return model.node('QLinearConv', operands, { domain: 'com.microsoft', attributes })
}

/** A convolution as a product of its input's windows, which alone has kernels with float32 results. */
function unfoldedConv(context: EmitContext, found: Requantisation, conv: ConvOp, out: ValueId): string {
  const { values } = context
  const { left, right } = found.pair
  const weights = conv.inputs[1]
  const patches = unfold(context, { op: conv, out }, left.dtype, left.offset)
  const layout = { ...patchWeights(values.facts(weights).shape), offset: right.offset }
  const matrix = values.weight(weights, right.dtype, layout)
  return gemm(context, found, patches, matrix, layoutShape(values.facts(out).shape, 'channels-last'))
}

/** QGemm: all rows of `left` × a matrix of constant weights, with biases. @param shape of the result. */
function gemm(context: EmitContext, found: Requantisation, left: string, right: string, shape: Shape): string {
  const { model } = context
  const { contraction, biases, result } = found
  const columns = biases.length
  const depth = shapeSize(context.values.facts(contraction.inputs[1]).shape) / columns
  const isMatrix = contraction.kind === 'matmul' && shape.length === 2
  const scales = scaleNames(context, found)
  const operands = [
    isMatrix ? left : model.reshape(left, [shapeSize(shape) / columns, depth]),
    scales.one,
    scales.leftZero,
    right,
    result.width === 'byte' ? scales.factors : scales.shiftedFactors,
    scales.rightZeros,
    model.constant('int32', [columns], biases),
    ...(result.width === 'byte' ? [scales.output, scales.outputZero] : []),
  ]
  const product = model.node('QGemm', operands, { domain: 'com.microsoft' })
  return isMatrix ? product : model.reshape(product, shape)
}

function activationProduct(context: EmitContext, found: Requantisation, contraction: MatmulOp): string {
  const { model } = context
  const [left, right] = matmulOperands(context, found, contraction)
  const scales = scaleNames(context, found)
  if (found.result.width === 'byte') {
    const operands = [left, scales.one, scales.leftZero, right, scales.factors, scales.rightZero]
    return model.node('QLinearMatMul', [...operands, scales.output, scales.outputZero])
  }
  const operands = [left, right, scales.one, scales.shiftedFactors, scales.leftZero, scales.rightZero]
  return model.node('MatMulIntegerToFloat', operands, { domain: 'com.microsoft' })
}

function matmulOperands({ values }: EmitContext, { pair }: Requantisation, { inputs }: MatmulOp): [string, string] {
  const [left, right] = inputs
  return [
    values.operand(left, { ...pair.left, layout: 'plain' }),
    values.operand(right, { ...pair.right, layout: 'plain' }),
  ]
}

/** Scales and zero points. Equal factors become one scale; QGemm wants as many zero points as scales. */
function scaleNames({ model }: EmitContext, { pair, factors, bits, result }: Requantisation) {
  const [first = 1] = factors
  const isOne = factors.every((factor) => factor === first)
  const scaleOf = (unit: number) =>
    isOne
      ? model.scalar('float32', first * unit)
      : model.constant(
          'float32',
          [factors.length],
          factors.map((factor) => factor * unit),
        )
  const { left, right } = pair
  return {
    one: model.scalar('float32', 1),
    leftZero: model.scalar('uint8', left.offset),
    rightZero: model.scalar(right.dtype, right.offset),
    /** Scales by which the stored output scale still has to be divided. */
    get factors() {
      return scaleOf(1)
    },
    get shiftedFactors() {
      return scaleOf(2 ** -bits)
    },
    get rightZeros() {
      if (isOne) return model.scalar(right.dtype, right.offset)
      return model.constant(right.dtype, [factors.length], new Array(factors.length).fill(right.offset))
    },
    output: model.scalar('float32', 2 ** bits),
    outputZero: model.scalar('uint8', result.width === 'byte' ? result.offset : 0),
  }
}

/** Records what a kernel yielded as the result, clipped where its own saturation is wider than the graph's clip. */
function define(context: EmitContext, found: Requantisation, out: ValueId, layout: Layout, computed: string): void {
  const { model, values } = context
  const { result } = found
  const { lo, hi } = values.facts(out)
  const [dtype, offset] = result.width === 'byte' ? (['uint8', result.offset] as const) : (['float32', 0] as const)
  const rounded = result.width === 'byte' ? computed : model.node('Round', [computed])
  const range = [model.scalar(dtype, lo + offset), model.scalar(dtype, hi + offset)]
  values.define(out, { dtype, layout, offset }, result.clips ? model.node('Clip', [rounded, ...range]) : rounded)
}
