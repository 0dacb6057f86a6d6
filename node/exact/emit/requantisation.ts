import type { Bounds, CheckedGraph, ConvOp, GraphConstant, MatmulOp, Op, ValueFacts, ValueId } from '../graph.ts'
import { boundsOf, shapeSize } from '../tensor-data.ts'
import { type BytePair, bytePair } from './byte-operands.ts'
import { FLOAT32_BUDGET, INT32_BUDGET, magnitude } from './dtypes.ts'
import { alignShape } from './layouts.ts'

/**
 * A contraction of bytes, with an optional constant bias a channel, a half-even right shift and a clip to 8 bits: what
 * ONNX Runtime's quantised kernels compute in one pass. Only the clip's result is read by anything else.
 */
export interface Requantisation {
  readonly contraction: ConvOp | MatmulOp
  /** Lanes of the bias, one for each output channel. */
  readonly bias: readonly number[]
  readonly bits: number
  readonly pair: BytePair
  /** Zero point of the result, stored as u8. */
  readonly offset: number
  /** Whether the result needs a clip of its own: u8 saturates beyond the graph's clip. */
  readonly clips: boolean
  /** Op indices that are computed together; the clip is last. */
  readonly ops: readonly number[]
}

/** The kernels scale by a float32, which int32 accumulators up to 2^24 enter exactly. */
const EXACT_SCALE_BUDGET = FLOAT32_BUDGET
/** Greater accumulators round on the way to float32, but shifted by at most this they are far beyond any 8-bit clip. */
const SATURATING_SHIFT_BITS = 15

/** Every {@link Requantisation} of the graph that is exact, by the index of each op that it takes in. */
export function findRequantisations(checked: CheckedGraph): ReadonlyMap<number, Requantisation> {
  const readers = countReaders(checked)
  const found = new Map<number, Requantisation>()
  checked.graph.ops.forEach((_, index) => {
    const requantisation = matchRequantisation(checked, readers, index)
    for (const op of requantisation?.ops ?? []) found.set(op, requantisation as Requantisation)
  })
  return found
}

/** Matches clip ← shift-right ← [add of a constant] ← contraction, from the clip backwards. */
function matchRequantisation(
  checked: CheckedGraph,
  readers: ReadonlyMap<ValueId, number>,
  clipIndex: number,
): Requantisation | undefined {
  const { graph, values } = checked
  const firstOp = graph.inputs.length + graph.constants.length
  const onlyReader = (id: ValueId): Op | undefined => (readers.get(id) === 1 ? graph.ops[id - firstOp] : undefined)
  const clip = graph.ops[clipIndex]
  if (clip?.kind !== 'clip') return undefined
  const [shifted] = clip.inputs
  const shift = onlyReader(shifted)
  if (shift?.kind !== 'shift-right' || shift.rounding !== 'half-even') return undefined
  const [sum] = shift.inputs
  const added = matchBias(checked, onlyReader, sum)
  const product = added?.product ?? sum
  const contraction = onlyReader(product)
  if (contraction?.kind !== 'conv' && contraction?.kind !== 'matmul') return undefined
  const bias = biasLanes(added?.bias, contraction, values[product] as ValueFacts)
  const pair = weightPair(checked, contraction)
  if (bias === undefined || pair === undefined) return undefined
  if (!accumulatesExactly(checked, contraction, pair, bias, values[sum] as ValueFacts, shift.bits)) return undefined
  const stored = storedResult(values[firstOp + clipIndex] as ValueFacts, values[shifted] as ValueFacts)
  if (stored === undefined) return undefined
  const ids = added === undefined ? [product, shifted] : [product, sum, shifted]
  return { contraction, bias, bits: shift.bits, pair, ...stored, ops: [...ids.map((id) => id - firstOp), clipIndex] }
}

