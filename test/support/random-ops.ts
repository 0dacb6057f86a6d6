import type { Bounds, Op, OpKind, Shape, ValueId, Window } from '../../node/exact/graph.ts'
import type { Operand } from '../../node/exact/ops/sums.ts'
import { shapeSize } from '../../node/exact/tensor-data.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { createRandom, type Pick, randomTensor } from './random-source.ts'

/** Adds an op of one kind, and whatever it needs around it, onto values of the builder. Adds nothing where nothing fits. */
export type Grow = (builder: GraphBuilder, pick: Pick) => void

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

/** One way to grow for each kind of op. */
export const GROW: { readonly [K in OpKind]: Grow } = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  min: binary('min'),
  max: binary('max'),
  clip: (b, pick) => {
    const x = pickValue(b, pick)
    const { lo, hi } = pickRange(pick)
    b.op({ kind: 'clip', inputs: [x], lo, hi })
  },
  'shift-left': (b, pick) => {
    tamed(b, pickValue(b, pick), pick, (x) => b.op({ kind: 'shift-left', inputs: [x], bits: 1 + pick(12) }))
  },
  'shift-right': (b, pick) => {
    const bits = pick(4) === 3 ? 1 + pick(52) : 1 + pick(12)
    b.op({ kind: 'shift-right', inputs: [pickValue(b, pick)], bits, rounding: pick(2) === 0 ? 'floor' : 'half-even' })
  },
  matmul,
  conv,
  'sum-pool': pool('sum-pool'),
  'max-pool': pool('max-pool'),
  'reduce-sum': reduce('reduce-sum'),
  'reduce-max': reduce('reduce-max'),
  'reduce-min': reduce('reduce-min'),
  argmax: (b, pick) => {
    const x = pickRanked(b, pick, 1)
    b.op({ kind: 'argmax', inputs: [x], axis: pick(rankOf(b, x)), keepDims: pick(2) === 1 })
  },
  lookup,
  reshape: (b, pick) => {
    const x = pickValue(b, pick)
    b.op({ kind: 'reshape', inputs: [x], shape: factors(shapeSize(factsOf(b, x).shape), pick(5), pick) })
  },
  transpose: (b, pick) => {
    const x = pickValue(b, pick)
    b.op({ kind: 'transpose', inputs: [x], permutation: permutation(rankOf(b, x), pick) })
  },
  slice,
  pad: (b, pick) => {
    const x = pickValue(b, pick)
    const pads = Array.from({ length: 2 * rankOf(b, x) }, () => pick(3))
    b.op({ kind: 'pad', inputs: [x], pads, value: [0, 1, -7, 300][pick(4)] as number })
  },
  concat,
  expand: (b, pick) => {
    const x = pickValue(b, pick)
    const { shape } = factsOf(b, x)
    const extents = shape.map((extent) => (extent === 1 ? 1 + pick(3) : extent))
    const outer = Array.from({ length: pick(2) }, () => 1 + pick(3))
    b.op({ kind: 'expand', inputs: [x], shape: [...outer, ...extents] })
  },
}

function binary(kind: 'add' | 'sub' | 'mul' | 'min' | 'max'): Grow {
  return (b, pick) => {
    tamed(b, pickValue(b, pick), pick, (x) => {
      const y = pick(3) === 2 ? pickValue(b, pick) : pickConstant(b, broadcastable(factsOf(b, x).shape, pick), pick)
      const inputs = pick(2) === 0 ? ([x, y] as const) : ([y, x] as const)
      return b.op({ kind, inputs }) ?? b.op({ kind, inputs: [x, x] })
    })
  }
}

function matmul(b: GraphBuilder, pick: Pick): void {
  tamed(b, pickRanked(b, pick, 2), pick, (x) => {
    const { shape } = factsOf(b, x)
    const depth = shape.at(-1) as number
    const other = 1 + pick(5)
    const batch = pick(3) === 2 ? shape.slice(0, -2).map((extent) => (pick(2) === 0 ? extent : 1)) : []
    const style = pick(4)
    if (style === 2) {
      const constant = pickConstant(b, [...batch, other, shape.at(-2) as number], pick)
      return b.op({ kind: 'matmul', inputs: [constant, x] })
    }
    if (style === 3) {
      const axes = shape.map((_, axis) => axis)
      const swap = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
      const transposed = b.op({ kind: 'transpose', inputs: [x], permutation: swap })
      return transposed === undefined ? undefined : b.op({ kind: 'matmul', inputs: [x, transposed] })
    }
    return b.op({ kind: 'matmul', inputs: [x, pickConstant(b, [...batch, depth, other], pick)] })
  })
}

