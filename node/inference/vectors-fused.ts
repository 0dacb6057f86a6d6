import type { Bounds, Op } from '../exact/graph.ts'
import { constant, type ExactVector, type VectorInput, vector } from './exact-vector.ts'

const BYTES: Bounds = { lo: 0, hi: 255 }
const SIGNED_BYTES: Bounds = { lo: -128, hi: 127 }
/** Ties of both signs around a shift by 4, and their neighbours. */
const TIES = [-40, -24, -8, 8, 24, 40, 56, -39, -41, 7, 9, 2040, 2056, 2071, 2072, 2073, -2056, -2072]

/** Lanes rounded to bytes for a kernel that reads bytes, sums of bytes, and products, quotients and sums whose shift or square is taken in. */
export function fusedVectors(): ExactVector[] {
  return [...byteLanes(), ...scaledLanes(), ...sums()]
}

function byteLanes(): ExactVector[] {
  const words = (reach: number, lanes: readonly number[]): VectorInput => ({
    lo: -reach,
    hi: reach,
    shape: [3, 7],
    lanes,
  })
  return [
    read(
      'rounded and saturated ties',
      'quantize-uint8',
      [words(2 ** 24, [...TIES, 2 ** 24, -(2 ** 24)])],
      4,
      SIGNED_BYTES,
    ),
    read('rounded, with a clip narrower than a byte', 'quantize-uint8', [words(32_767, TIES)], 4, { lo: 3, hi: 77 }),
    read(
      'lanes that float32 has to round, far beyond the clip',
      'quantize-uint8',
      [words(2 ** 31 - 1, [2 ** 31 - 1, 1 - 2 ** 31, 2 ** 24 + 1, ...TIES, -(2 ** 24) - 1])],
      15,
      BYTES,
    ),
    byteSum('sums of bytes', SIGNED_BYTES, { lo: -100, hi: 100 }, SIGNED_BYTES),
    byteSum('sums of bytes with a clip narrower than a byte', BYTES, { lo: -120, hi: 7 }, { lo: -5, hi: 99 }),
    clipped('a table that is a clip of bytes', 'clip-uint8'),
    vector({
      name: 'bytes with another zero point, as indices of a table',
      kernel: 'offset-uint8',
      inputs: [words(3000, TIES)],
      constants: [constant([], [128]), constant([256], [5, -7, 99, 0, 2 ** 40])],
      ops: [
        { kind: 'shift-right', inputs: [0], bits: 4, rounding: 'half-even' },
        { kind: 'clip', inputs: [3], ...SIGNED_BYTES },
        { kind: 'add', inputs: [4, 1] },
        { kind: 'lookup', inputs: [5, 2], axis: 0 },
      ],
    }),
    vector({
      name: 'a table for many lanes, a copy a row',
      kernel: 'gather-elements',
      inputs: [{ ...BYTES, shape: [4, 2048], lanes: [0, 255, 254, 1, 128, 127, 3] }],
      constants: [constant([256], [127, -128, 5, 0, 77, -1, 3])],
      ops: [{ kind: 'lookup', inputs: [0, 1], axis: 0 }],
    }),
  ]
}

/** The inputs' first, shifted and clipped, contracted with a matrix. */
function read(name: string, kernel: string, inputs: readonly VectorInput[], bits: number, clip: Bounds): ExactVector {
  return vector({
    name,
    kernel,
    inputs,
    constants: [constant([7, 2], [1, 3, 7, -64, 64, 5, 11])],
    ops: [
      { kind: 'shift-right', inputs: [0], bits, rounding: 'half-even' },
      { kind: 'clip', inputs: [2], ...clip },
      { kind: 'matmul', inputs: [3, 1] },
    ],
  })
}

