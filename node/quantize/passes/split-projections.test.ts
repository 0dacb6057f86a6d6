import { describe, expect, it } from 'vitest'
import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import type { FloatGraph, FloatNode, FloatTensor, FloatValue } from '../float-graph.ts'
import { simplifyGraph } from './simplify.ts'

const TOKENS = 5
const ROWS = 2
const HEADS = 2
const WIDTH = 3
const COLUMNS = 3 * HEADS * WIDTH

/** An operator: type, operands, results with their shapes, attributes. */
type Line = readonly [
  string,
  readonly string[],
  Readonly<Record<string, number[]>>,
  Readonly<Record<string, OnnxAttribute>>?,
]

const integers = (data: number[], shape = [data.length]): FloatTensor => {
  return { kind: 'integer', shape, data: Float64Array.from(data) }
}
/** The weight of row r and column c is 100 r + c. */
const weightsOf = (isTurned: boolean): FloatTensor => ({
  kind: 'float',
  shape: isTurned ? [COLUMNS, ROWS] : [ROWS, COLUMNS],
  data: Float64Array.from({ length: ROWS * COLUMNS }, (_, i) =>
    isTurned ? 100 * (i % ROWS) + Math.floor(i / ROWS) : 100 * Math.floor(i / COLUMNS) + (i % COLUMNS),
  ),
})
const constants = new Map<string, FloatTensor>([
  ['w', weightsOf(false)],
  ['turned', weightsOf(true)],
  ['b', { kind: 'float', shape: [COLUMNS], data: Float64Array.from({ length: COLUMNS }, (_, i) => i / 8) }],
  ['apart', integers([1, TOKENS, 3, HEADS, WIDTH])],
  ['flat', integers([1, TOKENS, COLUMNS])],
  ['0', integers([0], [])],
  ['1', integers([1], [])],
  ['-1', integers([-1], [])],
])
const int = (value: number): OnnxAttribute => ({ type: 'int', value })

function graphOf(lines: readonly Line[], x: readonly number[]): FloatGraph {
  const values = new Map<string, FloatValue>([['x', { kind: 'float', shape: x }], ...constants])
  const nodes = lines.map(([opType, inputs, results, attributes = {}]): FloatNode => {
    const outputs = Object.keys(results)
    for (const name of outputs) values.set(name, { kind: 'float', shape: results[name] as number[] })
    return {
      label: outputs[0] as string,
      opType,
      domain: '',
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    }
  })
  return { opset: 17, inputs: ['x'], outputs: ['q', 'k', 'v'], constants, nodes, values }
}

/** Columns of the weights that each output's layer has, by their first row. */
function columnsOf(graph: FloatGraph): Record<string, number[]> {
  const layers = graph.nodes.filter(({ opType }) => opType === 'MatMul' || opType === 'Gemm')
  const found = layers.map(({ inputs, attributes }) => {
    const { shape, data } = graph.constants.get(inputs[1] ?? '') as FloatTensor
    const isTurned = attributes.has('transB')
    const count = isTurned ? shape[0] : shape[1]
    const columns = Array.from({ length: count as number }, (_, i) => data[isTurned ? i * ROWS : i] as number)
    return [(inputs[1] as string).split('/')[0] as string, columns] as const
  })
  return Object.fromEntries(found)
}

const part = (start: number, count = HEADS * WIDTH) => Array.from({ length: count }, (_, i) => start + i)
const THIRDS = { q: part(0), k: part(6), v: part(12) }
const HEAD = [1, HEADS, TOKENS, WIDTH]

