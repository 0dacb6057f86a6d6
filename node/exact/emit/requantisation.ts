import type { Bounds, ConvOp, GraphConstant, MatmulOp, Shape, ValueFacts, ValueId } from '../graph.ts'
import { boundsOf, shapeSize } from '../tensor-data.ts'
import { type BytePair, bytePair, storedBytes } from './byte-operands.ts'
import { INT32_BUDGET, magnitude } from './dtypes.ts'
import type { GraphSearch } from './graph-search.ts'
import { channelLanes, channelSums, scalesExactly } from './requantised-channels.ts'

/**
 * A contraction of bytes, `round((sum + bias) · factor / 2^bits)` with a bias and a factor a channel, and a clip: what ONNX
 * Runtime's quantised kernels compute in one pass, or nearly. Nothing else reads what lies between.
 */
export interface Requantisation {
  readonly contraction: ConvOp | MatmulOp
  /** Constant weights, which biases and factors need; undefined for a product of two activations. */
  readonly weights: GraphConstant | undefined
  /** One of each for every output channel; a single factor where there are no constant weights. */
  readonly biases: readonly number[]
  readonly factors: readonly number[]
  readonly bits: number
  readonly pair: BytePair
  readonly result: RequantisedResult
  /** Op indices that are computed together; the one whose value is the result is last. */
  readonly ops: readonly number[]
}

/** How the result is held: as u8 with a zero point, or wider, as float32. `clips`: what the kernel yields still needs the graph's clip. */
export type RequantisedResult =
  | { readonly width: 'byte'; readonly offset: number; readonly clips: boolean }
  | { readonly width: 'wide'; readonly clips: boolean }

/**
 * Matches [clip ←] shift-right ← [mul by constants] ← [add of constants] ← contraction, from the end `out` backwards.
 * @returns the pattern, where its kernel is exact.
 */
export function matchRequantisation(search: GraphSearch, out: ValueId): Requantisation | undefined {
  const { facts } = search
  const last = search.makerOf(out)
  const shifted = last?.kind === 'clip' ? last.inputs[0] : out
  const shift = last?.kind === 'clip' ? search.privateMakerOf(shifted) : last
  if (shift?.kind !== 'shift-right' || shift.rounding !== 'half-even') return undefined
  const [scaled] = shift.inputs
  const factor = search.withFactor(scaled)
  const sum = factor?.operand ?? scaled
  const bias = search.withConstant('add', sum)
  const product = bias?.operand ?? sum
  const contraction = search.privateMakerOf(product)
  if (contraction?.kind !== 'conv' && contraction?.kind !== 'matmul') return undefined
  const weights = search.constant(contraction.inputs[1])
  const pair = operandPair(search, contraction)
  if (pair === undefined) return undefined
  const channels = channelsOf(contraction, weights, facts(product).shape)
  const factors = channels(factor?.constant, 1)
  const biases = channels(bias?.constant, 0)
  if (factors === undefined || biases === undefined) return undefined
  const result = resultOf(facts(out), facts(shifted))
  if (result.width === 'wide' && contraction.kind === 'conv' && contraction.groups > 1) return undefined
  const found = { contraction, weights, biases, factors, bits: shift.bits, pair, result }
  if (!isExact(search, found, facts(out), facts(product))) return undefined
  const ids = [product, sum, scaled, shifted, out]
  return { ...found, ops: [...new Set(ids)].map(search.indexOf) }
}

/** Reads constants as one lane a channel: undefined where they vary otherwise, or vary at all without constant weights. */
function channelsOf(
  contraction: ConvOp | MatmulOp,
  weights: GraphConstant | undefined,
  shape: Shape,
): (constant: GraphConstant | undefined, neutral: number) => readonly number[] | undefined {
  const axis = contraction.kind === 'conv' ? 1 : shape.length - 1
  return (constant, neutral) => {
    if (weights !== undefined) return channelLanes(constant ?? scalar(neutral), shape, axis)
    return constant === undefined || (constant.data.length === 1 && neutral === 1)
      ? [constant?.data[0] ?? neutral]
      : undefined
  }
}

function scalar(value: number): GraphConstant {
  return { shape: [], data: Float64Array.of(value) }
}

/** Operand types for which the contraction is exact on bytes. A convolution needs constant weights; all of a matmul's are one matrix. */
function operandPair({ constant, facts }: GraphSearch, contraction: ConvOp | MatmulOp): BytePair | undefined {
  const [input, weights] = contraction.inputs
  const { lo, hi } = facts(input)
  const right = facts(weights)
  const isConstant = constant(weights) !== undefined
  if (contraction.kind === 'matmul') {
    if (isConstant && right.shape.length !== 2) return undefined
    return constant(input) === undefined ? bytePair({ lo, hi }, right, fanInOf(contraction, right)) : undefined
  }
  const padded = { lo: Math.min(lo, 0), hi: Math.max(hi, 0) }
  return isConstant ? bytePair(padded, right, fanInOf(contraction, right)) : undefined
}

/** Whether sums fit int32, bias included, and are scaled and clipped exactly, channel by channel. */
function isExact(search: GraphSearch, found: Omit<Requantisation, 'ops'>, out: Bounds, product: Bounds): boolean {
  const { contraction, weights, biases, factors, bits, pair, result } = found
  const { left, right } = pair
  const fanIn = fanInOf(contraction, search.facts(contraction.inputs[1]))
  const products = fanIn * Math.max(left.maxStored, left.offset) * Math.max(right.maxStored, right.offset)
  if (products + magnitude(boundsOf(biases)) > INT32_BUDGET) return false
  const { lo, hi } = search.facts(contraction.inputs[0])
  const x = contraction.kind === 'conv' ? { lo: Math.min(lo, 0), hi: Math.max(hi, 0) } : { lo, hi }
  const sums = weights === undefined ? [product] : channelSums(contraction, weights, x)
  const clipReach = result.width === 'byte' ? 255 : magnitude(out)
  return sums.every((sum, channel) => {
    const bias = biases[channel] ?? 0
    return scalesExactly({ lo: sum.lo + bias, hi: sum.hi + bias }, factors[channel] ?? 1, bits, clipReach)
  })
}

/** How the result is stored, once clipped to its bounds. */
function resultOf(out: Bounds, shifted: Bounds): RequantisedResult {
  const bytes = storedBytes(out, shifted)
  if (bytes !== undefined) return { width: 'byte', ...bytes }
  return { width: 'wide', clips: shifted.hi > out.hi || shifted.lo < out.lo }
}

function fanInOf(contraction: ConvOp | MatmulOp, weights: ValueFacts): number {
  return contraction.kind === 'conv' ? shapeSize(weights.shape.slice(1)) : (weights.shape.at(-2) ?? 1)
}
