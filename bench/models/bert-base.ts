import type { ExactGraph, TensorData } from '../../node/exact/graph.ts'
import { createGraphSketch, type GraphSketch, type Ref } from './graph-sketch.ts'

const LAYERS = 12
const WIDTH = 768
const HEADS = 12
const HEAD_WIDTH = WIDTH / HEADS
const INNER_WIDTH = 3072
const TOKENS = 128
const VOCABULARY = 30_522

/** Operands of contractions. */
const BYTE = { lo: -128, hi: 127 }
/** The residual stream, which takes 16 bits. */
const STREAM = { lo: -32_768, hi: 32_767 }

/**
 * A graph of the shape of BERT-base (Devlin et al. 2018) on 128 tokens: 11 G MACs, 109 M generated weights of 8 bits, a residual stream of
 * 16, exp, GELU, tanh and roots by tables. It understands nothing, and costs what BERT-base costs.
 */
export function bertBase(): ExactGraph {
  const sketch = createGraphSketch()
  const ids = sketch.input([1, TOKENS], 0, VOCABULARY - 1)
  const words = sketch.generated([VOCABULARY, WIDTH], -127, 127)
  const found = sketch.op({ kind: 'lookup', inputs: [ids, words], axis: 0 })
  const placed = sketch.op({ kind: 'add', inputs: [found, sketch.generated([1, TOKENS, WIDTH], -127, 127)] })
  const tables = tablesOf(sketch)
  let stream = normalise(sketch, placed, tables)
  for (let layer = 0; layer < LAYERS; layer++) {
    const attended = attend(sketch, narrow(sketch, stream, 8), tables)
    stream = normalise(sketch, sketch.op({ kind: 'add', inputs: [stream, attended] }), tables)
    const fed = feedForward(sketch, narrow(sketch, stream, 8), tables)
    stream = normalise(sketch, sketch.op({ kind: 'add', inputs: [stream, fed] }), tables)
  }
  return sketch.finish([{ value: classify(sketch, stream, tables), laneBytes: 4 }])
}

/** Functions of a bounded integer. */
interface Tables {
  readonly exp: Ref
  readonly gelu: Ref
  readonly tanh: Ref
  readonly reciprocal: Ref
  readonly inverseRoot: Ref
}

function tablesOf(sketch: GraphSketch): Tables {
  const table = (size: number, make: (data: TensorData) => TensorData, f: (i: number) => number): Ref => {
    const data = make(new Int16Array(size))
    for (let i = 0; i < size; i++) data[i] = Math.round(f(i))
    return sketch.constant([size], data)
  }
  const wide = (data: TensorData) => data
  const bytes = (data: TensorData) => new Int8Array(data.length)
  const byte = (value: number) => Math.max(BYTE.lo, Math.min(BYTE.hi, value))
  return {
    exp: table(256, bytes, (i) => 127 * Math.exp((i - 255) / 32)),
    gelu: table(256, bytes, (i) => byte(((i - 128) / 2) * (1 + Math.tanh((i - 128) / 40)))),
    tanh: table(256, bytes, (i) => 127 * Math.tanh((i - 128) / 64)),
    reciprocal: table(1024, wide, (i) => Math.min(32_767, 2 ** 15 / (i + 1))),
    inverseRoot: table(4096, wide, (i) => 2 ** 14 / Math.sqrt(i + 1)),
  }
}

function attend(sketch: GraphSketch, input: Ref, tables: Tables): Ref {
  const heads = (permutation: readonly number[]) => {
    const projected = dense(sketch, input, WIDTH, WIDTH, BYTE)
    const split = sketch.op({ kind: 'reshape', inputs: [projected], shape: [1, TOKENS, HEADS, HEAD_WIDTH] })
    return sketch.op({ kind: 'transpose', inputs: [split], permutation })
  }
  const [query, key, value] = [heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])]
  const products = sketch.op({ kind: 'matmul', inputs: [query, key] })
  const weights = softmax(sketch, requantise(sketch, products, 9, BYTE), tables)
  const mixed = requantise(sketch, sketch.op({ kind: 'matmul', inputs: [weights, value] }), 7, BYTE)
  const rows = sketch.op({ kind: 'transpose', inputs: [mixed], permutation: [0, 2, 1, 3] })
  const joined = sketch.op({ kind: 'reshape', inputs: [rows], shape: [1, TOKENS, WIDTH] })
  return dense(sketch, joined, WIDTH, WIDTH, STREAM)
}