describe('splitProjections', () => {
  it('makes a layer of each part of a Split', () => {
    const whole = [1, TOKENS, COLUMNS]
    const third = [1, TOKENS, HEADS * WIDTH]
    const lines: Line[] = [
      ['MatMul', ['x', 'w'], { p: whole }],
      ['Add', ['b', 'p'], { s: whole }],
      ['Split', ['s'], { q: third, k: third, v: third }, { axis: int(-1) }],
    ]
    const graph = simplifyGraph(graphOf(lines, [1, TOKENS, ROWS]))
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Add', 'MatMul', 'Add', 'MatMul', 'Add'])
    expect(columnsOf(graph)).toEqual(THIRDS)
    expect(Array.from(graph.constants.get('v/bias')?.data ?? [])).toEqual(part(12).map((i) => i / 8))
    expect(graph.values.get('v/part')?.rangeOf).toBe('v')
  })

  it('follows columns through Reshape and Transpose to Gather', () => {
    const lines: Line[] = [
      ['MatMul', ['x', 'w'], { s: [1, TOKENS, COLUMNS] }],
      ['Reshape', ['s', 'apart'], { r: [1, TOKENS, 3, HEADS, WIDTH] }],
      ['Transpose', ['r'], { t: [3, 1, HEADS, TOKENS, WIDTH] }, { perm: { type: 'ints', value: [2, 0, 3, 1, 4] } }],
      ['Gather', ['t', '0'], { q: HEAD }, { axis: int(0) }],
      ['Gather', ['t', '1'], { k: HEAD }, { axis: int(0) }],
      ['Gather', ['t', '-1'], { v: HEAD }, { axis: int(0) }],
    ]
    const graph = simplifyGraph(graphOf(lines, [1, TOKENS, ROWS]))
    expect(columnsOf(graph)).toEqual(THIRDS)
    expect(graph.nodes.some(({ opType }) => opType === 'Gather')).toBe(false)
    expect(graph.values.get('q')?.shape).toEqual(HEAD)
  })

  it('takes strided columns where heads come first', () => {
    const lines: Line[] = [
      ['MatMul', ['x', 'w'], { s: [1, TOKENS, COLUMNS] }],
      ['Reshape', ['s', 'apart'], { r: [1, TOKENS, HEADS, 3, WIDTH] }],
      [
        'Split',
        ['r'],
        { q: [1, TOKENS, HEADS, 1, WIDTH], k: [1, TOKENS, HEADS, 1, WIDTH], v: [1, TOKENS, HEADS, 1, WIDTH] },
        { axis: int(3) },
      ],
    ]
    const graph = simplifyGraph(graphOf(lines, [1, TOKENS, ROWS]))
    const heads = (start: number) => [...part(start, WIDTH), ...part(start + 3 * WIDTH, WIDTH)]
    expect(columnsOf(graph)).toEqual({ q: heads(0), k: heads(3), v: heads(6) })
  })

  it('splits Gemm with turned weights, as GPT-2 is exported', () => {
    const third = [1, TOKENS, HEADS * WIDTH]
    const lines: Line[] = [
      ['Gemm', ['x', 'turned', 'b'], { g: [TOKENS, COLUMNS] }, { transB: int(1) }],
      ['Reshape', ['g', 'flat'], { s: [1, TOKENS, COLUMNS] }],
      ['Split', ['s'], { q: third, k: third, v: third }, { axis: int(2) }],
    ]
    const graph = simplifyGraph(graphOf(lines, [TOKENS, ROWS]))
    expect(columnsOf(graph)).toEqual(THIRDS)
    expect(
      graph.nodes.every(({ outputs }) => shapeSize(graph.values.get(outputs[0] as string)?.shape ?? []) === TOKENS * 6),
    ).toBe(true)
  })

  it('leaves a layer whose whole result is read, too', () => {
    const third = [1, TOKENS, HEADS * WIDTH]
    const lines: Line[] = [
      ['MatMul', ['x', 'w'], { s: [1, TOKENS, COLUMNS] }],
      ['Split', ['s'], { q: third, k: third, v: third }, { axis: int(2) }],
    ]
    const graph = { ...graphOf(lines, [1, TOKENS, ROWS]), outputs: ['q', 'k', 'v', 's'] }
    expect(columnsOf(simplifyGraph(graph))).toEqual({ w: part(0, COLUMNS) })
  })
})
