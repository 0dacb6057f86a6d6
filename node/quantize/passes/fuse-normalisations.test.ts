import { describe, expect, it } from 'vitest'
import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import type { FloatGraph, FloatNode, FloatTensor, FloatValue } from '../float-graph.ts'
import { simplifyGraph } from './simplify.ts'

const WIDE = [2, 8]
const ROW = [2, 1]
const number = (value: number): FloatTensor => ({ kind: 'float', shape: [], data: Float64Array.from([value]) })
const vector = (f: (i: number) => number): FloatTensor => {
  return { kind: 'float', shape: [8], data: Float64Array.from({ length: 8 }, (_, i) => f(i)) }
}
const constants = new Map<string, FloatTensor>([
  ['minusHalf', number(-0.5)],
  ['one', number(1)],
  ['two', number(2)],
  ['epsilon', number(1e-5)],
  ['gain', vector((i) => 1 + i / 8)],
  ['bias', vector((i) => i - 4)],
])
const AXES: OnnxAttribute = { type: 'ints', value: [-1] }

/** `OpType: operand operand → result`, results of ReduceMean and what follows it in rows being one lane a row. */
function graphOf(lines: readonly string[]): FloatGraph {
  const values = new Map<string, FloatValue>([['x', { kind: 'float', shape: WIDE }], ...constants])
  const nodes = lines.map((line): FloatNode => {
    const [opType = '', operands = '', result = ''] = line.split(/: | → /)
    const inputs = operands.split(' ')
    const isRow =
      opType === 'ReduceMean' ||
      inputs.every((name) => values.get(name)?.shape.length !== 2 || values.get(name)?.shape[1] === 1)
    values.set(result, { kind: 'float', shape: isRow ? ROW : WIDE })
    const attributes = new Map(opType === 'ReduceMean' ? [['axes', AXES]] : [])
    return { label: result, opType, domain: '', inputs, outputs: [result], attributes }
  })
  return { opset: 13, inputs: ['x'], outputs: ['y'], constants, nodes, values }
}

const DEVIATION = ['ReduceMean: x → mean', 'Sub: x mean → d']

describe('fuseNormalisations', () => {
  it.each([
    [
      'by Pow, Sqrt and Div',
      ['Pow: d two → s', 'ReduceMean: s → v', 'Add: v epsilon → e', 'Sqrt: e → r', 'Div: d r → n'],
    ],
    [
      'by Mul and Reciprocal',
      ['Mul: d d → s', 'ReduceMean: s → v', 'Add: epsilon v → e', 'Sqrt: e → r', 'Reciprocal: r → i', 'Mul: i d → n'],
    ],
    [
      'by Pow throughout',
      ['Pow: d two → s', 'ReduceMean: s → v', 'Add: v epsilon → e', 'Pow: e minusHalf → i', 'Mul: d i → n'],
    ],
  ])('knows layer normalisation written %s, with its gain and bias', (_, lines) => {
    const { nodes } = simplifyGraph(graphOf([...DEVIATION, ...lines, 'Mul: n gain → g', 'Add: g bias → y']))
    expect(nodes).toHaveLength(1)
    expect(nodes[0]).toMatchObject({
      opType: 'Normalization',
      domain: 'assay',
      inputs: ['x', 'gain', 'bias'],
      outputs: ['y'],
    })
    expect(nodes[0]?.attributes.get('centred')).toEqual({ type: 'int', value: 1 })
    expect(nodes[0]?.attributes.get('axes')).toEqual({ type: 'ints', value: [1] })
  })

  it('knows root-mean-square normalisation, and leaves what reads its parts', () => {
    const lines = [
      'Pow: x two → s',
      'ReduceMean: s → v',
      'Add: v epsilon → e',
      'Sqrt: e → r',
      'Div: one r → i',
      'Mul: x i → n',
    ]
    const { nodes } = simplifyGraph(graphOf([...lines, 'Mul: gain n → g', 'Add: g n → y']))
    expect(nodes.map(({ opType }) => opType)).toEqual(['Normalization', 'Mul', 'Add'])
    expect(nodes[0]).toMatchObject({ inputs: ['x', '', ''], outputs: ['n'] })
    expect(nodes[0]?.attributes.get('centred')).toEqual({ type: 'int', value: 0 })
  })

  it('leaves what only looks like it', () => {
    const lines = ['Pow: d two → s', 'ReduceMean: s → v', 'Add: v epsilon → e', 'Sqrt: e → r', 'Div: x r → y']
    expect(simplifyGraph(graphOf([...DEVIATION, ...lines])).nodes.map(({ opType }) => opType)).not.toContain(
      'Normalization',
    )
  })
})
