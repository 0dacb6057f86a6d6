import type { Bounds, Shape, ValueId, Window } from '../../node/exact/graph.ts'
import type { Operand } from '../../node/exact/ops/sums.ts'
import { shapeSize } from '../../node/exact/tensor-data.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { createRandom, type Pick, randomTensor } from './random-source.ts'

/** Ranges that constants, clips and inputs are drawn from: those that kernels and lanes care about, and odd ones. */
export const RANGES: readonly Bounds[] = [
  { lo: -3, hi: 3 },
  { lo: 0, hi: 1 },
  { lo: -128, hi: 127 },
  { lo: 0, hi: 255 },
  { lo: -64, hi: 64 },
  { lo: -127, hi: 127 },
  { lo: 5, hi: 9 },
  { lo: -9, hi: -5 },
  { lo: -100, hi: 155 },
  { lo: -(2 ** 15), hi: 2 ** 15 - 1 },
  { lo: 0, hi: 2 ** 16 - 1 },
  { lo: -(2 ** 20), hi: 2 ** 20 },
  { lo: -(2 ** 31), hi: 2 ** 31 - 1 },
  { lo: -(2 ** 40), hi: 2 ** 41 },
  { lo: -(2 ** 53) + 1, hi: 2 ** 53 - 1 },
]

/** Tries an op; where it is refused, tries again on an operand of fewer bits. Sometimes takes fewer bits at once, as models do. */
export function tamed(b: GraphBuilder, x: ValueId, pick: Pick, grow: (x: ValueId) => ValueId | undefined): void {
  const narrow = pick(2) === 0 ? undefined : clipTo(b, x, RANGES[pick(9)] as Bounds)
  if (grow(narrow ?? x) !== undefined) return
  const { lo, hi } = factsOf(b, x)
  let bits = 0
  while (Math.max(-lo, hi) / 2 ** bits > 127 && bits < 52) bits++
  const shifted = bits === 0 ? x : b.op({ kind: 'shift-right', inputs: [x], bits, rounding: 'half-even' })
  if (shifted !== undefined) grow(shifted)
}

/** `x` clipped; undefined where that is refused. */
export function clipTo(b: GraphBuilder, x: ValueId, { lo, hi }: Bounds): ValueId | undefined {
  return b.op({ kind: 'clip', inputs: [x], lo, hi })
}

/** What is known of a value. */
export function factsOf(b: GraphBuilder, id: ValueId): Operand {
  return b.values[id] as Operand
}

/** Axes of a value. */
export function rankOf(b: GraphBuilder, id: ValueId): number {
  return factsOf(b, id).shape.length
}

/** Mostly the newest value that is not a constant, so that graphs grow deep; else any. */
export function pickValue(b: GraphBuilder, pick: Pick): ValueId {
  const computed = b.values.flatMap((_, id) => (b.isConstant(id) ? [] : [id]))
  const style = pick(8)
  if (style === 7) return pick(b.values.length)
  return style >= 5 ? (computed[pick(computed.length)] as ValueId) : (computed.at(-1) as ValueId)
}

/** As {@link pickValue}, of this rank at least: reshaped where it is less. */
export function pickRanked(b: GraphBuilder, pick: Pick, rank: number): ValueId {
  const x = pickValue(b, pick)
  const { shape } = factsOf(b, x)
  if (shape.length >= rank) return x
  return b.op({ kind: 'reshape', inputs: [x], shape: factors(shapeSize(shape), rank, pick) }) as ValueId
}

/** A value seen as `[n, c, …spatial]`. */
export function pickImage(b: GraphBuilder, pick: Pick): ValueId | undefined {
  const x = pickValue(b, pick)
  const { shape } = factsOf(b, x)
  if (shape.length >= 3 && shape.length <= 5 && pick(3) > 0) return x
  const spatialRank = [2, 1, 3][pick(3)] as number
  const image = [1, ...factors(shapeSize(shape), 1 + spatialRank, pick)]
  return b.op({ kind: 'reshape', inputs: [x], shape: image })
}

/** As many lanes of `x` as fill a shape. */
export function valueAs(b: GraphBuilder, x: ValueId, shape: Shape): ValueId | undefined {
  const size = shapeSize(factsOf(b, x).shape)
  const needed = shapeSize(shape)
  if (needed > size) return undefined
  const flat = b.op({ kind: 'reshape', inputs: [x], shape: [size] })
  if (flat === undefined) return undefined
  const part = b.op({ kind: 'slice', inputs: [flat], starts: [0], sizes: [needed], steps: [1] })
  return part === undefined ? undefined : b.op({ kind: 'reshape', inputs: [part], shape })
}

/** A new constant, of bytes mostly. */
export function pickConstant(b: GraphBuilder, shape: Shape, pick: Pick): ValueId {
  const range = pick(4) === 3 ? pickRange(pick) : (RANGES[pick(9)] as Bounds)
  const random = createRandom(pick(65_536))
  return b.constant(shape, randomTensor(shape, range, pick(4) === 3 ? 'hi' : 'uniform', random).data)
}

/** One of {@link RANGES}. */
export function pickRange(pick: Pick): Bounds {
  return RANGES[pick(RANGES.length)] as Bounds
}

/** A shape that broadcasts with `shape`: fewer axes, or some of them 1. */
export function broadcastable(shape: Shape, pick: Pick): Shape {
  return shape.slice(pick(3) === 0 ? 0 : pick(shape.length + 1)).map((extent) => (pick(3) === 2 ? 1 : extent))
}

/** `rank` extents whose product is `size`; rank 0 gives 1 where size is not 1. */
export function factors(size: number, rank: number, pick: Pick): Shape {
  const shape: number[] = []
  let rest = size
  for (let axis = 1; axis < rank; axis++) {
    const divisors = Array.from({ length: Math.min(rest, 16) }, (_, i) => i + 1).filter((d) => rest % d === 0)
    const extent = divisors[pick(divisors.length)] as number
    shape.push(extent)
    rest /= extent
  }
  return rank === 0 && size === 1 ? [] : [...shape, rest]
}

/** The axes in any order. */
export function permutation(rank: number, pick: Pick): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis)
  return Array.from({ length: rank }, () => left.splice(pick(left.length), 1)[0] as number)
}

/** A window that may reach over the ends of the spatial axes. */
export function pickWindow(spatial: Shape, pick: Pick): Window & { readonly kernel: readonly number[] } {
  const kernel = spatial.map((extent) => 1 + pick(Math.min(extent + 1, 4)))
  return {
    kernel,
    strides: spatial.map(() => 1 + (pick(3) === 2 ? pick(3) : 0)),
    dilations: spatial.map(() => 1 + (pick(4) === 3 ? 1 : 0)),
    pads: [...spatial, ...spatial].map((_, i) =>
      pick(2) === 0 ? 0 : pick((kernel[i % spatial.length] as number) + 1),
    ),
  }
}

/** A computed or constant value to compute with `x`. */
export function pickPartner(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const { shape } = factsOf(b, x)
  const style = pick(4)
  if (style === 3) return pickValue(b, pick)
  return pickConstant(b, style === 2 ? [] : broadcastable(shape, pick), pick)
}

/** A value of 1 at least and `hi` at most. */
export function pickPositive(b: GraphBuilder, pick: Pick, hi: number): ValueId {
  const x = pick(2) === 0 ? pickPartner(b, pickValue(b, pick), pick) : pickValue(b, pick)
  return factsOf(b, x).lo >= 1 ? x : (clipTo(b, x, { lo: 1, hi }) ?? x)
}
