import type { Shape, ValueId } from '../graph.ts'
import { shapeEquals, shapeText } from '../tensor-data.ts'
import { align } from './align.ts'
import { attribute, flag } from './attributes.ts'
import { type Dtype, dtypeOf } from './dtypes.ts'
import { refuse } from './import-error.ts'
import {
  addUnchecked,
  emit,
  factsOf,
  type NodeContext,
  operand,
  relabel,
  requireBudget,
  requireSameType,
  reshapeTo,
  type Source,
  type Tracked,
} from './node-context.ts'
import { readWindow } from './windows.ts'

/** MatMul, of operands with one axis too, as NumPy defines it. */
export function importMatMul(context: NodeContext): Tracked {
  return product(context, operand(context, 0), operand(context, 1))
}

/** Gemm: `alpha · A' · B' + beta · C`, where alpha and beta are powers of two. */
export function importGemm(context: NodeContext): Tracked {
  const a = transposeIf(context, operand(context, 0), flag(context.node, 'transA', false))
  const b = transposeIf(context, operand(context, 1), flag(context.node, 'transB', false))
  const scaled = scale(product(context, a, b), context, 'alpha')
  const bias = context.source(2)
  return bias ? addBias(context, scaled, scale(context.track(bias), context, 'beta')) : scaled
}

/** Conv, with its bias. */
export function importConv(context: NodeContext): Tracked {
  const [x, weights] = [operand(context, 0), operand(context, 1)]
  const result = convolution(context, x, weights)
  const bias = context.source(2)
  return bias
    ? addBias(context, result, perChannel(context, context.track(bias), 1, factsOf(context, result).shape))
    : result
}

/** MatMulInteger: bytes less their zero points, summed in int32. */
export function importMatMulInteger(context: NodeContext): Tracked {
  const [a, b] = [operand(context, 0), operand(context, 1)]
  const aRank = factsOf(context, a).shape.length
  const aZero = zeroPoint(context, 2, a, Math.max(aRank - 2, 0))
  const bZero = zeroPoint(context, 3, b, factsOf(context, b).shape.length - 1)
  return product(context, lessZeroPoint(context, a, aZero), lessZeroPoint(context, b, bZero))
}

/** ConvInteger: bytes less their zero points, summed in int32; padding counts as the zero point. */
export function importConvInteger(context: NodeContext): Tracked {
  const [x, weights] = [operand(context, 0), operand(context, 1)]
  const centred = lessZeroPoint(context, x, zeroPoint(context, 2, x, 1))
  return convolution(context, centred, lessZeroPoint(context, weights, zeroPoint(context, 3, weights, 0)))
}

function product(context: NodeContext, a: Tracked, b: Tracked): Tracked {
  requireSameType(a, b)
  const [aShape, bShape] = [factsOf(context, a).shape, factsOf(context, b).shape]
  const left = aShape.length === 1 ? reshapeTo(context, a, [1, ...aShape]) : a
  const right = bShape.length === 1 ? reshapeTo(context, b, [...bShape, 1]) : b
  const like = { dtype: a.dtype, frac: a.frac + b.frac }
  const result = emit(context, { kind: 'matmul', inputs: [left.id, right.id] }, like)
  const { shape } = factsOf(context, result)
  const dropped = [
    ...shape.slice(0, -2),
    ...(left === a ? shape.slice(-2, -1) : []),
    ...(right === b ? shape.slice(-1) : []),
  ]
  return reshapeTo(context, result, dropped)
}

function convolution(context: NodeContext, x: Tracked, weights: Tracked): Tracked {
  requireSameType(x, weights)
  const kernel = factsOf(context, weights).shape.slice(2)
  const declared = attribute(context.node, 'kernel_shape', 'ints') ?? kernel
  if (!shapeEquals(declared, kernel)) {
    refuse('OnnxShapeInvalid', `kernel_shape is ${shapeText(declared)}, the weights have ${shapeText(kernel)}`)
  }
  const window = readWindow(context.node, factsOf(context, x).shape.slice(2), kernel)
  const groups = attribute(context.node, 'group', 'int') ?? 1
  const like = { dtype: x.dtype, frac: x.frac + weights.frac }
  if (sumsChannels(context, x, weights, groups))
    return emit(context, { kind: 'sum-pool', inputs: [x.id], kernel, ...window }, like)
  return emit(context, { kind: 'conv', inputs: [x.id, weights.id], groups, ...window }, like)
}

