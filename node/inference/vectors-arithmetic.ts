import type { Op } from '../exact/graph.ts'
import { constant, type ExactVector, vector } from './exact-vector.ts'

const SAFE = Number.MAX_SAFE_INTEGER
const FLOAT32_EDGE = 2 ** 24

/** Lane-wise ops and reductions at the edges of float32, int32 and float64, and rounding ties of both signs. */
export function arithmeticVectors(): ExactVector[] {
  return [...roundings(), ...sums(), ...comparisons()]
}

function roundings(): ExactVector[] {
  const ties = [-13, -12, -11, -10, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]
  const shift = (name: string, kernel: string, reach: number, bits: number, rounding: 'floor' | 'half-even') =>
    vector({
      name: `${name}, ${rounding}`,
      kernel,
      inputs: [{ lo: -reach, hi: reach, shape: [37], lanes: [...ties, reach, -reach, 1 - reach, reach - 1] }],
      ops: [{ kind: 'shift-right', inputs: [0], bits, rounding }],
    })
  return (['floor', 'half-even'] as const).flatMap((rounding) => [
    shift('ties in float32', 'shift-right-float32', FLOAT32_EDGE, 1, rounding),
    shift('quarters in float32', 'shift-right-float32', FLOAT32_EDGE, 2, rounding),
    shift('ties in float64', 'shift-right-float64', SAFE, 1, rounding),
    shift('nearly all bits in float64', 'shift-right-float64', SAFE, 52, rounding),
  ])
}

function sums(): ExactVector[] {
  const pair = (kind: 'add' | 'sub' | 'mul', kernel: string, reach: number, other: number): ExactVector =>
    vector({
      name: `${kind} of ${reach} and ${other}`,
      kernel,
      inputs: [
        { lo: -reach, hi: reach, shape: [3, 7], lanes: [reach, -reach, 0, 1, reach - 1] },
        { lo: -other, hi: other, shape: [7], lanes: [other, -other, 0, other] },
      ],
      ops: [{ kind, inputs: [0, 1] }],
    })
  const reduce = (kernel: string, reach: number): ExactVector =>
    vector({
      name: `sum of 8 lanes of ${reach}`,
      kernel,
      inputs: [{ lo: -reach, hi: reach, shape: [2, 3, 4], lanes: [reach, reach, reach - 1, reach, -reach] }],
      ops: [{ kind: 'reduce-sum', inputs: [0], axes: [0, 2], keepDims: false }],
    })
  return [
    ...narrowSums(),
    pair('sub', 'sub-int32', FLOAT32_EDGE, 1),
    pair('add', 'add-int32', 2 ** 30, 2 ** 30 - 1),
    pair('sub', 'sub-float64', SAFE - 1, 1),
    pair('mul', 'mul-float32', 4096, 4096),
    pair('mul', 'mul-int32', 46_341, 46_340),
    pair('mul', 'mul-float64', 2 ** 26, 2 ** 26 + 1),
    reduce('reduce-sum-int32', FLOAT32_EDGE / 8 + 1),
    reduce('reduce-sum-float64', 2 ** 49),
  ]
}

/** Sums that fill float32, of 2-byte inputs (4-byte ones would be summed as the int32 that they are). */
function narrowSums(): ExactVector[] {
  const lanes = [32_767, 32_767, 32_766, 32_767, -32_767]
  return [
    vector({
      name: 'add up to 2^24',
      kernel: 'add-float32',
      inputs: [
        { lo: -32_767, hi: 32_767, shape: [2, 3, 4], lanes },
        { lo: -512, hi: 512, shape: [1], lanes: [512] },
      ],
      ops: [
        { kind: 'shift-left', inputs: [0], bits: 9 },
        { kind: 'add', inputs: [2, 1] },
      ],
    }),
    vector({
      name: 'sum of 8 lanes up to 2^24 − 512',
      kernel: 'reduce-sum-float32',
      inputs: [{ lo: -32_767, hi: 32_767, shape: [2, 3, 4], lanes }],
      ops: [
        { kind: 'shift-left', inputs: [0], bits: 6 },
        { kind: 'reduce-sum', inputs: [1], axes: [0, 2], keepDims: false },
      ],
    }),
  ]
}

function comparisons(): ExactVector[] {
  const unary = (name: string, kernel: string, reach: number, op: Op): ExactVector =>
    vector({
      name,
      kernel,
      inputs: [{ lo: -reach, hi: reach, shape: [3, 5], lanes: [-2, reach, 0, reach, reach - 1, -reach, 1, 1] }],
      ops: [op],
    })
  const axes = { axes: [1], keepDims: true } as const
  return [
    unary('clip far outside of float32', 'clip-float32', 100, { kind: 'clip', inputs: [0], lo: -SAFE, hi: 7 }),
    unary('clip', 'clip-int32', FLOAT32_EDGE + 1, { kind: 'clip', inputs: [0], lo: -3, hi: FLOAT32_EDGE }),
    unary('clip', 'clip-float64', SAFE, { kind: 'clip', inputs: [0], lo: 1 - SAFE, hi: SAFE - 1 }),
    unary('greatest lane', 'reduce-max-float64', SAFE, { kind: 'reduce-max', inputs: [0], ...axes }),
    unary('least lane', 'reduce-min-int32', 2 ** 30, { kind: 'reduce-min', inputs: [0], ...axes }),
    unary('first of equals', 'argmax-float32', 9, { kind: 'argmax', inputs: [0], axis: 1, keepDims: false }),
    unary('first of equals', 'argmax-float64', SAFE, { kind: 'argmax', inputs: [0], axis: 0, keepDims: true }),
    unary('left shift', 'shift-left-float64', 1023, { kind: 'shift-left', inputs: [0], bits: 43 }),
    vector({
      name: 'lookup, with indices from an argmax',
      kernel: 'gather',
      inputs: [{ lo: -9, hi: 9, shape: [4, 3], lanes: [1, 9, 9, -9, -9, -9, 0, 0, 1] }],
      constants: [constant([3, 2], [SAFE, -SAFE, 1, -1, 2, 0])],
      ops: [
        { kind: 'argmax', inputs: [0], axis: 1, keepDims: false },
        { kind: 'lookup', inputs: [2, 1], axis: 0 },
      ],
    }),
  ]
}
