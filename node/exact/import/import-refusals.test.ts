import { describe, expect, it } from 'vitest'
import { bytesField, type FileTensor, join, varint, varintField, writeOnnx } from '../../../test/support/onnx-file.ts'
import { expectRefusal, float, GOOD, refusal, single, withNode } from '../../../test/support/refusals.ts'
import { importOnnx } from './import-onnx.ts'

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
    const edge = { op: 'Pad', inputs: ['x', 'p'], attributes: { mode: 'edge' } }
    expectRefusal(single(edge, { p: pads }), 'OnnxTooLarge', 'picks 2147483652 lanes along axis 1')
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
  })

  it('refuses to compute with booleans, and to choose by numbers', () => {
    const bool = { ...GOOD, inputs: [{ name: 'x', dtype: 'bool', dims: [1, 4] }] } as const
    const graph = { outputs: [{ name: 'y', dtype: 'bool', dims: [1, 4] }], constants: {} } as const
    const node = (op: string, inputs: readonly string[]) => ({
      ...bool,
      ...graph,
      nodes: [{ op, inputs, output: 'y' }],
    })
    expectRefusal(node('Add', ['x', 'x']), 'OnnxUnsupported', '/y/Add: operand 0 is bool: cast it to a number')
    expectRefusal(single({ op: 'Where', inputs: ['x', 'x', 'x'] }), 'OnnxUnsupported', 'where ONNX takes booleans')
  })

  it('refuses operators whose results depend on more than bounds, each with its reason', () => {
    const refused = { ReduceProd: 'leaves every integer type', GatherND: 'several axes', ScatterND: 'depends on data' }
    for (const [op, reason] of Object.entries(refused)) {
      expectRefusal(single({ op, inputs: ['x', 'x'] }), 'OnnxUnsupported', `operator ${op} is not supported: `)
      expectRefusal(single({ op, inputs: ['x', 'x'] }), 'OnnxUnsupported', reason)
    }
  })

  it('refuses what operators may ask for beyond what is exact', () => {
    const k = { k: { dtype: 'int64', dims: [1], values: [2] } } as const
    const scales = { s: { dtype: 'float32', dims: [2], values: [1, 1.5] } } as const
    const top = { op: 'TopK', inputs: ['x', 'k'], attributes: { sorted: 0 } }
    expectRefusal(single(top, k), 'OnnxUnsupported', 'attribute sorted is 0')
    const p = { p: { dtype: 'int64', dims: [4], values: [0, 4, 0, 0] } } as const
    const pad = (mode: string) => single({ op: 'Pad', inputs: ['x', 'p'], attributes: { mode } }, p)
    expectRefusal(pad('wrap'), 'OnnxUnsupported', 'attribute mode is wrap: constant, edge and reflect')
    expectRefusal(pad('reflect'), 'OnnxShapeInvalid', 'axis 1 of 4 lanes mirrors 3 at most')
    const resize = (attributes: Record<string, string>) =>
      single({ op: 'Resize', inputs: ['x', '', 's'], attributes: { mode: 'nearest', ...attributes } }, scales)
    expectRefusal(resize({}), 'OnnxUnsupported', 'resizes axis 1 by 1.5: only whole factors')
    expectRefusal(resize({ nearest_mode: 'ceil' }), 'OnnxUnsupported', 'half_pixel with ceil: use asymmetric')
    expectRefusal(resize({ mode: 'linear' }), 'OnnxUnsupported', 'attribute mode is linear')
  })

  it('refuses shapes that are computed', () => {
    const file = single({ op: 'Reshape', inputs: ['x', 'x'] })
    expectRefusal(file, 'OnnxUnsupported', 'operand 1 must be a constant')
  })
})