function conv(b: GraphBuilder, pick: Pick): void {
  const image = pickImage(b, pick)
  if (image === undefined) return
  tamed(b, image, pick, (x) => {
    const [, channels = 1, ...spatial] = factsOf(b, x).shape
    const groups = pick(3) === 2 ? channels : 1
    const outChannels = groups * (1 + pick(3))
    const { kernel, ...window } = pickWindow(spatial, pick)
    const shape = [outChannels, channels / groups, ...kernel]
    const weights = (pick(4) === 3 ? valueAs(b, x, shape) : undefined) ?? pickConstant(b, shape, pick)
    return b.op({ kind: 'conv', inputs: [x, weights], groups, ...window })
  })
}

function pool(kind: 'sum-pool' | 'max-pool'): Grow {
  return (b, pick) => {
    const image = pickImage(b, pick)
    if (image === undefined) return
    tamed(b, image, pick, (x) => {
      const window = pickWindow(factsOf(b, x).shape.slice(2), pick)
      const unpadded = { ...window, pads: window.pads.map(() => 0) }
      return b.op({ kind, inputs: [x], ...window }) ?? b.op({ kind, inputs: [x], ...unpadded })
    })
  }
}

function reduce(kind: 'reduce-sum' | 'reduce-max' | 'reduce-min'): Grow {
  return (b, pick) => {
    tamed(b, pickRanked(b, pick, 1), pick, (x) => {
      const first = pick(rankOf(b, x))
      const axes = factsOf(b, x).shape.flatMap((_, axis) => (axis === first || pick(3) === 2 ? [axis] : []))
      return b.op({ kind, inputs: [x], axes, keepDims: pick(2) === 1 })
    })
  }
}

function lookup(b: GraphBuilder, pick: Pick): void {
  const x = pickValue(b, pick)
  const extent = 1 + pick(2) * 255 + pick(9)
  const around = [[extent], [2, extent], [extent, 3], [2, extent, 2]][pick(4)] as number[]
  const other = pickRanked(b, pick, 1)
  const table = pick(4) === 3 ? other : pickConstant(b, around, pick)
  const { shape } = factsOf(b, table)
  const axis =
    table === other ? pick(shape.length) : Math.min(shape.length - 1, around.length > 1 && around[0] === 2 ? 1 : 0)
  const { lo, hi } = factsOf(b, x)
  const top = (shape[axis] as number) - 1
  const indices = lo >= 0 && hi <= top ? x : b.op({ kind: 'clip', inputs: [x], lo: 0, hi: top })
  if (indices !== undefined) b.op({ kind: 'lookup', inputs: [indices, table], axis })
}

function slice(b: GraphBuilder, pick: Pick): void {
  const x = pickValue(b, pick)
  const cuts = factsOf(b, x).shape.map((extent) => {
    const size = extent - pick(extent)
    const stride = 1 + pick(2)
    const reach = (size - 1) * stride
    const step = pick(3) === 2 ? -stride : stride
    if (reach >= extent) return step < 0 ? { start: size - 1, size, step: -1 } : { start: 0, size, step: 1 }
    const first = pick(extent - reach)
    return { start: step < 0 ? first + reach : first, size, step }
  })
  const op: Op = {
    kind: 'slice',
    inputs: [x],
    starts: cuts.map((cut) => cut.start),
    sizes: cuts.map((cut) => cut.size),
    steps: cuts.map((cut) => cut.step),
  }
  b.op(op)
}

function concat(b: GraphBuilder, pick: Pick): void {
  const x = pickRanked(b, pick, 1)
  const { shape } = factsOf(b, x)
  const axis = pick(shape.length)
  const parts = Array.from({ length: pick(4) }, () => {
    const y = pickValue(b, pick)
    const other = factsOf(b, y).shape
    const fits = other.length === shape.length && other.every((extent, i) => i === axis || extent === shape[i])
    return fits ? y : pickConstant(b, shape.with(axis, 1 + pick(3)), pick)
  })
  b.op({ kind: 'concat', inputs: [x, ...parts], axis })
}

