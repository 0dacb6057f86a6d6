import { describe, expect, it } from 'vitest'
import {
  bytesField,
  type FileNode,
  type FileTensor,
  join,
  type OnnxFile,
  varint,
  varintField,
  writeOnnx,
} from '../../../test/support/onnx-file.ts'
import { ImportError, type ImportErrorCode } from './import-error.ts'
import { importOnnx } from './import-onnx.ts'

const float = (dims: readonly number[], values: readonly number[]): FileTensor => ({ dtype: 'float32', dims, values })
const filled = (dims: readonly number[], value: number): FileTensor =>
  float(dims, new Array(dims.reduce((size, extent) => size * extent, 1)).fill(value))

/** A good file: x (int8 [1, 4]) → Cast → MatMul → Round → Cast → y (int32 [1, 2]). Tests spoil it. */
const GOOD: OnnxFile = {
  inputs: [{ name: 'x', dtype: 'int8', dims: [1, 4] }],
  outputs: [{ name: 'y', dtype: 'int32', dims: [1, 2] }],
  constants: { w: float([4, 2], [1, 2, 3, 4, -5, 6, -7, 8]), s: float([], [0.25]) },
  nodes: [
    { op: 'Cast', inputs: ['x'], output: 'f', attributes: { to: 1 } },
    { op: 'MatMul', inputs: ['f', 'w'], output: 'm', name: '/layer/MatMul' },
    { op: 'Mul', inputs: ['m', 's'], output: 'n' },
    { op: 'Round', inputs: ['n'], output: 'r' },
    { op: 'Cast', inputs: ['r'], output: 'y', attributes: { to: 6 } },
  ],
}

/** The good file with one node put in the place of another. */
function withNode(index: number, change: Partial<FileNode>): OnnxFile {
  return { ...GOOD, nodes: GOOD.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)) }
}

/** A file of one node from a bounded float32 input `x` [1, 4] to an output `y`. */
function single(node: Omit<FileNode, 'output'>, constants: Record<string, FileTensor> = {}, hi = 255): OnnxFile {
  return {
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['n', 'm'] }],
    constants,
    nodes: [{ ...node, output: 'y', name: `/layer3/${node.op}` }],
    metadata: { 'assay.input.x': `{"lo": ${-hi}, "hi": ${hi}}`, 'assay.output.y': '{"laneBytes": 8}' },
  }
}

function refusal(file: OnnxFile | Uint8Array): ImportError {
  try {
    importOnnx(file instanceof Uint8Array ? file : writeOnnx(file))
  } catch (error) {
    if (error instanceof ImportError) return error
    throw error
  }
  throw new Error('the file was accepted')
}

function expectRefusal(file: OnnxFile | Uint8Array, code: ImportErrorCode, message: RegExp | string): void {
  const error = refusal(file)
  expect(error.message).toMatch(message)
  expect(error.code).toBe(code)
}

it('accepts the good file that the tests below spoil', () => {
  expect(importOnnx(writeOnnx(GOOD)).ops.map(({ kind }) => kind)).toEqual(['matmul', 'shift-right'])
})

