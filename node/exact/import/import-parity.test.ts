import { describe, expect, it } from 'vitest'
import {
  type FileAttribute,
  type FileDtype,
  type FileTensor,
  type OnnxFile,
  writeOnnx,
} from '../../../test/support/onnx-file.ts'
import { openPlainSession } from '../../../test/support/onnx-run.ts'
import { createRandom, type Fill, randomTensor } from '../../../test/support/random-source.ts'
import { checkGraph } from '../check.ts'
import { runReference } from '../reference.ts'
import { importOnnx } from './import-onnx.ts'

type InputSpec = readonly [name: string, dtype: FileDtype, dims: readonly number[], lo?: number, hi?: number]
type Step = readonly [output: string, op: string, inputs: readonly string[], attributes?: Record<string, FileAttribute>]

const float = (dims: readonly number[], values: readonly number[]): FileTensor => ({ dtype: 'float32', dims, values })
const int64 = (values: readonly number[]): FileTensor => ({ dtype: 'int64', dims: [values.length], values })
const tensor = (dtype: FileDtype, dims: readonly number[], values: readonly number[]): FileTensor => ({
  dtype,
  dims,
  values,
})
const scalar = (value: number): FileTensor => float([], [value])
/** Varied small weights. */
const weights = (dims: readonly number[], range = 9): FileTensor => {
  const size = dims.reduce((product, extent) => product * extent, 1)
  return float(
    dims,
    Array.from({ length: size }, (_, i) => ((i * 7 + 3) % (2 * range + 1)) - range),
  )
}

interface Case {
  readonly inputs: readonly InputSpec[]
  readonly constants?: Record<string, FileTensor>
  readonly steps: readonly Step[]
  /** Dtype and dims of the output, which is the last step's. */
  readonly output: readonly [FileDtype, readonly number[]]
  readonly opset?: number
}

function fileOf({ inputs, constants = {}, steps, output, opset }: Case): OnnxFile {
  const last = (steps.at(-1) as Step)[0]
  const specs = inputs.filter(([, , , lo]) => lo !== undefined)
  const metadata = Object.fromEntries(
    specs.map(([name, , , lo, hi]) => [`assay.input.${name}`, JSON.stringify({ lo, hi })]),
  )
  const floatOutput = output[0].startsWith('float')
  return {
    inputs: inputs.map(([name, dtype, dims]) => ({ name, dtype, dims })),
    outputs: [{ name: last, dtype: output[0], dims: output[1] }],
    constants,
    nodes: steps.map(([name, op, operands, attributes = {}]) => ({ op, inputs: operands, output: name, attributes })),
    metadata: floatOutput ? { ...metadata, [`assay.output.${last}`]: '{"laneBytes": 8}' } : metadata,
    ...(opset === undefined ? {} : { opset }),
  }
}

const bytes: InputSpec = ['x', 'float32', [2, 6], -128, 127]
const image: InputSpec = ['x', 'float32', [1, 4, 6, 8], 0, 255]

