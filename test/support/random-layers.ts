import fc from 'fast-check'
import type { Bounds, Shape, ValueId } from '../../node/exact/graph.ts'
import type { Operand } from '../../node/exact/ops/sums.ts'
import { laneBytesFor, shapeSize } from '../../node/exact/tensor-data.ts'
import { createGraphBuilder, type GraphBuilder } from './graph-builder.ts'
import { caseOf, type GraphCase } from './random-graph.ts'
import { createPick, createRandom, type Pick, randomTensor } from './random-source.ts'

/** Adds what one layer of a quantised model is made of onto a value. Where it does not fit, it yields the value as it is. */
type Layer = (b: GraphBuilder, x: ValueId, pick: Pick) => ValueId

const INPUTS: readonly (Bounds & { readonly shape: Shape })[] = [
  { shape: [1, 4, 5, 6], lo: -128, hi: 127 },
  { shape: [2, 3, 4, 4], lo: 0, hi: 255 },
  { shape: [1, 6, 1, 1], lo: 0, hi: 127 },
  { shape: [2, 5, 8], lo: -20, hi: 235 },
  { shape: [6, 16], lo: -32_768, hi: 32_767 },
  { shape: [3, 1, 7], lo: -100, hi: 90 },
]
const CLIPS: readonly Bounds[] = [
  { lo: -128, hi: 127 },
  { lo: 0, hi: 255 },
  { lo: 0, hi: 100 },
  { lo: -20, hi: 235 },
  { lo: -32_768, hi: 32_767 },
  { lo: 3, hi: 60 },
]

/**
 * Graphs of two to nine layers as quantised models have them: contractions with requantisation, residual sums, tables, scaled
 * products, normalisation, movements. What random ops rarely form, and emitters fuse.
 */
export function layerCases(): fc.Arbitrary<GraphCase> {
  const decisions = (length: number) => fc.array(fc.nat(65_535), { minLength: length, maxLength: length })
  return fc
    .record({
      input: fc.constantFrom(...INPUTS),
      layers: fc.array(fc.record({ layer: fc.constantFrom(...LAYERS), decisions: decisions(12) }), {
        minLength: 2,
        maxLength: 9,
      }),
      seed: fc.nat(65_535),
    })
    .map(({ input, layers, seed }) => {
      const b = createGraphBuilder({ lanes: 4096, terms: 300_000 })
      let x = b.input({ ...input, laneBytes: laneBytesFor(input) })
      for (const { layer, decisions } of layers) x = layer(b, x, createPick(decisions))
      return caseOf(b.finish([{ value: x, wide: true }]), seed)
    })
}

const LAYERS: readonly Layer[] = [
  convolve,
  multiply,
  narrow,
  residual,
  byteBlock,
  table,
  scaledProduct,
  normalise,
  pool,
  move,
  (b, x, pick) => b.op({ kind: 'add', inputs: [x, constant(b, [], pick, { lo: -40, hi: 40 })] }) ?? x,
]

function convolve(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const input = narrow(b, x, pick)
  const [, channels, ...spatial] = shapeOf(b, input)
  if (channels === undefined || spatial.length === 0) return x
  const groups = pick(4) === 3 ? channels : 1
  const kernel = spatial.map((extent) => 1 + pick(Math.min(3, extent)))
  const pad = pick(2)
  const product = b.op({
    kind: 'conv',
    inputs: [input, constant(b, [groups * (1 + pick(5)), channels / groups, ...kernel], pick, { lo: -64, hi: 64 })],
    groups,
    strides: spatial.map(() => 1 + pick(2)),
    dilations: spatial.map(() => 1),
    pads: [...spatial, ...spatial].map(() => pad),
  })
  return product === undefined ? x : requantise(b, product, pick, 1)
}

function multiply(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const input = narrow(b, x, pick)
  const shape = shapeOf(b, input)
  const weights = constant(b, [shape.at(-1) as number, 1 + pick(8)], pick, { lo: -64, hi: 64 })
  const product = shape.length < 2 ? undefined : b.op({ kind: 'matmul', inputs: [input, weights] })
  return product === undefined ? x : requantise(b, product, pick, shape.length - 1)
}

