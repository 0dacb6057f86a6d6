import type { Bounds, GraphConstant, Op } from '../exact/graph.ts'
import { constant, type ExactVector, plainWindow, vector } from './exact-vector.ts'

const BYTES: Bounds = { lo: 0, hi: 255 }
const SIGNED_BYTES: Bounds = { lo: -128, hi: 127 }

/** 2^24 less what 33 products of bytes within ±64 can reach. */
const BIAS_TO_EDGE = 2 ** 24 - 33 * 255 * 64

/**
 * Contractions requantised by their kernel: rounding ties of both signs, zero points, factors a channel, saturation, clips within
 * 8 bits, wide results of sums up to 2^24, and pair sums that would saturate u8 × s8 kernels.
 */
export function requantisedVectors(): ExactVector[] {
  return [...products(), ...wideProducts(), ...activations(), ...convolutions()]
}

interface Product {
  readonly range: Bounds
  readonly weights?: readonly number[]
  readonly bias: GraphConstant
  readonly factors?: GraphConstant
  readonly bits: number
  readonly clip: Bounds
}

function product(name: string, kernel: string, parts: Product): ExactVector {
  const { range, weights = [64, -64, 1, 0, 63, -1, 2], bias, factors = constant([], [1]), bits, clip } = parts
  return vector({
    name: `QGemm, ${name}`,
    kernel,
    inputs: [{ ...range, shape: [2, 3, 33], lanes: [range.hi, range.lo, 1, range.hi, 3, 6, 2] }],
    constants: [constant([33, 18], weights), bias, factors],
    ops: requantise({ kind: 'matmul', inputs: [0, 1] }, bits, clip),
  })
}

function products(): ExactVector[] {
  const narrow = (name: string, parts: Product) => product(name, 'qgemm-u8s8', parts)
  const small = { lo: -3, hi: 6 }
  return [
    narrow('ties', { range: small, bias: constant([18], [1, -1, 3, 2, 0]), bits: 1, clip: SIGNED_BYTES }),
    narrow('u8', { range: BYTES, bias: constant([18], [-300, 700, 12_345, 8]), bits: 9, clip: BYTES }),
    narrow('narrow clip', { range: SIGNED_BYTES, bias: constant([], [77]), bits: 7, clip: { lo: 5, hi: 77 } }),
    narrow('ties under a factor a channel', {
      range: small,
      bias: constant([18], [1, -1, 3, 2, 0]),
      factors: constant([18], [1, 2, 4, 16, 0, 3, 64]),
      bits: 3,
      clip: SIGNED_BYTES,
    }),
    narrow('sums beyond 2^24', {
      range: BYTES,
      bias: constant([18], [2 ** 30, -(2 ** 30), 2 ** 24 + 1, 64]),
      bits: 15,
      clip: BYTES,
    }),
    narrow('sums beyond 2^24 in channels whose factor makes up for the shift', {
      range: BYTES,
      bias: constant([18], [2 ** 26 + 1, 900, -(2 ** 25) - 1]),
      factors: constant([18], [8, 1, 4]),
      bits: 17,
      clip: BYTES,
    }),
    narrow('sums up to 2^24 shifted by 16', {
      range: small,
      bias: constant([18], [2 ** 24 - 12_672, 98_304, 32_768]),
      bits: 16,
      clip: BYTES,
    }),
    product('u8 × u8', 'qgemm-u8u8', {
      range: BYTES,
      weights: [127, 127, -128, 127, 126],
      bias: constant([18], [5, -8]),
      factors: constant([18], [1, 2]),
      bits: 12,
      clip: { lo: -60, hi: 70 },
    }),
  ]
}

function wideProducts(): ExactVector[] {
  const edge = constant([18], [BIAS_TO_EDGE, -BIAS_TO_EDGE, BIAS_TO_EDGE - 1, 1 - BIAS_TO_EDGE])
  return [
    product('wide ties of sums up to 2^24', 'qgemm-float32-u8s8', {
      range: BYTES,
      weights: [64, 64, 63, 64, 64, 64, 64],
      bias: edge,
      bits: 1,
      clip: { lo: -(2 ** 23) + 5, hi: 2 ** 23 - 5 },
    }),
    product('wide, with a factor a channel', 'qgemm-float32-u8s8', {
      range: BYTES,
      bias: edge,
      factors: constant([18], [1, 16, 4, 2, 64]),
      bits: 9,
      clip: { lo: -32_768, hi: 32_767 },
    }),
    product('wide, u8 × u8', 'qgemm-float32-u8u8', {
      range: BYTES,
      weights: [127, 127, -128, 127, 126],
      bias: constant([18], [5, -8, 2 ** 23]),
      bits: 2,
      clip: { lo: -32_768, hi: 32_767 },
    }),
  ]
}

