import { describe, expect, it } from 'vitest'
import { type OnnxFile, writeOnnx } from '../../../test/support/onnx-file.ts'
import { expectRefusal, filled, float, GOOD, single, withNode } from '../../../test/support/refusals.ts'
import { importOnnx } from './import-onnx.ts'

describe('wrong shapes', () => {
  it('refuses operands that do not fit', () => {
    const w = filled([3, 2], 1)
    expectRefusal({ ...GOOD, constants: { ...GOOD.constants, w } }, 'OnnxShapeInvalid', /MatMul: \[1, 4\] × \[3, 2\]/)
    expectRefusal(
      single({ op: 'Add', inputs: ['x', 'c'] }, { c: filled([3], 1) }),
      'OnnxShapeInvalid',
      'do not broadcast',
    )
    const conv = single({ op: 'Conv', inputs: ['x', 'w'] }, { w: filled([1, 4, 3, 3], 1) })
    expectRefusal(conv, 'OnnxShapeInvalid', /Conv: kernel/)
    expectRefusal(
      single({ op: 'Transpose', inputs: ['x'], attributes: { perm: [0, 0] } }),
      'OnnxShapeInvalid',
      'permutation',
    )
    expectRefusal(single({ op: 'Flatten', inputs: ['x'], attributes: { axis: 5 } }), 'OnnxShapeInvalid', 'axis 5')
  })

  it('refuses symbolic and zero extents of inputs', () => {
    expectRefusal(
      { ...GOOD, inputs: [{ name: 'x', dtype: 'int8', dims: ['batch', 4] }] },
      'OnnxShapeInvalid',
      'dimension batch',
    )
    expectRefusal({ ...GOOD, inputs: [{ name: 'x', dtype: 'int8', dims: [0, 4] }] }, 'OnnxShapeInvalid', 'dimension 0')
  })

  it('refuses declarations that contradict what is computed', () => {
    expectRefusal(
      { ...GOOD, outputs: [{ name: 'y', dtype: 'int32', dims: [1, 3] }] },
      'OnnxShapeInvalid',
      'y declares the shape [1, 3]',
    )
    expectRefusal(
      { ...GOOD, outputs: [{ name: 'y', dtype: 'int64', dims: [1, 2] }] },
      'OnnxShapeInvalid',
      'y declares data type 7',
    )
    expectRefusal(
      { ...GOOD, valueInfos: [{ name: 'm', dtype: 'float32', dims: [2, 2] }] },
      'OnnxShapeInvalid',
      '/layer/MatMul: m declares',
    )
  })
})