/** Biases and factors along `axis`, a shift and a clip. */
function requantise(b: GraphBuilder, product: ValueId, pick: Pick, axis: number): ValueId {
  const shape = shapeOf(b, product).map((extent, i) => (i === axis ? extent : 1))
  const bias = pick(2) === 0 ? product : addTo(b, product, constant(b, shape, pick, { lo: -999, hi: 999 }))
  const factors = constant(b, shape, () => 0, { lo: 1, hi: 1 + pick(4) })
  const scaled = pick(2) === 0 ? bias : (b.op({ kind: 'mul', inputs: [bias, factors] }) ?? bias)
  return round(b, scaled, pick, 4 + pick(6))
}

/** A clip to 8 bits, sometimes after a shift: what contractions read. */
function narrow(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const { lo, hi } = b.values[x] as Operand
  if (hi - lo <= 255 && lo >= -255 && hi <= 255 && pick(2) === 0) return x
  const bits = Math.max(0, Math.ceil(Math.log2(Math.max(-lo, hi, 1))) - 7)
  return round(b, x, pick, bits, CLIPS[pick(4)] as Bounds)
}

function round(
  b: GraphBuilder,
  x: ValueId,
  pick: Pick,
  bits: number,
  clip: Bounds = CLIPS[pick(CLIPS.length)] as Bounds,
): ValueId {
  const rounding = pick(5) === 4 ? 'floor' : 'half-even'
  const shifted = bits === 0 ? x : b.op({ kind: 'shift-right', inputs: [x], bits, rounding })
  return b.op({ kind: 'clip', inputs: [shifted ?? x], ...clip }) ?? x
}

/** A sum with an earlier value of the same shape. */
function residual(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const same = b.values.flatMap(({ shape }, id) =>
    !b.isConstant(id) && shape.join() === shapeOf(b, x).join() ? [id] : [],
  )
  const sum = addTo(b, x, same[pick(same.length)] as ValueId)
  return pick(3) === 2 ? sum : round(b, sum, pick, pick(2))
}

/** Bytes plus bytes clipped to bytes, and a contraction that reads them. */
function byteBlock(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const branch = narrow(b, x, pick)
  const other = round(b, x, pick, 1 + pick(8), CLIPS[pick(4)] as Bounds)
  const sum = round(b, addTo(b, branch, other), pick, 0, CLIPS[pick(4)] as Bounds)
  return shapeOf(b, x).length > 2 && pick(2) === 0 ? convolve(b, sum, pick) : multiply(b, sum, pick)
}

/** A function of each lane: of a clip's shape, or any. */
function table(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const input = narrow(b, x, pick)
  const { lo, hi } = b.values[input] as Operand
  const [least, most] = [lo + pick(40), hi - pick(40)]
  const shape = [hi - lo + 1]
  const data =
    pick(2) === 0
      ? Array.from({ length: hi - lo + 1 }, (_, i) => Math.min(Math.max(lo + i, least), most))
      : randomTensor(shape, { lo: -128, hi: 127 }, 'uniform', createRandom(pick(65_536))).data
  const index = lo === 0 ? input : addTo(b, input, b.constant([], [-lo]))
  return b.op({ kind: 'lookup', inputs: [index, b.constant(shape, data)], axis: 0 }) ?? x
}

/** A product with a constant a lane or a value a row, plus a constant, shifted. */
function scaledProduct(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const shape = shapeOf(b, x)
  const last = shape.map((extent, i) => (i === shape.length - 1 ? extent : 1))
  const rows = b.op({ kind: 'reduce-max', inputs: [x], axes: [shape.length - 1], keepDims: true })
  const factor = pick(3) === 2 && rows !== undefined ? rows : constant(b, last, pick, { lo: -700, hi: 700 })
  const product = b.op({ kind: 'mul', inputs: pick(2) === 0 ? [x, factor] : [factor, x] })
  if (product === undefined) return x
  const sum = pick(2) === 0 ? product : addTo(b, product, constant(b, last, pick, { lo: -9999, hi: 9999 }))
  return round(b, sum, pick, 1 + pick(9))
}