/** Two inputs rounded to bytes, their sum clipped and contracted with a matrix. */
function byteSum(name: string, left: Bounds, right: Bounds, clip: Bounds): ExactVector {
  const lanes = (range: Bounds, order: readonly number[]) =>
    order.map((part) => Math.round(range.lo + part * (range.hi - range.lo)))
  const input = { lo: -20_000, hi: 20_000, shape: [9, 7] }
  return vector({
    name,
    kernel: 'qlinear-add-uint8',
    inputs: [
      { ...input, lanes: lanes(left, [0, 1, 0.5, 1, 0.3, 0.7, 0.1, 0.9]).map((lane) => 16 * lane) },
      { ...input, lanes: lanes(right, [0, 1, 1, 0, 0.2, 0.8, 0.5]).map((lane) => 16 * lane) },
    ],
    constants: [constant([7, 2], [1, 3, 7, -64, 64, 5, 11])],
    ops: [
      { kind: 'shift-right', inputs: [0], bits: 4, rounding: 'half-even' },
      { kind: 'clip', inputs: [3], ...left },
      { kind: 'shift-right', inputs: [1], bits: 4, rounding: 'half-even' },
      { kind: 'clip', inputs: [5], ...right },
      { kind: 'matmul', inputs: [4, 2] },
      { kind: 'matmul', inputs: [6, 2] },
      { kind: 'add', inputs: [4, 6] },
      { kind: 'clip', inputs: [9], ...clip },
      { kind: 'matmul', inputs: [10, 2] },
      { kind: 'sub', inputs: [7, 8] },
      { kind: 'add', inputs: [11, 12] },
    ],
  })
}

function clipped(name: string, kernel: string): ExactVector {
  const table = Array.from({ length: 256 }, (_, i) => Math.min(Math.max(i - 100, -60), 70))
  return vector({
    name,
    kernel,
    inputs: [{ lo: -20_000, hi: 20_000, shape: [3, 9], lanes: TIES }],
    constants: [constant([256], table)],
    ops: [
      { kind: 'shift-right', inputs: [0], bits: 4, rounding: 'half-even' },
      { kind: 'clip', inputs: [2], ...BYTES },
      { kind: 'lookup', inputs: [3, 1], axis: 0 },
    ],
  })
}

function scaledLanes(): ExactVector[] {
  const product = (dtype: string, wide: number, factor: number, bits: number): ExactVector =>
    vector({
      name: `${wide} · ${factor} + 1, shifted by ${bits}`,
      kernel: `scaled-product-${dtype}`,
      inputs: [{ lo: -wide, hi: wide, shape: [3, 8], lanes: [wide, -wide, wide - 1, 1, 0, -1, 3, 5, 7] }],
      constants: [constant([8], [factor, 1 - factor, factor, 3, -5]), constant([], [1])],
      ops: [
        { kind: 'mul', inputs: [0, 1] },
        { kind: 'add', inputs: [3, 2] },
        { kind: 'shift-right', inputs: [4], bits, rounding: 'half-even' },
      ],
    })
  const quotient = (dtype: string, reach: number, bits: number): ExactVector =>
    vector({
      name: `${reach} · 2^${bits} over the greatest of each row`,
      kernel: `scaled-floordiv-${dtype}`,
      inputs: [{ lo: 1, hi: reach, shape: [3, 9], lanes: [reach, 1, reach - 1, 3, 7, 2, reach, reach - 2] }],
      ops: [
        { kind: 'reduce-max', inputs: [0], axes: [1], keepDims: true },
        { kind: 'shift-left', inputs: [0], bits },
        { kind: 'floordiv', inputs: [2, 1] },
      ],
    })
  return [
    product('float32', 4095, 4096, 1),
    product('float32', 4095, 4096, 7),
    product('float64', 2 ** 26, 2 ** 26 - 1, 1),
    product('float64', 2 ** 26, 2 ** 26 - 1, 30),
    quotient('float32', 2 ** 10, 14),
    quotient('float64', 2 ** 20, 32),
  ]
}

function sums(): ExactVector[] {
  const squares = (dtype: string, reach: number): ExactVector =>
    vector({
      name: `squares of ${reach} in rows of 4`,
      kernel: `reduce-sum-square-${dtype}`,
      inputs: [{ lo: -reach, hi: reach, shape: [3, 4], lanes: [reach, -reach, reach, reach, 1 - reach, 1, 0] }],
      ops: [
        { kind: 'mul', inputs: [0, 0] },
        { kind: 'reduce-sum', inputs: [1], axes: [1], keepDims: false },
      ],
    })
  const cut: Op = { kind: 'reduce-sum', inputs: [1], axes: [1], keepDims: true }
  return [
    squares('float32', 2048),
    squares('float64', 2 ** 25 + 1),
    vector({
      name: 'sums of rows whose halves fill float32',
      kernel: 'reduce-sum-of-parts',
      inputs: [{ lo: -32_768, hi: 32_767, shape: [4, 1024], lanes: [32_767, 32_767, 32_767, -32_768, 32_766] }],
      ops: [{ kind: 'shift-left', inputs: [0], bits: 1 }, cut],
    }),
  ]
}