describe('inexact arithmetic', () => {
  it('names node, bound, budget and mend where a sum may leave the mantissa', () => {
    const file = single({ op: 'MatMul', inputs: ['x', 'w'] }, { w: filled([4, 1], 2 ** 15 + 1) })
    expectRefusal(
      file,
      'OnnxInexact',
      '/layer3/MatMul: |acc| can reach 2^25 > 2^24 in float32: use 7-bit weights or float64',
    )
  })

  it('counts the bias among the partial sums, and cancels nothing', () => {
    const constants = { w: float([4, 1], [2 ** 14, -(2 ** 14), 2 ** 14, -(2 ** 14)]), b: float([1], [1000]) }
    const node = { op: 'Gemm', inputs: ['x', 'w', 'b'] }
    expect(importOnnx(writeOnnx(single(node, constants, 255))).ops).toHaveLength(2)
    expectRefusal(single(node, { ...constants, b: float([1], [2 ** 17]) }, 255), 'OnnxInexact', '|acc| can reach 2^24')
  })

  it('refuses sums and products beyond the budget of their type', () => {
    expectRefusal(
      single({ op: 'Add', inputs: ['x', 'c'] }, { c: float([], [2 ** -20]) }),
      'OnnxInexact',
      /Add: can reach 2\^28 > 2\^24 in float32/,
    )
    expectRefusal(single({ op: 'Mul', inputs: ['x', 'x'] }, {}, 5000), 'OnnxInexact', '2^24.6 > 2^24')
    expectRefusal(single({ op: 'Add', inputs: ['x', 'c'] }, { c: float([], [2 ** -90]) }), 'OnnxInexact', 'bits apart')
  })

  it('refuses integers that could wrap around', () => {
    const file: OnnxFile = {
      inputs: [{ name: 'x', dtype: 'int32', dims: [4] }],
      outputs: [{ name: 'y', dtype: 'int32', dims: [4] }],
      constants: { c: { dtype: 'int32', dims: [], values: [1] } },
      nodes: [{ op: 'Add', inputs: ['x', 'c'], output: 'y' }],
    }
    expectRefusal(file, 'OnnxInexact', /Add: can reach \[-2147483647, 2147483648\] outside .* of int32/)
  })

  it('refuses constants that are no fixed point, and arithmetic on them', () => {
    expectRefusal(single({ op: 'Mul', inputs: ['x', 'c'] }, { c: float([], [0.1]) }), 'OnnxInexact', '2^31.7 > 2^24')
    expectRefusal(
      single({ op: 'Add', inputs: ['x', 'c'] }, { c: float([], [Number.NaN]) }),
      'OnnxInexact',
      'constant c holds NaN',
    )
    expectRefusal(
      single({ op: 'Add', inputs: ['x', 'c'] }, { c: float([2, 1], [1, 2 ** -60]) }),
      'OnnxInexact',
      'constant c',
    )
    expectRefusal(single({ op: 'Mul', inputs: ['x', 'c'] }, { c: float([], [2 ** -110]) }), 'OnnxInexact', '2^-100')
  })

  it('refuses casts that may change a value', () => {
    expectRefusal(
      withNode(3, { op: 'Identity' }),
      'OnnxInexact',
      '/y/Cast: values are multiples of 2^-2: a cast truncates',
    )
    const file = {
      ...withNode(4, { attributes: { to: 3 } }),
      outputs: [{ name: 'y', dtype: 'int8', dims: [1, 2] } as const],
    }
    expectRefusal(file, 'OnnxInexact', /y\/Cast: values in .* may not fit .*int8: clip before/)
  })

  it('refuses division, averages and lookups that are not proven exact', () => {
    expectRefusal(
      single({ op: 'Div', inputs: ['x', 'c'] }, { c: float([], [3]) }),
      'OnnxInexact',
      'output y: reads the quotient of /layer3/Div, which rounds: take its Floor first',
    )
    const pool = (kernel: readonly number[]): OnnxFile => ({
      ...single({ op: 'AveragePool', inputs: ['x'], attributes: { kernel_shape: kernel } }),
      inputs: [{ name: 'x', dtype: 'float32', dims: [1, 1, 4, 4] }],
      outputs: [{ name: 'y', dtype: 'float32', dims: [1, 1, 'h', 'w'] }],
    })
    expectRefusal(pool([3, 3]), 'OnnxInexact', 'averages 9 lanes')
    expectRefusal(pool([2, 2]), 'OnnxInexact', 'output y: values are multiples of 2^-2')
    const gather: OnnxFile = {
      inputs: [{ name: 'x', dtype: 'uint8', dims: [3] }],
      outputs: [{ name: 'y', dtype: 'int32', dims: [3] }],
      constants: { t: { dtype: 'int32', dims: [255], values: new Array(255).fill(1) } },
      nodes: [{ op: 'Gather', inputs: ['t', 'x'], output: 'y' }],
    }
    expectRefusal(gather, 'OnnxInexact', /Gather: indices in \[0, 255\]/)
  })
})