// biome-ignore format: a table, one file after the other
const CASES: Record<string, Case> = {
  'Add aligns fractions': { inputs: [bytes], constants: { c: float([6], [0.5, 1, -2.25, 3, 0, 7]), s: scalar(4) },
    steps: [['a', 'Add', ['x', 'c']], ['b', 'Mul', ['a', 's']]], output: ['float32', [2, 6]] },
  'Sub of a broadcast tensor': { inputs: [bytes, ['y', 'float32', [2, 1], -9, 9]],
    steps: [['a', 'Sub', ['x', 'y']]], output: ['float32', [2, 6]] },
  'Sub of int32': { inputs: [['x', 'int32', [2, 6], -1000, 1000]], constants: { c: tensor('int32', [6], [1, 2, 3, -4, 5, 6]) },
    steps: [['a', 'Sub', ['c', 'x']]], output: ['int32', [2, 6]] },
  'Mul by a tensor': { inputs: [bytes], constants: { c: float([6], [3, -5, 0.5, 2, 0, 1]), two: scalar(2) },
    steps: [['a', 'Mul', ['c', 'x']], ['b', 'Mul', ['a', 'two']]], output: ['float32', [2, 6]] },
  'Mul of a tensor by itself': { inputs: [bytes], steps: [['a', 'Mul', ['x', 'x']]], output: ['float32', [2, 6]] },
  'Mul by zeros': { inputs: [bytes], constants: { c: float([1], [0]) }, steps: [['a', 'Mul', ['x', 'c']]], output: ['float32', [2, 6]] },
  'Mul by a power of two that broadcasts': { inputs: [['x', 'float32', [6], -128, 127]], constants: { c: float([2, 1], [8, 8]) },
    steps: [['a', 'Mul', ['x', 'c']]], output: ['float32', [2, 6]] },
  'Mul by large multiples of a power of two': { inputs: [bytes], constants: { c: float([6], [1, 3, -5, 0, 7, 2].map((m) => m * 2 ** 40)), s: scalar(2 ** -40) },
    steps: [['a', 'Mul', ['x', 'c']], ['b', 'Mul', ['a', 's']]], output: ['float32', [2, 6]] },
  'Mul of float64 beyond 2^24': { inputs: [['x', 'float64', [2, 6], -(2 ** 40), 2 ** 40]], constants: { c: tensor('float64', [], [8191]) },
    steps: [['a', 'Mul', ['x', 'c']]], output: ['float64', [2, 6]] },
  'Div by a power of two, then Floor': { inputs: [bytes], constants: { c: scalar(16) },
    steps: [['a', 'Div', ['x', 'c']], ['b', 'Floor', ['a']]], output: ['float32', [2, 6]] },
  'Div of an integer': { inputs: [['x', 'int32', [8], 0, 2 ** 30]], constants: { c: tensor('int32', [1], [64]) },
    steps: [['a', 'Div', ['x', 'c']]], output: ['int32', [8]] },
  'Round, ties to even': { inputs: [['x', 'float32', [64], -40, 40]], constants: { c: scalar(0.125) },
    steps: [['a', 'Mul', ['x', 'c']], ['b', 'Round', ['a']]], output: ['float32', [64]] },
  'Round of a weighted sum': { inputs: [bytes], constants: { w: weights([6, 3], 64), c: scalar(2 ** -7) },
    steps: [['a', 'MatMul', ['x', 'w']], ['b', 'Mul', ['a', 'c']], ['y', 'Round', ['b']], ['z', 'Cast', ['y'], { to: 6 }]], output: ['int32', [2, 3]] },
  'Clip at both ends, at fractions': { inputs: [bytes], constants: { lo: scalar(-3.5), hi: scalar(100.25), four: scalar(4) },
    steps: [['a', 'Clip', ['x', 'lo', 'hi']], ['b', 'Mul', ['a', 'four']]], output: ['float32', [2, 6]] },
  'Clip at one end': { inputs: [bytes], constants: { hi: scalar(-1) }, steps: [['a', 'Clip', ['x', '', 'hi']]], output: ['float32', [2, 6]] },
  'Clip above all values': { inputs: [['x', 'int8', [5]]], constants: { lo: tensor('int8', [], [127]) }, steps: [['a', 'Clip', ['x', 'lo']]], output: ['int8', [5]] },
  'Relu': { inputs: [bytes], steps: [['a', 'Relu', ['x']]], output: ['float32', [2, 6]] },
  'Min and Max of several': { inputs: [bytes, ['y', 'float32', [6], -50, 50]], constants: { c: float([2, 1], [0.5, -20]), two: scalar(2) },
    steps: [['a', 'Max', ['x', 'y', 'c']], ['b', 'Min', ['a', 'y']], ['z', 'Mul', ['b', 'two']]], output: ['float32', [2, 6]] },
  'Max of one': { inputs: [bytes], steps: [['a', 'Max', ['x']]], output: ['float32', [2, 6]] },
  'Neg and Abs': { inputs: [bytes, ['y', 'float32', [6], -50, 50]], steps: [['a', 'Neg', ['x']], ['b', 'Abs', ['y']], ['z', 'Add', ['a', 'b']]], output: ['float32', [2, 6]] },
  'BitShift right': { inputs: [['x', 'uint32', [9]]], constants: { c: tensor('uint32', [1], [5]) },
    steps: [['a', 'BitShift', ['x', 'c'], { direction: 'RIGHT' }]], output: ['uint32', [9]] },
  'BitShift left': { inputs: [['x', 'uint8', [9], 0, 15]], constants: { c: tensor('uint8', [1], [4]) },
    steps: [['a', 'BitShift', ['x', 'c'], { direction: 'LEFT' }]], output: ['uint8', [9]] },
  'Cast between integers and floats': { inputs: [['x', 'int16', [7]]],
    steps: [['a', 'Cast', ['x'], { to: 1 }], ['b', 'Cast', ['a'], { to: 11 }], ['c', 'Cast', ['b'], { to: 7 }]], output: ['int64', [7]] },

  'MatMul': { inputs: [bytes], constants: { w: weights([6, 5]) }, steps: [['a', 'MatMul', ['x', 'w']]], output: ['float32', [2, 5]] },
  'MatMul of fractions': { inputs: [bytes], constants: { w: float([6, 2], [0.5, 1, 0.25, -1, 3, 2, -0.75, 1, 1, 1, 0, 0]), c: scalar(4) },
    steps: [['a', 'MatMul', ['x', 'w']], ['b', 'Mul', ['a', 'c']]], output: ['float32', [2, 2]] },
  'MatMul of a vector by a matrix': { inputs: [['x', 'float32', [6], -9, 9]], constants: { w: weights([6, 5]) },
    steps: [['a', 'MatMul', ['x', 'w']]], output: ['float32', [5]] },
  'MatMul of a matrix by a vector': { inputs: [bytes], constants: { w: weights([6]) }, steps: [['a', 'MatMul', ['x', 'w']]], output: ['float32', [2]] },
  'MatMul of vectors': { inputs: [['x', 'float32', [6], -9, 9]], constants: { w: weights([6]) }, steps: [['a', 'MatMul', ['x', 'w']]], output: ['float32', []] },
  'MatMul of two inputs, batched': { inputs: [['x', 'float32', [3, 2, 4], -99, 99], ['y', 'float32', [4, 5], -99, 99]],
    steps: [['a', 'MatMul', ['x', 'y']]], output: ['float32', [3, 2, 5]] },
  'MatMul by a transposed constant': { inputs: [bytes], constants: { w: weights([5, 6]) },
    steps: [['t', 'Transpose', ['w']], ['a', 'MatMul', ['x', 't']]], output: ['float32', [2, 5]] },
  'Gemm': { inputs: [bytes], constants: { w: weights([5, 6]), b: float([5], [0.5, -100, 7, 0, 1]), c: scalar(4) },
    steps: [['a', 'Gemm', ['x', 'w', 'b'], { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }], ['z', 'Mul', ['a', 'c']]], output: ['float32', [2, 5]] },
  'Gemm of a transposed input': { inputs: [bytes], constants: { w: weights([2, 3]) },
    steps: [['a', 'Gemm', ['x', 'w'], { transA: 1 }]], output: ['float32', [6, 3]] },
  'MatMulInteger': { inputs: [['x', 'uint8', [2, 6]]], constants: { w: tensor('int8', [6, 3], weights([6, 3], 64).values), xz: tensor('uint8', [], [117]), wz: tensor('int8', [3], [5, -7, 0]) },
    steps: [['a', 'MatMulInteger', ['x', 'w', 'xz', 'wz']]], output: ['int32', [2, 3]] },
  'MatMulInteger without zero points': { inputs: [['x', 'uint8', [2, 6]]], constants: { w: tensor('uint8', [6, 3], weights([6, 3], 64).values.map(Math.abs)) },
    steps: [['a', 'MatMulInteger', ['x', 'w']]], output: ['int32', [2, 3]] },
  'Conv': { inputs: [image], constants: { w: weights([5, 4, 3, 3]), b: weights([5], 99) },
    steps: [['a', 'Conv', ['x', 'w', 'b'], { pads: [1, 1, 1, 1] }]], output: ['float32', [1, 5, 6, 8]] },
  'Conv with strides, dilations and uneven pads': { inputs: [image], constants: { w: weights([5, 4, 2, 3]) },
    steps: [['a', 'Conv', ['x', 'w'], { pads: [0, 1, 2, 3], strides: [2, 1], dilations: [1, 2] }]], output: ['float32', [1, 5, 4, 8]] },
  'Conv of groups': { inputs: [image], constants: { w: weights([8, 2, 3, 3]) },
    steps: [['a', 'Conv', ['x', 'w'], { group: 2 }]], output: ['float32', [1, 8, 4, 6]] },
  'Conv over channels one by one, SAME_LOWER': { inputs: [image], constants: { w: weights([4, 1, 2, 2]) },
    steps: [['a', 'Conv', ['x', 'w'], { group: 4, auto_pad: 'SAME_LOWER' }]], output: ['float32', [1, 4, 6, 8]] },
  'Conv in one dimension, SAME_UPPER': { inputs: [['x', 'float32', [1, 3, 9], -99, 99]], constants: { w: weights([2, 3, 4]) },
    steps: [['a', 'Conv', ['x', 'w'], { auto_pad: 'SAME_UPPER', strides: [2] }]], output: ['float32', [1, 2, 5]] },
  'Conv of fractions': { inputs: [image], constants: { w: float([1, 4, 1, 1], [0.5, 0.25, -1, 2]), b: float([1], [0.125]), c: scalar(8) },
    steps: [['a', 'Conv', ['x', 'w', 'b']], ['z', 'Mul', ['a', 'c']]], output: ['float32', [1, 1, 6, 8]] },
  'ConvInteger': { inputs: [['x', 'uint8', [1, 2, 5, 5]]], constants: { w: tensor('uint8', [3, 2, 3, 3], weights([3, 2, 3, 3], 50).values.map(Math.abs)), xz: tensor('uint8', [], [100]), wz: tensor('uint8', [], [3]) },
    steps: [['a', 'ConvInteger', ['x', 'w', 'xz', 'wz'], { pads: [1, 1, 1, 1] }]], output: ['int32', [1, 3, 5, 5]] },

  'MaxPool': { inputs: [image], steps: [['a', 'MaxPool', ['x'], { kernel_shape: [2, 3], strides: [2, 2], pads: [0, 1, 1, 1] }]], output: ['float32', [1, 4, 3, 4]] },
  'MaxPool of negative values beside padding': { inputs: [['x', 'float32', [1, 1, 4, 4], -9, -1]],
    steps: [['a', 'MaxPool', ['x'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }]], output: ['float32', [1, 1, 4, 4]] },
  'AveragePool of 2×2': { inputs: [image], constants: { c: scalar(4) },
    steps: [['a', 'AveragePool', ['x'], { kernel_shape: [2, 2], strides: [2, 2] }], ['b', 'Mul', ['a', 'c']]], output: ['float32', [1, 4, 3, 4]] },
  'AveragePool that counts padding': { inputs: [image],
    steps: [['a', 'AveragePool', ['x'], { kernel_shape: [4, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }], ['b', 'Round', ['a']]], output: ['float32', [1, 4, 5, 9]] },
  'GlobalMaxPool': { inputs: [image], steps: [['a', 'GlobalMaxPool', ['x']]], output: ['float32', [1, 4, 1, 1]] },
  'GlobalAveragePool of 64 lanes': { inputs: [['x', 'float32', [1, 4, 8, 8], 0, 255]],
    steps: [['a', 'GlobalAveragePool', ['x']], ['b', 'Floor', ['a']]], output: ['float32', [1, 4, 1, 1]] },
  'ReduceSum': { inputs: [image], constants: { axes: int64([-1, 1]) }, steps: [['a', 'ReduceSum', ['x', 'axes'], { keepdims: 0 }]], output: ['float32', [1, 6]] },
  'ReduceSum of everything': { inputs: [bytes], steps: [['a', 'ReduceSum', ['x']]], output: ['float32', [1, 1]] },
  'ReduceSum of nothing': { inputs: [bytes], constants: { c: scalar(1) }, steps: [['a', 'ReduceSum', ['x'], { noop_with_empty_axes: 1 }], ['b', 'Add', ['a', 'c']]], output: ['float32', [2, 6]] },
  'ReduceSum of int32': { inputs: [['x', 'int32', [2, 6], -(2 ** 20), 2 ** 20]], constants: { axes: int64([0]) }, steps: [['a', 'ReduceSum', ['x', 'axes']]], output: ['int32', [1, 6]] },
  'ReduceMax with axes as attribute': { inputs: [image], steps: [['a', 'ReduceMax', ['x'], { axes: [2], keepdims: 1 }]], output: ['float32', [1, 4, 1, 8]] },
  'ReduceMin with axes as operand': { inputs: [image], constants: { axes: int64([3, 1]) }, opset: 18, steps: [['a', 'ReduceMin', ['x', 'axes'], { keepdims: 0 }]], output: ['float32', [1, 6]] },
  'ArgMax, the first of equals': { inputs: [['x', 'float32', [5, 9], 0, 2]], steps: [['a', 'ArgMax', ['x'], { axis: -1, keepdims: 0 }]], output: ['int64', [5]] },

  'Gather from a table': { inputs: [['x', 'int32', [2, 3], 0, 7]], constants: { t: float([8], [0.5, 1, -2, 3, 5, 8, 13, 21]), c: scalar(2) },
    steps: [['a', 'Gather', ['t', 'x']], ['b', 'Mul', ['a', 'c']]], output: ['float32', [2, 3]] },
  'Gather of columns at constant places from the back': { inputs: [bytes], constants: { i: int64([-1, 0, -6, 3]) },
    steps: [['a', 'Gather', ['x', 'i'], { axis: 1 }]], output: ['float32', [2, 4]] },
  'Gather of rows': { inputs: [['x', 'int64', [3], 0, 3]], constants: { t: weights([4, 5]) }, steps: [['a', 'Gather', ['t', 'x'], { axis: 0 }]], output: ['float32', [3, 5]] },
  'Reshape with a copy and a rest': { inputs: [image], constants: { s: int64([0, -1, 16]) }, steps: [['a', 'Reshape', ['x', 's']]], output: ['float32', [1, 12, 16]] },
  'Reshape to a shape that is computed from constants': { inputs: [bytes], constants: { p: int64([3]), q: int64([4]) },
    steps: [['s', 'Concat', ['p', 'q'], { axis: 0 }], ['a', 'Reshape', ['x', 's']]], output: ['float32', [3, 4]] },
  'Flatten': { inputs: [image], steps: [['a', 'Flatten', ['x'], { axis: 2 }]], output: ['float32', [4, 48]] },
  'Flatten at the last axis': { inputs: [bytes], steps: [['a', 'Flatten', ['x'], { axis: 2 }]], output: ['float32', [12, 1]] },
  'Squeeze and Unsqueeze': { inputs: [image], constants: { s: int64([0]), u: int64([1, -1]) },
    steps: [['a', 'Squeeze', ['x', 's']], ['b', 'Unsqueeze', ['a', 'u']]], output: ['float32', [4, 1, 6, 8, 1]] },
  'Squeeze of all ones': { inputs: [['x', 'float32', [1, 3, 1], 0, 9]], steps: [['a', 'Squeeze', ['x']]], output: ['float32', [3]] },
  'Transpose': { inputs: [image], steps: [['a', 'Transpose', ['x'], { perm: [2, 0, 3, 1] }]], output: ['float32', [6, 1, 8, 4]] },
  'Slice with steps, negative places and an open end': { inputs: [image], constants: { f: int64([-2, 7]), t: int64([Number.MAX_SAFE_INTEGER, -100]), a: int64([1, 3]), s: int64([1, -3]) },
    steps: [['y', 'Slice', ['x', 'f', 't', 'a', 's']]], output: ['float32', [1, 2, 6, 3]] },
  'Slice of the first axes': { inputs: [bytes], constants: { f: int64([1, 2]), t: int64([9, -1]) }, steps: [['a', 'Slice', ['x', 'f', 't']]], output: ['float32', [1, 3]] },
  'Pad with a fraction': { inputs: [bytes], constants: { p: int64([1, 0, 0, 2]), v: scalar(0.5), c: scalar(2) },
    steps: [['a', 'Pad', ['x', 'p', 'v']], ['b', 'Mul', ['a', 'c']]], output: ['float32', [3, 8]] },
  'Pad of one axis': { inputs: [bytes], constants: { p: int64([1, 2]), a: int64([-1]) }, opset: 18, steps: [['y', 'Pad', ['x', 'p', '', 'a']]], output: ['float32', [2, 9]] },
  'Concat of different fractions': { inputs: [bytes, ['y', 'float32', [2, 1], -9, 9]], constants: { h: scalar(0.5), two: scalar(2) },
    steps: [['a', 'Mul', ['y', 'h']], ['b', 'Concat', ['x', 'a', 'x'], { axis: -1 }], ['z', 'Mul', ['b', 'two']]], output: ['float32', [2, 13]] },
  'Expand': { inputs: [['x', 'float32', [3, 1], 0, 9]], constants: { s: int64([2, 1, 4]) }, steps: [['a', 'Expand', ['x', 's']]], output: ['float32', [2, 3, 4]] },
  'Constant nodes of every kind': { inputs: [bytes],
    steps: [['a', 'Constant', [], { value_float: { float: 2 } }], ['b', 'Constant', [], { value: float([6], [1, 2, 3, 4, 5, 6]) }], ['s', 'Constant', [], { value_ints: [12] }],
      ['c', 'Mul', ['x', 'a']], ['d', 'Add', ['c', 'b']], ['e', 'Reshape', ['d', 's']]], output: ['float32', [12]] },
  'Identity': { inputs: [bytes], steps: [['a', 'Identity', ['x']]], output: ['float32', [2, 6]] },
}

const FILLS: readonly Fill[] = ['lo', 'hi', 'corners', 'uniform', 'uniform', 'uniform']

describe('an imported graph gives the bits of the file in plain ONNX Runtime', () => {
  for (const [name, testCase] of Object.entries(CASES)) {
    it(name, async () => {
      const file = writeOnnx(fileOf(testCase))
      const checked = checkGraph(importOnnx(file))
      const random = createRandom(name.length)
      const dtypes = testCase.inputs.map(([, dtype]) => dtype)
      for (const level of ['disabled', 'all'] as const) {
        const session = await openPlainSession(file, level)
        for (const fill of FILLS) {
          const inputs = checked.graph.inputs.map((input) => randomTensor(input.shape, input, fill, random))
          const expected = await session.run(inputs, dtypes)
          expect(runReference(checked, inputs).map(({ data }) => Array.from(data))).toEqual(expected)
        }
        await session.close()
      }
    })
  }
})