/** exp of the distance to the row's greatest, over the row's sum, in 7 bits. */
function softmax(sketch: GraphSketch, scores: Ref, { exp, reciprocal }: Tables): Ref {
  const greatest = sketch.op({ kind: 'reduce-max', inputs: [scores], axes: [3], keepDims: true })
  const below = sketch.op({ kind: 'sub', inputs: [scores, greatest] })
  const index = sketch.op({
    kind: 'clip',
    inputs: [sketch.op({ kind: 'add', inputs: [below, sketch.scalar(255)] })],
    lo: 0,
    hi: 255,
  })
  const powers = lookup(sketch, index, exp)
  const sum = sketch.op({ kind: 'reduce-sum', inputs: [powers], axes: [3], keepDims: true })
  const inverse = lookup(sketch, requantise(sketch, sum, 4, { lo: 0, hi: 1023 }), reciprocal)
  return requantise(sketch, sketch.op({ kind: 'mul', inputs: [powers, inverse] }), 12, { lo: 0, hi: 127 })
}

function feedForward(sketch: GraphSketch, input: Ref, { gelu }: Tables): Ref {
  const inner = dense(sketch, input, WIDTH, INNER_WIDTH, BYTE)
  const active = lookup(sketch, sketch.op({ kind: 'add', inputs: [inner, sketch.scalar(128)] }), gelu)
  return dense(sketch, active, INNER_WIDTH, WIDTH, STREAM)
}

/** Subtracts each row's mean and divides by the root of its variance. */
function normalise(sketch: GraphSketch, stream: Ref, { inverseRoot }: Tables): Ref {
  const narrowed = sketch.op({ kind: 'clip', inputs: [stream], ...STREAM })
  const mean = requantise(sketch, meanOf(sketch, narrowed, 16), 16, STREAM)
  const centred = sketch.op({ kind: 'clip', inputs: [sketch.op({ kind: 'sub', inputs: [narrowed, mean] })], ...STREAM })
  const squares = sketch.op({ kind: 'mul', inputs: [centred, centred] })
  const variance = requantise(sketch, meanOf(sketch, squares, 8), 20, { lo: 0, hi: 4095 })
  const scaled = sketch.op({ kind: 'mul', inputs: [centred, lookup(sketch, variance, inverseRoot)] })
  const unit = requantise(sketch, scaled, 8, STREAM)
  const gained = sketch.op({ kind: 'mul', inputs: [unit, sketch.generated([WIDTH], 64, 127)] })
  const shifted = sketch.op({ kind: 'add', inputs: [gained, sketch.generated([WIDTH], -999, 999)] })
  return requantise(sketch, shifted, 7, STREAM)
}

/** The sum over the last axis, times 2^bits over its extent. */
function meanOf(sketch: GraphSketch, value: Ref, bits: number): Ref {
  const sum = sketch.op({ kind: 'reduce-sum', inputs: [value], axes: [2], keepDims: true })
  return sketch.op({ kind: 'mul', inputs: [sum, sketch.scalar(Math.round(2 ** bits / WIDTH))] })
}

function classify(sketch: GraphSketch, stream: Ref, { tanh }: Tables): Ref {
  const first = sketch.op({
    kind: 'slice',
    inputs: [stream],
    starts: [0, 0, 0],
    sizes: [1, 1, WIDTH],
    steps: [1, 1, 1],
  })
  const pooled = dense(sketch, narrow(sketch, first, 8), WIDTH, WIDTH, BYTE)
  const active = lookup(sketch, sketch.op({ kind: 'add', inputs: [pooled, sketch.scalar(128)] }), tanh)
  return sketch.op({ kind: 'matmul', inputs: [active, sketch.generated([WIDTH, 2], -63, 63)] })
}

/** A dense layer with bias. Sums of generated products spread with the root of their number. */
function dense(sketch: GraphSketch, input: Ref, from: number, to: number, range: typeof BYTE): Ref {
  const product = sketch.op({ kind: 'matmul', inputs: [input, sketch.generated([from, to], -63, 63)] })
  const biased = sketch.op({ kind: 'add', inputs: [product, sketch.generated([to], -999, 999)] })
  const spread = Math.round(Math.log2(Math.sqrt(from) * 36 * 40))
  return requantise(sketch, biased, spread - Math.round(Math.log2(range.hi + 1)) + 2, range)
}

function narrow(sketch: GraphSketch, stream: Ref, bits: number): Ref {
  return requantise(sketch, stream, bits, BYTE)
}

function requantise(sketch: GraphSketch, value: Ref, bits: number, range: typeof BYTE): Ref {
  const shifted = sketch.op({ kind: 'shift-right', inputs: [value], bits, rounding: 'half-even' })
  return sketch.op({ kind: 'clip', inputs: [shifted], ...range })
}

function lookup(sketch: GraphSketch, indices: Ref, table: Ref): Ref {
  return sketch.op({ kind: 'lookup', inputs: [indices, table], axis: 0 })
}