/** An add of a constant that makes `sum`. */
function matchBias(
  { graph }: CheckedGraph,
  onlyReader: (id: ValueId) => Op | undefined,
  sum: ValueId,
): { readonly product: ValueId; readonly bias: GraphConstant } | undefined {
  const add = onlyReader(sum)
  if (add?.kind !== 'add') return undefined
  const constantOf = (id: ValueId): GraphConstant | undefined => graph.constants[id - graph.inputs.length]
  const [a, b] = add.inputs
  const [left, right] = [constantOf(a), constantOf(b)]
  if (right !== undefined) return { product: a, bias: right }
  return left === undefined ? undefined : { product: b, bias: left }
}

/** One lane of bias for each output channel; undefined when the constant varies along another axis or grows the result. */
function biasLanes(
  bias: GraphConstant | undefined,
  contraction: ConvOp | MatmulOp,
  product: ValueFacts,
): readonly number[] | undefined {
  const rank = product.shape.length
  const axis = contraction.kind === 'conv' ? 1 : rank - 1
  const channels = product.shape[axis] ?? 1
  if (bias === undefined) return new Array<number>(channels).fill(0)
  const shape = alignShape(bias.shape, rank)
  const varies = shape.length > rank || shape.some((extent, i) => extent !== 1 && i !== axis)
  if (varies) return undefined
  return Array.from({ length: channels }, (_, i) => bias.data[bias.data.length === 1 ? 0 : i] ?? 0)
}

/** The operand types of a contraction with constant weights, where u8 × s8 is exact on every CPU. */
function weightPair({ graph, values }: CheckedGraph, contraction: ConvOp | MatmulOp): BytePair | undefined {
  const [input, weights] = contraction.inputs
  if (graph.constants[weights - graph.inputs.length] === undefined) return undefined
  const { lo, hi } = values[input] as ValueFacts
  const facts = values[weights] as ValueFacts
  if (contraction.kind === 'matmul' && facts.shape.length !== 2) return undefined
  const withPadding: Bounds = contraction.kind === 'conv' ? { lo: Math.min(lo, 0), hi: Math.max(hi, 0) } : { lo, hi }
  const pair = bytePair(withPadding, facts, fanInOf(contraction, facts))
  return pair?.kernel === 'u8s8' ? pair : undefined
}

/** Whether sums, bias included, fit int32, and survive the scaling by 2^−bits in float32. */
function accumulatesExactly(
  checked: CheckedGraph,
  contraction: ConvOp | MatmulOp,
  { left, right }: BytePair,
  bias: readonly number[],
  sum: Bounds,
  bits: number,
): boolean {
  const fanIn = fanInOf(contraction, checked.values[contraction.inputs[1]] as ValueFacts)
  const products = fanIn * Math.max(left.maxStored, left.offset) * right.maxStored
  if (products + magnitude(boundsOf(bias)) > INT32_BUDGET) return false
  return magnitude(sum) <= EXACT_SCALE_BUDGET || bits <= SATURATING_SHIFT_BITS
}

/** How the clipped result is stored as u8, or undefined when it does not fit. */
function storedResult(out: Bounds, shifted: Bounds): { readonly offset: number; readonly clips: boolean } | undefined {
  const offset = Math.max(0, -out.lo)
  if (offset > 255 || out.hi + offset > 255) return undefined
  const above = shifted.hi > out.hi && out.hi + offset < 255
  const below = shifted.lo < out.lo && out.lo + offset > 0
  return { offset, clips: above || below }
}

function fanInOf(contraction: ConvOp | MatmulOp, weights: ValueFacts): number {
  return contraction.kind === 'conv' ? shapeSize(weights.shape.slice(1)) : (weights.shape[0] ?? 1)
}

/** How often each value is read, by ops and as an output. */
function countReaders({ graph }: CheckedGraph): ReadonlyMap<ValueId, number> {
  const readers = new Map<ValueId, number>()
  const reads = [...graph.ops.flatMap((op) => [...op.inputs]), ...graph.outputs.map(({ value }) => value)]
  for (const id of reads) readers.set(id, (readers.get(id) ?? 0) + 1)
  return readers
}
