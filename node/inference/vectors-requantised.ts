import type { Bounds, GraphConstant, Op } from '../exact/graph.ts'
import { constant, type ExactVector, plainWindow, vector } from './exact-vector.ts'

const BYTES: Bounds = { lo: 0, hi: 255 }
const SIGNED_BYTES: Bounds = { lo: -128, hi: 127 }

/** Contractions requantised in one pass: rounding ties of both signs, zero points, saturation and clips within 8 bits. */
export function requantisedVectors(): ExactVector[] {
  return [...products(), ...convolutions()]
}

function products(): ExactVector[] {
  const product = (
    name: string,
    parts: { range: Bounds; bias: GraphConstant; bits: number; clip: Bounds },
  ): ExactVector =>
    vector({
      name: `QGemm, ${name}`,
      kernel: 'qgemm-u8s8',
      inputs: [
        { ...parts.range, shape: [2, 3, 33], lanes: [parts.range.hi, parts.range.lo, 1, parts.range.hi, 3, 6, 2] },
      ],
      constants: [constant([33, 18], [64, -64, 1, 0, 63, -1, 2]), parts.bias],
      ops: requantise({ kind: 'matmul', inputs: [0, 1] }, parts.bits, parts.clip),
    })
  return [
    product('ties', { range: { lo: -3, hi: 6 }, bias: constant([18], [1, -1, 3, 2, 0]), bits: 1, clip: SIGNED_BYTES }),
    product('u8', { range: BYTES, bias: constant([18], [-300, 700, 12_345, 8]), bits: 9, clip: BYTES }),
    product('narrow clip', { range: SIGNED_BYTES, bias: constant([], [77]), bits: 7, clip: { lo: 5, hi: 77 } }),
    product('sums beyond 2^24', {
      range: BYTES,
      bias: constant([18], [2 ** 30, -(2 ** 30), 2 ** 24 + 1, 64]),
      bits: 15,
      clip: BYTES,
    }),
    product('sums up to 2^24 shifted by 16', {
      range: { lo: -3, hi: 6 },
      bias: constant([18], [2 ** 24 - 12_672, 98_304, 32_768]),
      bits: 16,
      clip: BYTES,
    }),
  ]
}

function convolutions(): ExactVector[] {
  const bias = constant([6, 1, 1], [1, -1, 640, -640, 12, 0])
  return [
    vector({
      name: 'QLinearConv, strides, dilations and uneven padding around a zero point',
      kernel: 'qlinear-conv-u8s8',
      inputs: [{ lo: -100, hi: 155, shape: [2, 4, 9, 8], lanes: [155, -100, 155, 154, -100, -100, 7] }],
      constants: [constant([6, 4, 3, 2], [64, -64, 63, 64, -1]), bias],
      ops: requantise(
        { kind: 'conv', inputs: [0, 1], groups: 1, strides: [2, 1], dilations: [1, 3], pads: [1, 0, 2, 3] },
        8,
        SIGNED_BYTES,
      ),
    }),
    vector({
      name: 'QLinearConv, depthwise, then NhwcMaxPool on signed lanes',
      kernel: 'nhwc-max-pool-uint8',
      inputs: [{ ...BYTES, shape: [1, 6, 7, 7], lanes: [255, 254, 3, 255, 0, 1] }],
      constants: [constant([6, 1, 3, 3], [64, 64, -64, 63, -64]), bias],
      ops: [
        ...requantise(
          { kind: 'conv', inputs: [0, 1], groups: 6, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] },
          6,
          { lo: -60, hi: 60 },
        ),
        { kind: 'max-pool', inputs: [6], kernel: [2, 3], strides: [2, 1], dilations: [1, 1], pads: [0, 1, 1, 1] },
      ],
    }),
    vector({
      name: 'QLinearConv over one axis, in groups',
      kernel: 'qlinear-conv-u8s8',
      inputs: [{ lo: 0, hi: 127, shape: [1, 4, 15], lanes: [127, 127, 126, 1] }],
      constants: [constant([6, 2, 3], [-128, 127, 127, -128, 5]), constant([1, 6, 1], [5, -7])],
      ops: requantise({ kind: 'conv', inputs: [0, 1], groups: 2, ...plainWindow(1) }, 5, { lo: 0, hi: 127 }),
    }),
  ]
}

/** A contraction of values 0 and 1, plus value 2, shifted and clipped. Values 3 to 6. */
function requantise(contraction: Op, bits: number, clip: Bounds): Op[] {
  return [
    contraction,
    { kind: 'add', inputs: [3, 2] },
    { kind: 'shift-right', inputs: [4], bits, rounding: 'half-even' },
    { kind: 'clip', inputs: [5], ...clip },
  ]
}
