import { constant, type ExactVector, plainWindow, vector } from './exact-vector.ts'

/** 9 · 1365² = 2^24 − 7,191: a 3×3 window of odd operands fills float32. */
const ODD_EDGE = 1365

/** Convolutions and poolings at the edges of their kernels, on odd shapes. */
export function convVectors(): ExactVector[] {
  return [...byteConvs(), ...floatConvs(), ...doubleConvs(), ...poolings()]
}

function byteConvs(): ExactVector[] {
  return [
    vector({
      name: 'im2col u8 × s8, strides, dilations and uneven padding around a zero point',
      kernel: 'im2col-integer-u8s8',
      inputs: [{ lo: -100, hi: 155, shape: [2, 3, 9, 8], lanes: [155, -100, 155, 154, -100, -100, 7] }],
      constants: [constant([5, 3, 3, 2], [64, -64, 63, 64, -1])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, strides: [2, 1], dilations: [1, 3], pads: [1, 0, 2, 3] }],
    }),
    vector({
      name: 'im2col u8 × u8 over one axis',
      kernel: 'im2col-integer-u8u8',
      inputs: [{ lo: 0, hi: 255, shape: [1, 4, 19], lanes: [255, 255, 254, 255, 3] }],
      constants: [constant([3, 4, 5], [127, -128, 127, 127, -128, -128])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, strides: [1], dilations: [2], pads: [4, 4] }],
    }),
  ]
}

function floatConvs(): ExactVector[] {
  return [
    vector({
      name: 'float32 Conv 3×3 of odd operands, partial sums up to 9 · 1365²',
      kernel: 'conv-float32',
      inputs: [{ lo: -ODD_EDGE, hi: ODD_EDGE, shape: [1, 1, 11, 13], lanes: [ODD_EDGE, ODD_EDGE, ODD_EDGE - 2] }],
      constants: [constant([8, 1, 3, 3], [ODD_EDGE, ODD_EDGE, ODD_EDGE, ODD_EDGE - 2])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] }],
    }),
    vector({
      name: 'float32 Conv of one tap, padded at one end of each axis',
      kernel: 'conv-float32',
      inputs: [{ lo: -ODD_EDGE, hi: ODD_EDGE, shape: [1, 2, 5, 4], lanes: [ODD_EDGE, ODD_EDGE - 2, 7] }],
      constants: [constant([4, 2, 1, 1], [ODD_EDGE, -ODD_EDGE, 3])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 1, 2] }],
    }),
    vector({
      name: 'float32 Conv, depthwise',
      kernel: 'conv-float32',
      inputs: [{ lo: -ODD_EDGE, hi: ODD_EDGE, shape: [1, 16, 8, 7], lanes: [ODD_EDGE, -ODD_EDGE, ODD_EDGE, 1] }],
      constants: [constant([16, 1, 3, 3], [-ODD_EDGE, ODD_EDGE, ODD_EDGE, ODD_EDGE, ODD_EDGE])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 16, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] }],
    }),
  ]
}

function doubleConvs(): ExactVector[] {
  const edge = 2 ** 25 - 1
  const volume = { lo: -edge, hi: edge, shape: [1, 4, 3, 5, 4], lanes: [edge, -edge, edge, edge - 2, 1] } as const
  const conv = {
    kind: 'conv',
    inputs: [0, 1],
    strides: [1, 2, 1],
    dilations: [1, 1, 1],
    pads: [0, 1, 0, 0, 0, 1],
  } as const
  return [
    vector({
      name: 'im2col float64 over three axes',
      kernel: 'im2col-float64',
      inputs: [volume],
      constants: [constant([3, 4, 1, 2, 1], [edge, -edge, 3])],
      ops: [{ ...conv, groups: 1 }],
    }),
    vector({
      name: 'im2col float64 in groups',
      kernel: 'im2col-float64',
      inputs: [volume],
      constants: [constant([6, 2, 1, 2, 1], [edge, -edge, 3])],
      ops: [{ ...conv, groups: 2 }],
    }),
    vector({
      name: 'im2col float64 gathered, for more taps than slices are cut for',
      kernel: 'im2col-float64',
      inputs: [{ lo: -edge, hi: edge, shape: [1, 2, 90], lanes: [edge, -edge, 5] }],
      constants: [constant([2, 1, 70], [1, 2, 3, -1])],
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 2, ...plainWindow(1) }],
    }),
  ]
}

function poolings(): ExactVector[] {
  const window = { strides: [2, 1], dilations: [1, 2], pads: [1, 1, 0, 1] } as const
  const edge = 2 ** 53 / 16
  return [
    vector({
      name: 'sums of 4 lanes up to 2^24',
      kernel: 'depthwise-conv-float32',
      inputs: [{ lo: -(2 ** 22), hi: 2 ** 22, shape: [1, 3, 7, 6], lanes: [2 ** 22, 2 ** 22 - 1, -(2 ** 22)] }],
      ops: [{ kind: 'sum-pool', inputs: [0], kernel: [2, 2], ...window }],
    }),
    vector({
      name: 'sums of 9 lanes up to 9 · 2^49',
      kernel: 'gather-sum-float64',
      inputs: [{ lo: -edge, hi: edge, shape: [1, 3, 7, 7], lanes: [edge, edge - 1, -edge, edge] }],
      ops: [{ kind: 'sum-pool', inputs: [0], kernel: [3, 3], ...window }],
    }),
    vector({
      name: 'maximum of negative lanes, padding skipped',
      kernel: 'max-pool-float32',
      inputs: [{ lo: -(2 ** 24), hi: -1, shape: [1, 2, 7, 6], lanes: [-5, -(2 ** 24), 1 - 2 ** 24, -7] }],
      ops: [{ kind: 'max-pool', inputs: [0], kernel: [2, 2], ...window }],
    }),
    vector({
      name: 'maximum of lanes that float32 cannot tell apart',
      kernel: 'max-pool-float64',
      inputs: [{ lo: -(2 ** 53 - 1), hi: 2 ** 53 - 1, shape: [1, 2, 7, 6], lanes: [2 ** 53 - 2, 2 ** 53 - 1, -9] }],
      ops: [{ kind: 'max-pool', inputs: [0], kernel: [2, 2], ...window }],
    }),
    vector({
      name: 'maximum where a pad reaches the kernel',
      kernel: 'gather-max-float64',
      inputs: [{ lo: -9, hi: -1, shape: [1, 2, 8], lanes: [-9, -1, -3, -8] }],
      ops: [{ kind: 'max-pool', inputs: [0], kernel: [2], strides: [1], dilations: [3], pads: [2, 2] }],
    }),
  ]
}
