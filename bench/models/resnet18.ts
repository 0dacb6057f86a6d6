import type { ExactGraph } from '../../node/exact/graph.ts'
import { createGraphSketch, type GraphSketch, type Ref } from './graph-sketch.ts'

/** Activations after a ReLU: seven bits, so that a lane is one byte and products with full bytes add up exactly on every CPU. */
const ACTIVATION = { lo: 0, hi: 127 }
/** What a branch adds to the residual stream. */
const BRANCH = { lo: -128, hi: 127 }

/** A feature map: its value, channels and width. */
interface Feature {
  readonly value: Ref
  readonly channels: number
  readonly width: number
}

interface Convolution {
  readonly channels: number
  readonly kernel: number
  readonly stride: number
  readonly range: { readonly lo: number; readonly hi: number }
}

/**
 * A graph of the shape of ResNet-18 (He et al. 2015) on 224 × 224 images: 1.8 G MACs, 11.7 M generated weights of 8 bits, 7-bit activations,
 * requantised after each convolution. It classifies nothing, and costs what ResNet-18 costs.
 */
export function resnet18(): ExactGraph {
  const sketch = createGraphSketch()
  const image = { value: sketch.input([1, 3, 224, 224], -128, 127), channels: 3, width: 224 }
  let feature = convolve(sketch, image, { channels: 64, kernel: 7, stride: 2, range: ACTIVATION })
  feature = maxPool(sketch, feature)
  for (const channels of [64, 128, 256, 512]) {
    feature = block(sketch, feature, channels, channels === 64 ? 1 : 2)
    feature = block(sketch, feature, channels, 1)
  }
  const scores = classify(sketch, feature)
  return sketch.finish([{ value: scores, laneBytes: 4 }])
}

function block(sketch: GraphSketch, input: Feature, channels: number, stride: number): Feature {
  const inner = convolve(sketch, input, { channels, kernel: 3, stride, range: ACTIVATION })
  const branch = convolve(sketch, inner, { channels, kernel: 3, stride: 1, range: BRANCH })
  const isSame = stride === 1 && channels === input.channels
  const shortcut = isSame ? input : convolve(sketch, input, { channels, kernel: 1, stride, range: BRANCH })
  const sum = sketch.op({ kind: 'add', inputs: [branch.value, shortcut.value] })
  return { ...branch, value: sketch.op({ kind: 'clip', inputs: [sum], ...ACTIVATION }) }
}

/** Convolution, bias, half-even shift and clip: one quantised kernel, and one nest of the Program. */
function convolve(sketch: GraphSketch, input: Feature, { channels, kernel, stride, range }: Convolution): Feature {
  const pad = (kernel - 1) / 2
  const weights = sketch.generated([channels, input.channels, kernel, kernel], -127, 127)
  const product = sketch.op({
    kind: 'conv',
    inputs: [input.value, weights],
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [pad, pad, pad, pad],
    groups: 1,
  })
  const biased = sketch.op({ kind: 'add', inputs: [product, sketch.generated([1, channels, 1, 1], -999, 9999)] })
  const bits = scaleBits(input.channels * kernel * kernel)
  const shifted = sketch.op({ kind: 'shift-right', inputs: [biased], bits, rounding: 'half-even' })
  const width = Math.ceil(input.width / stride)
  return { value: sketch.op({ kind: 'clip', inputs: [shifted], ...range }), channels, width }
}

/** Bits by which sums of so many generated products are shifted to fill a byte: their spread grows with the root. */
function scaleBits(terms: number): number {
  return Math.round(Math.log2(Math.sqrt(terms) * 73 * 50)) - 6
}

function maxPool(sketch: GraphSketch, input: Feature): Feature {
  const value = sketch.op({
    kind: 'max-pool',
    inputs: [input.value],
    kernel: [3, 3],
    strides: [2, 2],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
  })
  return { value, channels: input.channels, width: input.width / 2 }
}

/** Mean over the map, then a dense layer to a thousand scores. */
function classify(sketch: GraphSketch, { value, channels, width }: Feature): Ref {
  const sum = sketch.op({ kind: 'reduce-sum', inputs: [value], axes: [2, 3], keepDims: false })
  const scaled = sketch.op({ kind: 'mul', inputs: [sum, sketch.scalar(Math.round(2 ** 12 / (width * width)))] })
  const mean = sketch.op({ kind: 'shift-right', inputs: [scaled], bits: 12, rounding: 'half-even' })
  const features = sketch.op({ kind: 'clip', inputs: [mean], ...ACTIVATION })
  const scores = sketch.op({ kind: 'matmul', inputs: [features, sketch.generated([channels, 1000], -127, 127)] })
  return sketch.op({ kind: 'add', inputs: [scores, sketch.generated([1, 1000], -9999, 9999)] })
}