describe('malformed bytes', () => {
  it('refuses what is no ONNX file at all', () => {
    expectRefusal(new Uint8Array(), 'OnnxMalformed', 'no graph')
    expectRefusal(new TextEncoder().encode('not a model, just some text'), 'OnnxMalformed', /./)
  })

  it('refuses every truncation', () => {
    const bytes = writeOnnx(GOOD)
    for (let size = 0; size < bytes.length; size++) refusal(bytes.subarray(0, size))
  })

  it('refuses over-long varints, in length and in padding', () => {
    expectRefusal(join(Uint8Array.from([0x08, ...new Array(10).fill(0x80), 0x01])), 'OnnxMalformed', 'over-long varint')
    expectRefusal(Uint8Array.from([0x08, 0x88, 0x00]), 'OnnxMalformed', 'over-long varint')
  })

  it('refuses groups, unknown wire types and field 0', () => {
    for (const wire of [3, 4, 6, 7]) {
      expectRefusal(join(writeOnnx(GOOD), varint(20 * 8 + wire)), 'OnnxMalformed', `wire type ${wire}`)
    }
    expectRefusal(Uint8Array.from([0x00, 0x00]), 'OnnxMalformed', 'field number 0')
  })

  it('refuses a known field of the wrong wire type', () => {
    expectRefusal(varintField(7, 1), 'OnnxMalformed', 'field 7 has wire type 0')
  })

  it('refuses lengths beyond the file without allocating them', () => {
    expectRefusal(join(varint(7 * 8 + 2), varint(2 ** 52)), 'OnnxMalformed', 'truncated')
    expectRefusal(join(varint(7 * 8 + 2), varint(-1n)), 'OnnxMalformed', 'truncated')
  })

  it('refuses text that is not UTF-8', () => {
    const property = join(bytesField(1, 'k'), bytesField(2, Uint8Array.from([0xc0, 0x80])))
    expectRefusal({ ...GOOD, extra: { model: bytesField(14, property) } }, 'OnnxMalformed', 'UTF-8')
  })

  it('refuses tensors whose values do not fit their shape', () => {
    const w = float([4, 2], [1, 2, 3])
    expectRefusal(
      { ...GOOD, constants: { ...GOOD.constants, w } },
      'OnnxMalformed',
      /MatMul: tensor w of shape \[4, 2\]/,
    )
    const raw = bytesField(9, new Uint8Array(8 * 4))
    expectRefusal({ ...GOOD, extra: { tensor: raw } }, 'OnnxMalformed', 'tensor w gives its values twice')
  })
})

describe('huge files', () => {
  it('refuses a file beyond the size limit, whatever it holds', () => {
    const bytes = writeOnnx(GOOD)
    expect(() => importOnnx(bytes, { maxFileBytes: bytes.length - 1 })).toThrow(/limit/)
  })

  it('refuses tensors, names and field counts beyond the limits', () => {
    const w = { dtype: 'float32', dims: [2 ** 14, 2 ** 13], values: [1] } as const
    expectRefusal({ ...GOOD, constants: { ...GOOD.constants, w } }, 'OnnxTooLarge', /tensor w has .* values/)
    expectRefusal(withNode(1, { name: 'n'.repeat(2000) }), 'OnnxTooLarge', 'a text has 2000 bytes')
    expectRefusal(
      new Uint8Array(2 ** 23 + 2).map((_, i) => (i % 2 === 0 ? 0x08 : 1)),
      'OnnxTooLarge',
      'too many protobuf fields',
    )
  })

  it('refuses results beyond the caps on tensors before anything of that size exists', () => {
    const shape: FileTensor = { dtype: 'int64', dims: [3], values: [2 ** 20, 2 ** 20, 4] }
    expectRefusal(
      single({ op: 'Expand', inputs: ['x', 's'] }, { s: shape }),
      'OnnxTooLarge',
      /Expand: lanes of a tensor/,
    )
    const pads: FileTensor = { dtype: 'int64', dims: [4], values: [0, 2 ** 30, 0, 2 ** 30] }
    expectRefusal(single({ op: 'Pad', inputs: ['x', 'p'] }, { p: pads }), 'OnnxTooLarge', /Pad: lanes of a tensor/)
  })
})