/** Distances to the mean over the root of their mean square, row by row. */
function normalise(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const { shape, lo, hi } = b.values[x] as Operand
  if (hi - lo > 2 ** 18) return x
  const axes = [shape.length - 1]
  const sum = b.op({ kind: 'reduce-sum', inputs: [x], axes, keepDims: true }) ?? x
  const extent = b.constant([], [shape.at(-1) as number])
  const mean = b.op({ kind: 'floordiv', inputs: [sum, extent] }) ?? x
  const centred = b.op({ kind: 'sub', inputs: [x, mean] }) ?? x
  const square = b.op({ kind: 'mul', inputs: [centred, centred] })
  const total = square === undefined ? undefined : b.op({ kind: 'reduce-sum', inputs: [square], axes, keepDims: true })
  if (total === undefined) return x
  const root = b.op({ kind: 'isqrt', inputs: [total] }) ?? total
  const divisor = b.op({ kind: 'max', inputs: [root, b.constant([], [1])] }) ?? root
  const wide = b.op({ kind: 'shift-left', inputs: [centred], bits: 1 + pick(16) }) ?? centred
  const quotient = b.op({ kind: 'floordiv', inputs: [wide, divisor] })
  return quotient === undefined ? x : round(b, quotient, pick, 0)
}

function pool(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const spatial = shapeOf(b, x).slice(2)
  if (spatial.length === 0) return x
  if (pick(3) === 2) {
    const axes = spatial.map((_, i) => i + 2)
    return b.op({ kind: 'reduce-sum', inputs: [x], axes, keepDims: pick(2) === 0 }) ?? x
  }
  const ones = spatial.map(() => 1)
  const window = { kernel: spatial.map((extent) => Math.min(2, extent)), strides: ones, dilations: ones }
  const pads = [...spatial, ...spatial].map(() => 0)
  return b.op({ kind: pick(2) === 0 ? 'max-pool' : 'sum-pool', inputs: [x], ...window, pads }) ?? x
}

function move(b: GraphBuilder, x: ValueId, pick: Pick): ValueId {
  const shape = shapeOf(b, x)
  const rank = shape.length
  const axis = pick(rank)
  switch (pick(7)) {
    case 0: {
      const turned = [0, ...shape.map((_, i) => i).slice(2), 1]
      return b.op({ kind: 'transpose', inputs: [x], permutation: rank < 3 ? [1, 0] : turned }) ?? x
    }
    case 1: {
      const turned = [0, rank - 1, ...shape.map((_, i) => i).slice(1, -1)]
      return b.op({ kind: 'transpose', inputs: [x], permutation: rank < 3 ? [0, 1] : turned }) ?? x
    }
    case 2:
      return b.op({ kind: 'reshape', inputs: [x], shape: [shape[0] as number, shapeSize(shape.slice(1))] }) ?? x
    case 3:
      return b.op({ kind: 'concat', inputs: [x, narrow(b, x, pick), x], axis }) ?? x
    case 4: {
      const sizes = shape.map((extent, i) => (i === axis ? 1 + pick(extent) : extent))
      return b.op({ kind: 'slice', inputs: [x], starts: shape.map(() => 0), sizes, steps: shape.map(() => 1) }) ?? x
    }
    case 5: {
      const pads = Array.from({ length: 2 * rank }, () => pick(2))
      return b.op({ kind: 'pad', inputs: [x], pads, value: [0, 5, -7, 200][pick(4)] as number }) ?? x
    }
    default: {
      const doubled = Array.from({ length: 2 * (shape[axis] as number) }, (_, i) => Math.floor(i / 2))
      return b.op({ kind: 'lookup', inputs: [b.constant([doubled.length], doubled), x], axis }) ?? x
    }
  }
}

function addTo(b: GraphBuilder, x: ValueId, y: ValueId): ValueId {
  return b.op({ kind: 'add', inputs: [x, y] }) ?? x
}

function constant(b: GraphBuilder, shape: Shape, pick: Pick, bounds: Bounds): ValueId {
  return b.constant(shape, randomTensor(shape, bounds, 'uniform', createRandom(pick(65_536))).data)
}

function shapeOf(b: GraphBuilder, id: ValueId): Shape {
  return (b.values[id] as Operand).shape
}