describe('quotients and roots', () => {
  const floored = (
    op: string,
    inputs: readonly string[],
    constants: OnnxFile['constants'] = {},
    hi = 255,
  ): OnnxFile => {
    const file = single({ op, inputs }, constants, hi)
    const [node] = file.nodes
    const nodes = [
      { ...(node as (typeof file.nodes)[number]), output: 'q' },
      { op: 'Floor', inputs: ['q'], output: 'y' },
    ]
    return { ...file, nodes }
  }

  it('are refused where a divisor may be 0, or a dividend exceeds the mantissa', () => {
    expectRefusal(
      floored('Div', ['x', 'x']),
      'OnnxInexact',
      'divides by values in [-255, 255]: take their maximum with 1',
    )
    const negative = { c: float([], [-3]) }
    expectRefusal(floored('Div', ['x', 'c'], negative), 'OnnxInexact', 'divides by values in [-3, -3]')
    const fine = { c: float([], [3 / 2 ** 20]) }
    expectRefusal(floored('Div', ['x', 'c'], fine), 'OnnxInexact', /can reach 2\^28 > 2\^24 in float32/)
  })

  it('are refused of negative numbers and fractions', () => {
    expectRefusal(floored('Sqrt', ['x']), 'OnnxInexact', 'takes the root of values in [-255, 255]')
  })
})

describe('inputs and outputs', () => {
  const metadata = (key: string, json: string): OnnxFile => ({ ...GOOD, metadata: { [key]: json } })

  it('takes bounds from the type, and lanes wide enough for them', () => {
    const dtypes = {
      int8: [1, -128, 127],
      uint8: [2, 0, 255],
      int16: [2, -32768, 32767],
      uint16: [4, 0, 65535],
    } as const
    for (const [dtype, [laneBytes, lo, hi]] of Object.entries(dtypes)) {
      const file = { ...GOOD, inputs: [{ name: 'x', dtype: dtype as keyof typeof dtypes, dims: [1, 4] }] }
      expect(importOnnx(writeOnnx(file)).inputs).toEqual([{ shape: [1, 4], laneBytes, lo, hi }])
    }
  })

  it('takes narrower bounds and other lanes from the metadata', () => {
    const declared = {
      ...GOOD,
      metadata: { 'assay.input.x': '{"laneBytes": 4, "lo": -3, "hi": 3}', 'assay.output.y': '{"laneBytes": 2}' },
    }
    const graph = importOnnx(writeOnnx(declared))
    expect(graph.inputs).toEqual([{ shape: [1, 4], laneBytes: 4, lo: -3, hi: 3 }])
    expect(graph.outputs.map(({ laneBytes }) => laneBytes)).toEqual([2])
  })

  it('refuses declarations that are malformed, or narrower than what is proven', () => {
    expectRefusal(metadata('assay.input.x', '{"lo": 0'), 'OnnxMalformed', 'assay.input.x is not JSON')
    expectRefusal(metadata('assay.input.X', '{"lo": 0}'), 'OnnxGraphInvalid', 'metadata assay.input.X names no input')
    expectRefusal(metadata('assay.input.x', '[1]'), 'OnnxMalformed', 'not a JSON object')
    expectRefusal(metadata('assay.input.x', '{"low": 0}'), 'OnnxMalformed', 'unknown key low')
    expectRefusal(metadata('assay.input.x', '{"lo": 0.5}'), 'OnnxMalformed', 'lo is 0.5')
    expectRefusal(metadata('assay.input.x', '{"laneBytes": 3}'), 'OnnxMalformed', 'laneBytes is 3')
    expectRefusal(metadata('assay.input.x', '{"lo": 5, "hi": 4}'), 'OnnxInexact', 'no range')
    expectRefusal(metadata('assay.input.x', '{"hi": 128}'), 'OnnxInexact', 'no range')
    expectRefusal(
      metadata('assay.output.y', '{"laneBytes": 1}'),
      'OnnxInexact',
      'does not fit lanes of 1 bytes: declare 2',
    )
  })

  it('refuses float inputs without bounds and float outputs without lanes', () => {
    const file = single({ op: 'Relu', inputs: ['x'] })
    expectRefusal(
      { ...file, metadata: { 'assay.output.y': '{"laneBytes": 8}' } },
      'OnnxInexact',
      'input x: is float32 without bounds',
    )
    expectRefusal(
      { ...file, metadata: { 'assay.input.x': '{"lo": 0, "hi": 9}' } },
      'OnnxInexact',
      'output y: is float32',
    )
  })
})