describe('names', () => {
  it('names a cycle', () => {
    const file = withNode(1, { inputs: ['r', 'w'] })
    expectRefusal(file, 'OnnxGraphInvalid', 'cycle: /layer/MatMul → /n/Mul → /r/Round → /layer/MatMul')
    expectRefusal(withNode(3, { inputs: ['r'] }), 'OnnxGraphInvalid', 'cycle: /r/Round → /r/Round')
  })

  it('refuses unsorted nodes, missing operands, taken names and missing outputs', () => {
    expectRefusal(
      { ...GOOD, nodes: [...GOOD.nodes].reverse() },
      'OnnxGraphInvalid',
      /y\/Cast: operand r is made by a later node/,
    )
    expectRefusal(
      withNode(1, { inputs: ['f', 'nothing'] }),
      'OnnxGraphInvalid',
      '/layer/MatMul: operand nothing is made by nothing',
    )
    expectRefusal(withNode(2, { output: 'm' }), 'OnnxGraphInvalid', 'the name m is already taken')
    expectRefusal({ ...GOOD, outputs: [{ name: 'z', dtype: 'int32', dims: [1] }] }, 'OnnxGraphInvalid', 'output z')
  })

  it('refuses inputs that nothing reads, and answers that need no input', () => {
    const inputs = [...GOOD.inputs, { name: 'u', dtype: 'int8', dims: [1] } as const]
    expectRefusal({ ...GOOD, inputs }, 'OnnxGraphInvalid', 'input u')
    const constant: FileTensor = { dtype: 'int32', dims: [1], values: [7] }
    const outputs = [...GOOD.outputs, { name: 'c', dtype: 'int32', dims: [1] } as const]
    expectRefusal(
      { ...GOOD, constants: { ...GOOD.constants, c: constant }, outputs },
      'OnnxGraphInvalid',
      'output c: is a constant',
    )
  })

  it('drops nodes that no output needs, even unknown ones', () => {
    const dead = { op: 'Sort', inputs: ['m'], output: 'unused' }
    expect(importOnnx(writeOnnx({ ...GOOD, nodes: [...GOOD.nodes, dead] })).ops).toHaveLength(2)
  })
})

describe('what exact files may not use', () => {
  it('refuses unknown operators, other domains and Q/DQ patterns', () => {
    expectRefusal(withNode(3, { op: 'NonZero' }), 'OnnxUnsupported', 'operator NonZero is not supported')
    expectRefusal(withNode(3, { domain: 'com.microsoft' }), 'OnnxUnsupported', 'com.microsoft')
    expectRefusal(withNode(3, { op: 'QuantizeLinear' }), 'OnnxUnsupported', 'fuse Q/DQ')
  })

  it('refuses external data, sparse tensors, subgraphs and functions', () => {
    const external = join(varintField(14, 1), bytesField(13, bytesField(1, 'location')))
    expectRefusal(
      { ...GOOD, extra: { tensor: varintField(14, 1) } },
      'OnnxUnsupported',
      'tensor w keeps its values in an external file',
    )
    expectRefusal({ ...GOOD, extra: { tensor: external } }, 'OnnxUnsupported', 'external file')
    expectRefusal({ ...GOOD, extra: { graph: bytesField(15, '') } }, 'OnnxUnsupported', 'sparse')
    expectRefusal({ ...GOOD, extra: { model: bytesField(25, '') } }, 'OnnxUnsupported', 'functions')
    const branch = bytesField(5, join(bytesField(1, 'then_branch'), bytesField(6, '')))
    const node = bytesField(1, join(bytesField(1, 'x'), bytesField(2, 'z'), bytesField(4, 'If'), branch))
    expectRefusal({ ...GOOD, extra: { graph: node } }, 'OnnxUnsupported', 'subgraphs')
  })

  it('refuses operator sets outside 13 to 21', () => {
    expectRefusal({ ...GOOD, opset: 12 }, 'OnnxUnsupported', 'operator set 12')
    expectRefusal({ ...GOOD, opset: 22 }, 'OnnxUnsupported', 'operator set 22')
  })

  it('refuses unknown attributes, operand counts, further outputs and element types', () => {
    expectRefusal(withNode(3, { attributes: { mode: 1 } }), 'OnnxUnsupported', 'attribute mode')
    expectRefusal(withNode(3, { inputs: ['n', 'n'] }), 'OnnxGraphInvalid', '/r/Round: has 2 operands, needs 1 to 1')
    expectRefusal(withNode(3, { moreOutputs: ['q'] }), 'OnnxUnsupported', 'only the first output')
    expectRefusal(withNode(0, { attributes: { to: 10 } }), 'OnnxUnsupported', 'casts to data type 10')
    expectRefusal(
      { ...GOOD, inputs: [{ name: 'x', dtype: 'bool', dims: [1, 4] }] },
      'OnnxUnsupported',
      'input x: has data type 9',
    )
  })

  it('refuses shapes that are computed', () => {
    const file = single({ op: 'Reshape', inputs: ['x', 'x'] })
    expectRefusal(file, 'OnnxUnsupported', 'operand 1 must be a constant')
  })
})

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
      '/layer3/Div: divides',
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
