import { constant, type ExactVector, vector } from './exact-vector.ts'

const BYTES = { lo: 0, hi: 255 } as const
const SIGNED_BYTES = { lo: -128, hi: 127 } as const
/** a · Σ|w| = 2047 · 8196 is the greatest multiple of 2047 within 2^24. */
const FLOAT32_EDGE = [2047, 2051, 2047, 2051]
/** 2 · (2^26 − 1)² is just under 2^53. */
const FLOAT64_EDGE = 2 ** 26 - 1

/** Matrix products at the edges of their kernels: VPMADDUBSW's pair sums, 2^24, 2^31 and 2^53. */
export function matmulVectors(): ExactVector[] {
  return [...byteProducts(), ...floatProducts()]
}

function byteProducts(): ExactVector[] {
  const product = { kind: 'matmul', inputs: [0, 1] } as const
  return [
    vector({
      name: 'u8 × s8, pair sums of 2 · 255 · 64 = 32,640',
      kernel: 'matmul-integer-u8s8',
      inputs: [{ ...BYTES, shape: [3, 35], lanes: [255, 255, 255, 254] }],
      constants: [constant([35, 17], [64, -64, 64, 63, -64])],
      ops: [product],
    }),
    vector({
      name: 'u8 × s8, pair sums of 2 · 127 · 128 = 32,512',
      kernel: 'matmul-integer-u8s8',
      inputs: [{ lo: 0, hi: 127, shape: [2, 64], lanes: [127] }],
      constants: [constant([64, 5], [-128, 127, -128])],
      ops: [product],
    }),
    vector({
      name: 'signed activations as u8 with a zero point',
      kernel: 'matmul-integer-u8s8',
      inputs: [{ ...SIGNED_BYTES, shape: [1, 67], lanes: [127, -128, 127, 0, -1] }],
      constants: [constant([67, 3], [64, 64, -64, 1])],
      ops: [product],
    }),
    vector({
      name: 'u8 × u8, where u8 × s8 would saturate at 2 · 255 · 65',
      kernel: 'matmul-integer-u8u8',
      inputs: [{ ...BYTES, shape: [4, 66], lanes: [255, 255, 253] }],
      constants: [constant([66, 33], [65, 65, 127, -128, -128, 127])],
      ops: [product],
    }),
    vector({
      name: 'u8 × u8 of two batched activations, both with a zero point',
      kernel: 'matmul-integer-u8u8',
      inputs: [
        { ...SIGNED_BYTES, shape: [2, 1, 5, 31], lanes: [127, -128, -128, 5, 127, 1, -1] },
        { ...SIGNED_BYTES, shape: [3, 31, 7], lanes: [-128, -128, 127, 127, 3] },
      ],
      ops: [product],
    }),
  ]
}

function floatProducts(): ExactVector[] {
  const product = { kind: 'matmul', inputs: [0, 1] } as const
  return [
    vector({
      name: 'float32, partial sums up to 2047 · 8196 = 2^24 − 4',
      kernel: 'matmul-float32',
      inputs: [{ lo: -2047, hi: 2047, shape: [5, 4], lanes: [2047, 2047, 2047, 2047, -2047, 2045, 2047, -2047, 1] }],
      constants: [
        constant(
          [4, 9],
          FLOAT32_EDGE.flatMap((weight) => new Array<number>(9).fill(weight)),
        ),
      ],
      ops: [product],
    }),
    vector({
      name: 'float64, partial sums just over 2^24',
      kernel: 'matmul-float64',
      inputs: [{ lo: -4097, hi: 4097, shape: [3, 2], lanes: [4097, 1, 4097, 4097, 4095, -1] }],
      constants: [constant([2, 3], [4095, 4095, 4095, 1, 2, 3])],
      ops: [product],
    }),
    vector({
      name: 'float64, partial sums up to 2 · (2^26 − 1)²',
      kernel: 'matmul-float64',
      inputs: [
        { lo: -FLOAT64_EDGE, hi: FLOAT64_EDGE, shape: [3, 2], lanes: [FLOAT64_EDGE, FLOAT64_EDGE, 1 - FLOAT64_EDGE] },
      ],
      constants: [constant([2, 3], [FLOAT64_EDGE, FLOAT64_EDGE - 2, -FLOAT64_EDGE])],
      ops: [product],
    }),
  ]
}
