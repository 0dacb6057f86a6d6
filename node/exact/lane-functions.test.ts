import { describe, expect, it } from 'vitest'
import { graphOf, tensorOf } from '../../test/support/small-graph.ts'
import { checkGraph } from './check.ts'
import type { Op, Shape, Tensor } from './graph.ts'
import { runReference } from './reference.ts'
import { boundsOf, laneBytesOf } from './tensor-data.ts'

const MAX = Number.MAX_SAFE_INTEGER
const WINDOW_1D = { strides: [1], dilations: [1], pads: [0, 0] }
const WINDOW_2D = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
const matrix = tensorOf([2, 3], [1, 2, 3, 4, 5, 6])

type Vector = readonly [name: string, op: Op, operands: readonly Tensor[], shape: Shape, lanes: readonly number[]]

const VECTORS: readonly Vector[] = [
  [
    'add, broadcasting a row',
    { kind: 'add', inputs: [0, 1] },
    [matrix, tensorOf([3], [10, 20, 30])],
    [2, 3],
    [11, 22, 33, 14, 25, 36],
  ],
  [
    'add, both sides broadcast',
    { kind: 'add', inputs: [0, 1] },
    [tensorOf([2, 1], [1, 2]), tensorOf([2], [10, 20])],
    [2, 2],
    [11, 21, 12, 22],
  ],
  ['add, up to 2^53 − 1', { kind: 'add', inputs: [0, 1] }, [tensorOf([1], [MAX - 1]), tensorOf([1], [1])], [1], [MAX]],
  ['sub, of scalars', { kind: 'sub', inputs: [0, 1] }, [tensorOf([], [3]), tensorOf([], [5])], [], [-2]],
  ['sub, equal lanes give 0', { kind: 'sub', inputs: [0, 1] }, [tensorOf([1], [-4]), tensorOf([1], [-4])], [1], [0]],
  [
    'mul, 0 · −1 is 0 and not −0',
    { kind: 'mul', inputs: [0, 1] },
    [tensorOf([3], [0, -3, -2]), tensorOf([3], [-1, 4, -5])],
    [3],
    [0, -12, 10],
  ],
  [
    'mul, 0 · −2^53 in wide lanes is not −0',
    { kind: 'mul', inputs: [0, 1] },
    [tensorOf([2], [0, 1]), tensorOf([2], [-MAX, MAX])],
    [2],
    [0, MAX],
  ],
  ['min', { kind: 'min', inputs: [0, 1] }, [tensorOf([3], [1, -5, 7]), tensorOf([], [2])], [3], [1, -5, 2]],
  ['max', { kind: 'max', inputs: [0, 1] }, [tensorOf([3], [1, -5, 7]), tensorOf([], [2])], [3], [2, 2, 7]],
  ['clip', { kind: 'clip', inputs: [0], lo: -2, hi: 4 }, [tensorOf([4], [-9, -2, 4, 5])], [4], [-2, -2, 4, 4]],
  [
    'shift-left',
    { kind: 'shift-left', inputs: [0], bits: 52 },
    [tensorOf([3], [-1, 0, 1])],
    [3],
    [-(2 ** 52), 0, 2 ** 52],
  ],
  [
    'shift-right, floor',
    { kind: 'shift-right', inputs: [0], bits: 1, rounding: 'floor' },
    [tensorOf([5], [-3, -1, 0, 1, 3])],
    [5],
    [-2, -1, 0, 0, 1],
  ],
  [
    'shift-right, half-even',
    { kind: 'shift-right', inputs: [0], bits: 2, rounding: 'half-even' },
    [tensorOf([8], [-7, -6, -5, -2, 1, 2, 6, 10])],
    [8],
    [-2, -2, -1, 0, 0, 0, 2, 2],
  ],
  [
    'shift-right, half-even at the ends',
    { kind: 'shift-right', inputs: [0], bits: 52, rounding: 'half-even' },
    [tensorOf([4], [MAX, -MAX, 2 ** 51, 3 * 2 ** 51])],
    [4],
    [2, -2, 0, 2],
  ],
  [
    'floordiv, towards −∞',
    { kind: 'floordiv', inputs: [0, 1] },
    [tensorOf([7], [-7, -6, -1, 0, 1, 6, 7]), tensorOf([], [3])],
    [7],
    [-3, -2, -1, 0, 0, 2, 2],
  ],
  [
    'floordiv, at the ends, broadcasting',
    { kind: 'floordiv', inputs: [0, 1] },
    [tensorOf([2, 1], [MAX, -MAX]), tensorOf([4], [1, 2, MAX - 1, MAX])],
    [2, 4],
    [MAX, 2 ** 52 - 1, 1, 1, -MAX, -(2 ** 52), -2, -1],
  ],
  [
    'isqrt, next to squares',
    { kind: 'isqrt', inputs: [0] },
    [tensorOf([8], [0, 1, 3, 4, 2 ** 24 - 1, 2 ** 50 - 1, 2 ** 50, 2 ** 52 - 1])],
    [8],
    [0, 1, 1, 2, 4095, 2 ** 25 - 1, 2 ** 25, 2 ** 26 - 1],
  ],
  [
    'less, broadcasting',
    { kind: 'less', inputs: [0, 1] },
    [tensorOf([2, 1], [1, -2]), tensorOf([3], [-2, 1, 2])],
    [2, 3],
    [0, 0, 1, 0, 1, 1],
  ],
  [
    'equal, at the ends',
    { kind: 'equal', inputs: [0, 1] },
    [tensorOf([4], [MAX, MAX, -MAX, 0]), tensorOf([4], [MAX, MAX - 1, MAX, 0])],
    [4],
    [1, 0, 0, 1],
  ],
  [
    'select, all three broadcasting',
    { kind: 'select', inputs: [0, 1, 2] },
    [tensorOf([2, 1], [1, 0]), tensorOf([3], [1, 2, 3]), tensorOf([1, 1, 1], [-9])],
    [1, 2, 3],
    [1, 2, 3, -9, -9, -9],
  ],
  [
    'matmul',
    { kind: 'matmul', inputs: [0, 1] },
    [matrix, tensorOf([3, 2], [1, -1, 2, -2, 3, -3])],
    [2, 2],
    [14, -14, 32, -32],
  ],
  [
    'matmul, batch axes broadcast',
    { kind: 'matmul', inputs: [0, 1] },
    [tensorOf([2, 1, 2], [1, 2, 3, 4]), tensorOf([1, 2, 1], [5, 6])],
    [2, 1, 1],
    [17, 39],
  ],
  [
    'matmul, a matrix times a batch',
    { kind: 'matmul', inputs: [0, 1] },
    [tensorOf([1, 2], [1, 10]), tensorOf([2, 2, 1], [1, 2, 3, 4])],
    [2, 1, 1],
    [21, 43],
  ],
  [
    'conv, 1-D',
    { kind: 'conv', inputs: [0, 1], groups: 1, ...WINDOW_1D },
    [tensorOf([1, 1, 4], [1, 2, 3, 4]), tensorOf([1, 1, 2], [10, 1])],
    [1, 1, 3],
    [12, 23, 34],
  ],
  [
    'conv, padding, stride and dilation',
    { kind: 'conv', inputs: [0, 1], groups: 1, strides: [2], dilations: [2], pads: [1, 1] },
    [tensorOf([1, 1, 5], [1, 2, 3, 4, 5]), tensorOf([1, 1, 2], [10, 1])],
    [1, 1, 3],
    [2, 24, 40],
  ],
  [
    'conv, channels and groups',
    { kind: 'conv', inputs: [0, 1], groups: 2, ...WINDOW_1D },
    [tensorOf([1, 4, 1], [1, 2, 3, 4]), tensorOf([4, 2, 1], [1, 1, 1, -1, 1, 1, 1, -1])],
    [1, 4, 1],
    [3, -1, 7, -1],
  ],
  [
    'conv, 2-D over a batch',
    { kind: 'conv', inputs: [0, 1], groups: 1, ...WINDOW_2D },
    [tensorOf([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), tensorOf([1, 1, 2, 2], [1000, 100, 10, 1])],
    [2, 1, 1, 1],
    [1234, 5678],
  ],
  [
    'conv, 3-D',
    { kind: 'conv', inputs: [0, 1], groups: 1, strides: [1, 1, 1], dilations: [1, 1, 1], pads: [0, 0, 0, 0, 0, 0] },
    [tensorOf([1, 1, 2, 1, 2], [1, 2, 3, 4]), tensorOf([1, 1, 2, 1, 1], [1, 10])],
    [1, 1, 1, 1, 2],
    [31, 42],
  ],
  [
    'sum-pool, padding counts as 0',
    { kind: 'sum-pool', inputs: [0], kernel: [2, 2], strides: [2, 2], dilations: [1, 1], pads: [1, 1, 1, 1] },
    [tensorOf([1, 1, 2, 2], [1, 2, 3, 4])],
    [1, 1, 2, 2],
    [1, 2, 3, 4],
  ],
  [
    'max-pool, padding is skipped',
    { kind: 'max-pool', inputs: [0], kernel: [2], strides: [1], dilations: [1], pads: [1, 1] },
    [tensorOf([1, 2, 2], [-5, -9, -1, 2])],
    [1, 2, 3],
    [-5, -5, -9, -1, 2, 2],
  ],
  [
    'max-pool, dilation',
    { kind: 'max-pool', inputs: [0], kernel: [2], strides: [1], dilations: [2], pads: [0, 0] },
    [tensorOf([1, 1, 4], [7, 1, 2, 5])],
    [1, 1, 2],
    [7, 5],
  ],
  [
    'reduce-sum, an outer axis',
    { kind: 'reduce-sum', inputs: [0], axes: [0], keepDims: false },
    [matrix],
    [3],
    [5, 7, 9],
  ],
  ['reduce-sum, all axes', { kind: 'reduce-sum', inputs: [0], axes: [0, 1], keepDims: false }, [matrix], [], [21]],
  [
    'reduce-sum, outer and inner axes around a kept one',
    { kind: 'reduce-sum', inputs: [0], axes: [0, 2], keepDims: false },
    [tensorOf([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
    [2],
    [14, 22],
  ],
  [
    'reduce-max, kept dims',
    { kind: 'reduce-max', inputs: [0], axes: [1], keepDims: true },
    [tensorOf([2, 2], [-3, -4, 5, 6])],
    [2, 1],
    [-3, 6],
  ],
  [
    'reduce-min',
    { kind: 'reduce-min', inputs: [0], axes: [1], keepDims: false },
    [tensorOf([2, 2], [-3, -4, 5, 6])],
    [2],
    [-4, 5],
  ],
  [
    'argmax, the first of equals',
    { kind: 'argmax', inputs: [0], axis: 1, keepDims: false },
    [tensorOf([3, 3], [1, 3, 3, -1, -1, -2, 0, 0, 9])],
    [3],
    [1, 0, 2],
  ],
  [
    'argmax, an outer axis, kept',
    { kind: 'argmax', inputs: [0], axis: 0, keepDims: true },
    [tensorOf([2, 2], [1, 4, 3, 2])],
    [1, 2],
    [1, 0],
  ],
  [
    'lookup, a table',
    { kind: 'lookup', inputs: [0, 1], axis: 0 },
    [tensorOf([2, 2], [0, 2, 1, 0]), tensorOf([3], [-7, 8, 300])],
    [2, 2],
    [-7, 300, 8, -7],
  ],
  [
    'lookup, rows',
    { kind: 'lookup', inputs: [0, 1], axis: 0 },
    [tensorOf([2], [1, 1]), matrix],
    [2, 3],
    [4, 5, 6, 4, 5, 6],
  ],
  [
    'lookup, an inner axis by a scalar',
    { kind: 'lookup', inputs: [0, 1], axis: 1 },
    [tensorOf([], [2]), matrix],
    [2],
    [3, 6],
  ],
  [
    'lookup, an inner axis by a vector',
    { kind: 'lookup', inputs: [0, 1], axis: 1 },
    [tensorOf([2], [2, 0]), matrix],
    [2, 2],
    [3, 1, 6, 4],
  ],
  [
    'gather-elements, an outer axis',
    { kind: 'gather-elements', inputs: [0, 1], axis: 0 },
    [tensorOf([3, 3], [0, 1, 0, 1, 1, 1, 0, 0, 1]), matrix],
    [3, 3],
    [1, 5, 3, 4, 5, 6, 1, 2, 6],
  ],
  [
    'gather-elements, the last axis',
    { kind: 'gather-elements', inputs: [0, 1], axis: 1 },
    [tensorOf([2, 2], [2, 0, 1, 1]), matrix],
    [2, 2],
    [3, 1, 5, 5],
  ],
  ['reshape', { kind: 'reshape', inputs: [0], shape: [3, 2] }, [matrix], [3, 2], [1, 2, 3, 4, 5, 6]],
  ['reshape, to a scalar', { kind: 'reshape', inputs: [0], shape: [] }, [tensorOf([1, 1], [9])], [], [9]],
  ['transpose', { kind: 'transpose', inputs: [0], permutation: [1, 0] }, [matrix], [3, 2], [1, 4, 2, 5, 3, 6]],
  [
    'transpose, three axes in a cycle',
    { kind: 'transpose', inputs: [0], permutation: [2, 0, 1] },
    [tensorOf([1, 2, 3], [1, 2, 3, 4, 5, 6])],
    [3, 1, 2],
    [1, 4, 2, 5, 3, 6],
  ],
  [
    'slice, forwards',
    { kind: 'slice', inputs: [0], starts: [1, 0], sizes: [1, 2], steps: [1, 2] },
    [matrix],
    [1, 2],
    [4, 6],
  ],
  [
    'slice, backwards',
    { kind: 'slice', inputs: [0], starts: [1, 2], sizes: [2, 2], steps: [-1, -2] },
    [matrix],
    [2, 2],
    [6, 4, 3, 1],
  ],
  [
    'pad',
    { kind: 'pad', inputs: [0], pads: [0, 1, 1, 2], value: -8 },
    [tensorOf([1, 1], [5])],
    [2, 4],
    [-8, 5, -8, -8, -8, -8, -8, -8],
  ],
  [
    'concat, an inner axis',
    { kind: 'concat', inputs: [0, 1], axis: 1 },
    [matrix, tensorOf([2, 1], [70, 80])],
    [2, 4],
    [1, 2, 3, 70, 4, 5, 6, 80],
  ],
  [
    'concat, a tensor with itself',
    { kind: 'concat', inputs: [0, 0], axis: 0 },
    [tensorOf([2], [1, 2])],
    [4],
    [1, 2, 1, 2],
  ],
  [
    'expand',
    { kind: 'expand', inputs: [0], shape: [2, 2, 3] },
    [tensorOf([2, 1], [1, 2])],
    [2, 2, 3],
    [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2],
  ],
]

describe('semantics of each op', () => {
  it.each(VECTORS)('%s', (_, op, operands, shape, lanes) => {
    const inputs = operands.map(({ shape, data }) => ({ shape, laneBytes: laneBytesOf(data), ...boundsOf(data) }))
    const [result] = runReference(checkGraph(graphOf({ inputs, ops: [op] })), operands)
    expect(result?.shape).toEqual(shape)
    expect([...(result?.data ?? [])]).toEqual(lanes)
  })
})
