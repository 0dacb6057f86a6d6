import { describe, expect, it } from 'vitest'
import { inputOf, verdictOn } from '../../../test/support/small-graph.ts'
import type { GraphInput, Op } from '../graph.ts'

const window1d = { strides: [1], dilations: [1], pads: [0, 0] }

describe('shapes', () => {
  const x = inputOf([2, 3], 0, 1)
  const image = inputOf([1, 2, 4], 0, 1)
  it.each<readonly [string, string, readonly GraphInput[], Op]>([
    ['add of unlike shapes', 'ShapeMismatch', [x, inputOf([2], 0, 1)], { kind: 'add', inputs: [0, 1] }],
    ['matmul of a vector', 'ShapeMismatch', [x, inputOf([3], 0, 1)], { kind: 'matmul', inputs: [0, 1] }],
    ['matmul of unlike depths', 'ShapeMismatch', [x, inputOf([2, 3], 0, 1)], { kind: 'matmul', inputs: [0, 1] }],
    [
      'conv whose groups do not divide',
      'ShapeMismatch',
      [image, inputOf([3, 1, 1], 0, 1)],
      { kind: 'conv', inputs: [0, 1], groups: 2, ...window1d },
    ],
    [
      'conv of zero groups',
      'ShapeMismatch',
      [image, inputOf([3, 2, 1], 0, 1)],
      { kind: 'conv', inputs: [0, 1], groups: 0, ...window1d },
    ],
    [
      'conv of a matrix',
      'WindowInvalid',
      [x, inputOf([1, 3], 0, 1)],
      { kind: 'conv', inputs: [0, 1], groups: 1, strides: [], dilations: [], pads: [] },
    ],
    [
      'a pool greater than its input',
      'WindowInvalid',
      [image],
      { kind: 'sum-pool', inputs: [0], kernel: [5], ...window1d },
    ],
    [
      'a max-pool window of padding only',
      'WindowEmpty',
      [image],
      { kind: 'max-pool', inputs: [0], kernel: [2], ...window1d, pads: [2, 0] },
    ],
    [
      'a reduction over an axis that is not there',
      'AxisInvalid',
      [x],
      { kind: 'reduce-max', inputs: [0], axes: [2], keepDims: true },
    ],
    ['a reduction over no axis', 'AxisInvalid', [x], { kind: 'reduce-max', inputs: [0], axes: [], keepDims: true }],
    [
      'a reduction over axes out of order',
      'AxisInvalid',
      [x],
      { kind: 'reduce-sum', inputs: [0], axes: [1, 0], keepDims: true },
    ],
    [
      'a reduction over an axis twice',
      'AxisInvalid',
      [x],
      { kind: 'reduce-sum', inputs: [0], axes: [1, 1], keepDims: true },
    ],
    [
      'argmax of a scalar',
      'AxisInvalid',
      [inputOf([], 0, 1)],
      { kind: 'argmax', inputs: [0], axis: 0, keepDims: false },
    ],
    ['lookup in a scalar', 'AxisInvalid', [x, inputOf([], 0, 1)], { kind: 'lookup', inputs: [0, 1], axis: 0 }],
    [
      'gather-elements of unlike shapes',
      'ShapeMismatch',
      [inputOf([1, 2], 0, 1), x],
      { kind: 'gather-elements', inputs: [0, 1], axis: 1 },
    ],
    [
      'gather-elements in a scalar',
      'AxisInvalid',
      [inputOf([], 0, 0), inputOf([], 0, 1)],
      { kind: 'gather-elements', inputs: [0, 1], axis: 0 },
    ],
    [
      'select of shapes that do not broadcast',
      'ShapeMismatch',
      [inputOf([2], 0, 1), x, x],
      { kind: 'select', inputs: [0, 1, 2] },
    ],
    ['a quotient by what may be 0', 'DivisorInvalid', [x, x], { kind: 'floordiv', inputs: [0, 1] }],
    ['a root of what may be negative', 'RadicandInvalid', [inputOf([2], -1, 4)], { kind: 'isqrt', inputs: [0] }],
    [
      'a choice by what may be no condition',
      'ConditionInvalid',
      [inputOf([1], 0, 2), x, x],
      { kind: 'select', inputs: [0, 1, 2] },
    ],
    ['reshape to another size', 'ShapeMismatch', [x], { kind: 'reshape', inputs: [0], shape: [4] }],
    ['a permutation that repeats', 'AxisInvalid', [x], { kind: 'transpose', inputs: [0], permutation: [0, 0] }],
    ['a permutation of too few axes', 'AxisInvalid', [x], { kind: 'transpose', inputs: [0], permutation: [0] }],
    [
      'a slice one past the end',
      'IndexOutOfBounds',
      [x],
      { kind: 'slice', inputs: [0], starts: [0, 1], sizes: [1, 2], steps: [1, 2] },
    ],
    [
      'a slice that starts past the end',
      'IndexOutOfBounds',
      [x],
      { kind: 'slice', inputs: [0], starts: [2, 0], sizes: [1, 1], steps: [1, 1] },
    ],
    [
      'a slice one before the start',
      'IndexOutOfBounds',
      [x],
      { kind: 'slice', inputs: [0], starts: [0, 1], sizes: [1, 2], steps: [1, -2] },
    ],
    [
      'an empty slice',
      'ShapeMismatch',
      [x],
      { kind: 'slice', inputs: [0], starts: [0, 0], sizes: [1, 0], steps: [1, 1] },
    ],
    [
      'a slice that does not step',
      'ShapeMismatch',
      [x],
      { kind: 'slice', inputs: [0], starts: [0, 0], sizes: [1, 2], steps: [1, 0] },
    ],
    [
      'a slice of too few axes',
      'ShapeMismatch',
      [x],
      { kind: 'slice', inputs: [0], starts: [0], sizes: [1], steps: [1] },
    ],
    ['pads of too few axes', 'ShapeMismatch', [x], { kind: 'pad', inputs: [0], pads: [1, 1], value: 0 }],
    [
      'concat of unlike shapes',
      'ShapeMismatch',
      [x, inputOf([2, 2], 0, 1)],
      { kind: 'concat', inputs: [0, 1], axis: 0 },
    ],
    ['concat of unlike ranks', 'ShapeMismatch', [x, inputOf([2], 0, 1)], { kind: 'concat', inputs: [0, 1], axis: 0 }],
    ['expand to fewer lanes', 'ShapeMismatch', [x], { kind: 'expand', inputs: [0], shape: [2, 1] }],
    ['a clip upside down', 'ClipInvalid', [x], { kind: 'clip', inputs: [0], lo: 2, hi: 1 }],
    ['a shift by 0', 'ShiftInvalid', [x], { kind: 'shift-left', inputs: [0], bits: 0 }],
    ['a shift by 53', 'ShiftInvalid', [x], { kind: 'shift-right', inputs: [0], bits: 53, rounding: 'floor' }],
  ])('refuses %s', (_, code, inputs, op) => {
    expect(verdictOn({ inputs, ops: [op] })).toMatchObject({ code, meta: { op: 0, kind: op.kind } })
  })
})