/** Tries an op; where it is refused, tries again on an operand of fewer bits. Sometimes takes fewer bits at once, as models do. */
function tamed(b: GraphBuilder, x: ValueId, pick: Pick, grow: (x: ValueId) => ValueId | undefined): void {
  const narrow = pick(2) === 0 ? undefined : clipTo(b, x, RANGES[pick(9)] as Bounds)
  if (grow(narrow ?? x) !== undefined) return
  const { lo, hi } = factsOf(b, x)
  let bits = 0
  while (Math.max(-lo, hi) / 2 ** bits > 127 && bits < 52) bits++
  const shifted = bits === 0 ? x : b.op({ kind: 'shift-right', inputs: [x], bits, rounding: 'half-even' })
  if (shifted !== undefined) grow(shifted)
}

function clipTo(b: GraphBuilder, x: ValueId, { lo, hi }: Bounds): ValueId | undefined {
  return b.op({ kind: 'clip', inputs: [x], lo, hi })
}

function factsOf(b: GraphBuilder, id: ValueId): Operand {
  return b.values[id] as Operand
}

function rankOf(b: GraphBuilder, id: ValueId): number {
  return factsOf(b, id).shape.length
}

/** Mostly the newest value that is not a constant, so that graphs grow deep; else any. */
function pickValue(b: GraphBuilder, pick: Pick): ValueId {
  const computed = b.values.flatMap((_, id) => (b.isConstant(id) ? [] : [id]))
  const style = pick(8)
  if (style === 7) return pick(b.values.length)
  return style >= 5 ? (computed[pick(computed.length)] as ValueId) : (computed.at(-1) as ValueId)
}

/** As {@link pickValue}, of this rank at least: reshaped where it is less. */
function pickRanked(b: GraphBuilder, pick: Pick, rank: number): ValueId {
  const x = pickValue(b, pick)
  const { shape } = factsOf(b, x)
  if (shape.length >= rank) return x
  return b.op({ kind: 'reshape', inputs: [x], shape: factors(shapeSize(shape), rank, pick) }) as ValueId
}

/** A value seen as `[n, c, …spatial]`. */
function pickImage(b: GraphBuilder, pick: Pick): ValueId | undefined {
  const x = pickValue(b, pick)
  const { shape } = factsOf(b, x)
  if (shape.length >= 3 && shape.length <= 5 && pick(3) > 0) return x
  const spatialRank = [2, 1, 3][pick(3)] as number
  const image = [1, ...factors(shapeSize(shape), 1 + spatialRank, pick)]
  return b.op({ kind: 'reshape', inputs: [x], shape: image })
}

/** As many lanes of `x` as fill a shape. */
function valueAs(b: GraphBuilder, x: ValueId, shape: Shape): ValueId | undefined {
  const size = shapeSize(factsOf(b, x).shape)
  const needed = shapeSize(shape)
  if (needed > size) return undefined
  const flat = b.op({ kind: 'reshape', inputs: [x], shape: [size] })
  if (flat === undefined) return undefined
  const part = b.op({ kind: 'slice', inputs: [flat], starts: [0], sizes: [needed], steps: [1] })
  return part === undefined ? undefined : b.op({ kind: 'reshape', inputs: [part], shape })
}

function pickConstant(b: GraphBuilder, shape: Shape, pick: Pick): ValueId {
  const range = pick(4) === 3 ? pickRange(pick) : (RANGES[pick(9)] as Bounds)
  const random = createRandom(pick(65_536))
  return b.constant(shape, randomTensor(shape, range, pick(4) === 3 ? 'hi' : 'uniform', random).data)
}

function pickRange(pick: Pick): Bounds {
  return RANGES[pick(RANGES.length)] as Bounds
}

/** A shape that broadcasts with `shape`: fewer axes, or some of them 1. */
function broadcastable(shape: Shape, pick: Pick): Shape {
  return shape.slice(pick(3) === 0 ? 0 : pick(shape.length + 1)).map((extent) => (pick(3) === 2 ? 1 : extent))
}

/** `rank` extents whose product is `size`; rank 0 gives 1 where size is not 1. */
function factors(size: number, rank: number, pick: Pick): Shape {
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

function permutation(rank: number, pick: Pick): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis)
  return Array.from({ length: rank }, () => left.splice(pick(left.length), 1)[0] as number)
}

function pickWindow(spatial: Shape, pick: Pick): Window & { readonly kernel: readonly number[] } {
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