/** Whether a convolution of each channel by itself has ones for weights: the sum over a window, which needs no products. */
function sumsChannels(context: NodeContext, x: Tracked, weights: Tracked, groups: number): boolean {
  const { constant, lo, hi, shape } = factsOf(context, weights)
  const [outChannels, groupChannels] = shape
  if (constant === undefined || lo !== 1 || hi !== 1 || groupChannels !== 1) return false
  return groups === outChannels && groups === factsOf(context, x).shape[1]
}

/** Adds a bias to a sum of products. Runtimes may add it before, after or amid the products, so it counts towards the partial sums. */
export function addBias(context: NodeContext, sum: Tracked, bias: Tracked): Tracked {
  requireSameType(sum, bias)
  const [a, b] = align(context, [sum, bias]) as [Tracked, Tracked]
  const { lo, hi } = factsOf(context, b)
  const { accumulation = 0, shape } = factsOf(context, sum)
  const reach = accumulation * 2 ** (a.frac - sum.frac) + Math.max(hi, -lo)
  requireBudget({ lo: 0, hi: 0, accumulation: reach }, sum.dtype)
  const result = emit(context, { kind: 'add', inputs: [a.id, b.id] }, a)
  const biased = factsOf(context, result).shape
  if (!shapeEquals(biased, shape))
    refuse('OnnxShapeInvalid', `the bias widens ${shapeText(shape)} to ${shapeText(biased)}`)
  return result
}

/** Multiplies by a float attribute that must be a power of two. */
function scale(tensor: Tracked, context: NodeContext, name: string): Tracked {
  const factor = attribute(context.node, name, 'float') ?? 1
  const exponent = Math.round(Math.log2(factor))
  if (2 ** exponent !== factor || (exponent !== 0 && !tensor.dtype.float)) {
    refuse('OnnxInexact', `attribute ${name} is ${factor}: only powers of two are exact, and only in floats`)
  }
  return relabel(tensor, { frac: tensor.frac - exponent })
}

/** A zero point as int32, shaped to broadcast along `axis` of the tensor that it belongs to. */
function zeroPoint(context: NodeContext, index: number, tensor: Tracked, axis: number): Tracked | undefined {
  const source: Source | undefined = context.source(index)
  if (!source) return undefined
  const zero = context.track(source)
  requireSameType(tensor, zero)
  return perChannel(context, zero, axis, factsOf(context, tensor).shape)
}

function lessZeroPoint(context: NodeContext, tensor: Tracked, zero: Tracked | undefined): Tracked {
  if (tensor.dtype.float || tensor.dtype.bytes !== 1)
    refuse('OnnxUnsupported', `multiplies ${tensor.dtype.name}: needs int8 or uint8`)
  const int32 = dtypeOf(6) as Dtype
  const wide = relabel(tensor, { dtype: int32 })
  if (!zero) return wide
  const centred = withoutOffset(context, tensor, zero)
  if (centred !== undefined) return { ...wide, id: centred }
  return emit(context, { kind: 'sub', inputs: [tensor.id, zero.id] }, wide)
}

/** The value to which a tensor adds just this zero point, so that its bytes are unsigned; undefined where it adds none. */
function withoutOffset({ builder }: NodeContext, tensor: Tracked, zero: Tracked): ValueId | undefined {
  const op = builder.opOf(tensor.id)
  if (op?.kind !== 'add') return undefined
  const [x, offset] = op.inputs
  const added = builder.value(offset).constant?.data
  const subtracted = builder.value(zero.id).constant?.data
  return added?.length === 1 && subtracted?.length === 1 && added[0] === subtracted[0] ? x : undefined
}

/** A scalar as it is, a list `[n]` shaped to broadcast along `axis` of `shape`. */
export function perChannel(context: NodeContext, list: Tracked, axis: number, shape: Shape): Tracked {
  const own = factsOf(context, list).shape
  if (own.length === 0 || (own.length === 1 && own[0] === 1)) return reshapeTo(context, list, [])
  if (own.length !== 1 || own[0] !== shape[axis]) {
    refuse('OnnxShapeInvalid', `${shapeText(own)} does not give one value for each of ${shape[axis]} channels`)
  }
  return reshapeTo(
    context,
    list,
    shape.map((extent, i) => (i === axis ? extent : 1)),
  )
}

function transposeIf(context: NodeContext, tensor: Tracked, transposed: boolean): Tracked {
  const { length } = factsOf(context, tensor).shape
  if (length !== 2) refuse('OnnxShapeInvalid', `operands of Gemm have two axes, not ${length}`)
  return transposed
    ? addUnchecked(context, { kind: 'transpose', inputs: [tensor.id], permutation: [1, 0] }, tensor)
    : tensor
}