/** Products of two activations, with a factor for all. */
function activations(): ExactVector[] {
  const activation = (kernel: string, right: Bounds, bits: number, clip: Bounds): ExactVector =>
    vector({
      name: `two batched activations, shifted by ${bits}`,
      kernel,
      inputs: [
        { ...SIGNED_BYTES, shape: [2, 2, 5, 31], lanes: [127, -128, -128, 5, 127, 1, -1] },
        { ...right, shape: [2, 31, 7], lanes: [right.lo, right.lo, right.hi, right.hi, 3] },
      ],
      constants: [constant([], [3])],
      ops: [
        { kind: 'matmul', inputs: [0, 1] },
        { kind: 'mul', inputs: [3, 2] },
        { kind: 'shift-right', inputs: [4], bits, rounding: 'half-even' },
        { kind: 'clip', inputs: [5], ...clip },
      ],
    })
  const sevenBits = { lo: -64, hi: 64 }
  return [
    activation('qlinear-matmul-u8s8', sevenBits, 9, SIGNED_BYTES),
    activation('qlinear-matmul-u8u8', SIGNED_BYTES, 12, { lo: -20, hi: 100 }),
    activation('matmul-integer-to-float-u8s8', sevenBits, 1, { lo: -32_768, hi: 32_767 }),
    activation('matmul-integer-to-float-u8u8', SIGNED_BYTES, 3, { lo: -32_768, hi: 32_767 }),
  ]
}

function convolutions(): ExactVector[] {
  const bias = constant([6, 1, 1], [1, -1, 640, -640, 12, 0])
  const factors = constant([6, 1, 1], [1, 2, 8, 4, 1, 0])
  const one = constant([], [1])
  const window = { strides: [2, 1], dilations: [1, 3], pads: [1, 0, 2, 3] }
  const strided = (kernel: string, weights: readonly number[], bits: number, clip: Bounds): ExactVector =>
    vector({
      name: 'strides, dilations and uneven padding around a zero point, a factor a channel',
      kernel,
      inputs: [{ lo: -100, hi: 155, shape: [2, 4, 9, 8], lanes: [155, -100, 155, 154, -100, -100, 7] }],
      constants: [constant([6, 4, 3, 2], weights), bias, factors],
      ops: requantise({ kind: 'conv', inputs: [0, 1], groups: 1, ...window }, bits, clip),
    })
  const sevenBits = [64, -64, 63, 64, -1]
  const eightBits = [127, 127, -128, 127, 1]
  const wide = { lo: -32_768, hi: 32_767 }
  return [
    strided('qlinear-conv-u8s8', sevenBits, 8, SIGNED_BYTES),
    strided('qlinear-conv-u8u8', eightBits, 10, SIGNED_BYTES),
    strided('im2col-qgemm-float32-u8s8', sevenBits, 3, wide),
    strided('im2col-qgemm-float32-u8u8', eightBits, 4, wide),
    vector({
      name: 'QLinearConv, depthwise, then NhwcMaxPool on signed lanes',
      kernel: 'nhwc-max-pool-uint8',
      inputs: [{ ...BYTES, shape: [1, 6, 7, 7], lanes: [255, 254, 3, 255, 0, 1] }],
      constants: [constant([6, 1, 3, 3], [64, 64, -64, 63, -64]), bias, factors],
      ops: [
        ...requantise(
          { kind: 'conv', inputs: [0, 1], groups: 6, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] },
          6,
          { lo: -60, hi: 60 },
        ),
        { kind: 'max-pool', inputs: [8], kernel: [2, 3], strides: [2, 1], dilations: [1, 1], pads: [0, 1, 1, 1] },
      ],
    }),
    vector({
      name: 'QLinearConv over one axis, in groups',
      kernel: 'qlinear-conv-u8s8',
      inputs: [{ lo: 0, hi: 127, shape: [1, 4, 15], lanes: [127, 127, 126, 1] }],
      constants: [constant([6, 2, 3], [-128, 127, 127, -128, 5]), constant([1, 6, 1], [5, -7]), one],
      ops: requantise({ kind: 'conv', inputs: [0, 1], groups: 2, ...plainWindow(1) }, 5, { lo: 0, hi: 127 }),
    }),
  ]
}

/** A contraction of values 0 and 1, plus value 2, times value 3, shifted and clipped. Values 4 to 8. */
function requantise(contraction: Op, bits: number, clip: Bounds): Op[] {
  return [
    contraction,
    { kind: 'add', inputs: [4, 2] },
    { kind: 'mul', inputs: [5, 3] },
    { kind: 'shift-right', inputs: [6], bits, rounding: 'half-even' },
    { kind: 'clip', inputs: [7], ...clip },
  ]
}
