import { describe, expect, it } from 'vitest'
import { checkGraph } from '../../exact/check.ts'
import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import { runReference } from '../../exact/reference.ts'
import { packData } from '../../exact/tensor-data.ts'
import type { ElementKind, FloatGraph, FloatNode, FloatTensor, FloatValue } from '../float-graph.ts'
import { PRECISIONS } from '../precision.ts'
import { quantiseGraph } from '../quantise-graph.ts'
import { simplifyGraph } from './simplify.ts'

const TOKENS = 4
const HEADS = 2
const SCORES = [1, HEADS, TOKENS, TOKENS]
const STEP = 2 ** -12
const MINUS_INFINITY = Number.NEGATIVE_INFINITY
const LEAST_FLOAT = -3.4028234663852886e38

/** One operator: its type, operands, and the kind and shape of its result, whose name is its place. */
type Line = readonly [opType: string, inputs: readonly string[], output: string, kind: ElementKind, shape: number[]]

const constants: Readonly<Record<string, FloatTensor>> = {
  one: scalar(1),
  zero: scalar(0),
  tenThousand: scalar(-10_000),
  least: scalar(LEAST_FLOAT),
  infinity: scalar(MINUS_INFINITY),
  rows: { kind: 'integer', shape: [3], data: Float64Array.from([HEADS, TOKENS, TOKENS]) },
  causal: square((row, column) => (column <= row ? 0 : MINUS_INFINITY)),
  causalBits: { ...square((row, column) => (column <= row ? 1 : 0)), kind: 'boolean' },
  slopes: square((row, column) => (column <= row ? -0.25 * (row - column) : LEAST_FLOAT)),
  zeros: square(() => 0),
}

function scalar(value: number): FloatTensor {
  return { kind: 'float', shape: [], data: Float64Array.from([value]) }
}

function square(f: (row: number, column: number) => number): FloatTensor {
  const data = Float64Array.from({ length: TOKENS ** 2 }, (_, i) => f(Math.floor(i / TOKENS), i % TOKENS))
  return { kind: 'float', shape: [1, 1, TOKENS, TOKENS], data }
}

/** `mask` [1, 1, 1, tokens] as floats that are 1 where a token is padding. */
const PADDING: readonly Line[] = [
  ['Cast', ['mask'], 'real', 'float', [1, 1, 1, TOKENS]],
  ['Sub', ['one', 'real'], 'padding', 'float', [1, 1, 1, TOKENS]],
]
const BITS: readonly Line[] = [['Cast', ['mask'], 'bits', 'boolean', [1, 1, 1, TOKENS]]]

/** Ways to write masks, each ending in `masked`; and whether a lane takes part. */
const WRITINGS: Readonly<Record<string, readonly Line[]>> = {
  '(1 − mask) · −10,000, added': [
    ...PADDING,
    ['Mul', ['padding', 'tenThousand'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Add', ['scores', 'm'], 'masked', 'float', SCORES],
  ],
  '(1 − mask) · the least float, added': [
    ...PADDING,
    ['Mul', ['padding', 'least'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Add', ['m', 'scores'], 'masked', 'float', SCORES],
  ],
  'Where(mask, scores, −∞)': [...BITS, ['Where', ['bits', 'scores', 'infinity'], 'masked', 'float', SCORES]],
  'Where(not mask, −∞, scores)': [
    ...BITS,
    ['Not', ['bits'], 'no', 'boolean', [1, 1, 1, TOKENS]],
    ['Where', ['no', 'infinity', 'scores'], 'masked', 'float', SCORES],
  ],
  'Where(not mask, −∞, 0), added': [
    ...BITS,
    ['Not', ['bits'], 'no', 'boolean', [1, 1, 1, TOKENS]],
    ['Where', ['no', 'infinity', 'zero'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Mul', ['m', 'one'], 'm1', 'float', [1, 1, 1, TOKENS]],
    ['Add', ['scores', 'm1'], 'masked', 'float', SCORES],
  ],
  'clamped to the least float and reshaped': [
    ...PADDING,
    ['Mul', ['padding', 'least'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Add', ['scores', 'm'], 'sum', 'float', SCORES],
    ['Max', ['sum', 'least'], 'clamped', 'float', SCORES],
    ['Reshape', ['clamped', 'rows'], 'masked', 'float', SCORES.slice(1)],
  ],
  'a causal constant and a padding mask, one after the other': [
    ...PADDING,
    ['Mul', ['padding', 'tenThousand'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Add', ['scores', 'causal'], 'past', 'float', SCORES],
    ['Add', ['past', 'm'], 'masked', 'float', SCORES],
  ],
  'a causal choice and a padding mask in one': [
    ...PADDING,
    ['Mul', ['padding', 'least'], 'm', 'float', [1, 1, 1, TOKENS]],
    ['Where', ['causalBits', 'm', 'least'], 'all', 'float', [1, 1, TOKENS, TOKENS]],
    ['Add', ['scores', 'all'], 'masked', 'float', SCORES],
  ],
  'a causal constant with a slope, and a padding mask': [
    ...BITS,
    ['Add', ['scores', 'slopes'], 'past', 'float', SCORES],
    ['Where', ['bits', 'past', 'infinity'], 'masked', 'float', SCORES],
  ],
}

function graphOf(lines: readonly Line[]): FloatGraph {
  const node = ([opType, inputs, output]: Line): FloatNode => {
    return { label: output, opType, domain: '', inputs, outputs: [output], attributes: new Map() }
  }
  const shape = lines.at(-1)?.[4] as number[]
  const axis: OnnxAttribute = { type: 'int', value: -1 }
  const softmax = { ...node(['Softmax', ['masked'], 'p', 'float', shape]), attributes: new Map([['axis', axis]]) }
  const values = new Map<string, FloatValue>([
    ['scores', { kind: 'float', shape: SCORES }],
    ['mask', { kind: 'integer', shape: [1, 1, 1, TOKENS] }],
    ['p', { kind: 'float', shape }],
    ...Object.entries(constants),
    ...lines.map(([, , name, kind, own]) => [name, { kind, shape: own }] as const),
  ])
  return {
    opset: 17,
    inputs: ['scores', 'mask'],
    outputs: ['p'],
    constants: new Map(Object.entries(constants)),
    nodes: [...lines.map(node), softmax],
    values,
  }
}

/** Softmax over the lanes that take part, in floats. */
function truth(name: string, scores: readonly number[], mask: readonly number[]): number[] {
  const isCausal = name.includes('causal')
  const slope = name.includes('slope') ? -0.25 : 0
  return Array.from({ length: HEADS * TOKENS }, (_, row) => {
    const place = row % TOKENS
    const powers = Array.from({ length: TOKENS }, (_, column) => {
      const isKept = mask[column] === 1 && (!isCausal || column <= place)
      return isKept ? Math.exp((scores[row * TOKENS + column] as number) + slope * (place - column)) : 0
    })
    const sum = powers.reduce((total, power) => total + power, 0)
    return powers.map((power) => power / sum)
  }).flat()
}

describe('fuseSoftmax', () => {
  const scores = Array.from({ length: HEADS * TOKENS * TOKENS }, (_, i) => Math.sin(i * 7.3) * 5)

  it.each(Object.entries(WRITINGS))('takes masks out of the scores: %s', (name, lines) => {
    const graph = simplifyGraph(graphOf(lines))
    const isMask = ({ data }: FloatTensor) => Array.from(data).some((x) => x < -1000)
    expect([...graph.constants.values()].some(isMask)).toBe(false)
    const ranges = new Map(
      [...graph.values.keys()].map((key) => [key, { lo: key === 'p' ? 0 : -5, hi: key === 'p' ? 1 : 5 }]),
    )
    const model = quantiseGraph(graph, {
      ranges,
      inputs: [
        { step: STEP, laneBytes: 2, lo: -32768, hi: 32767 },
        { step: 1, laneBytes: 1, lo: 0, hi: 1 },
      ],
      precisionOf: () => PRECISIONS.precise,
    })
    for (const mask of [
      [1, 1, 1, 1],
      [1, 1, 0, 1],
      [1, 0, 0, 0],
    ]) {
      const lanes = packData(scores.map((score) => Math.round(score / STEP)))
      const inputs = [
        { shape: SCORES, data: lanes },
        { shape: [1, 1, 1, TOKENS], data: packData(mask) },
      ]
      const [found] = runReference(checkGraph(model.graph), inputs)
      truth(name, scores, mask).forEach((p, i) => {
        expect(Math.abs((found?.data[i] as number) * (model.outputSteps[0] as number) - p)).toBeLessThan(0.002)
      })
    }
  })

  it('leaves addends that are no masks', () => {
    const lines: readonly Line[] = [
      ['Cast', ['mask'], 'real', 'float', [1, 1, 1, TOKENS]],
      ['Add', ['scores', 'real'], 'masked', 'float', SCORES],
    ]
    const { nodes } = simplifyGraph(graphOf(lines))
    expect(nodes.map(({ opType }) => opType)).toEqual(['Cast', 'Add', 'MaskedSoftmax'])
  })
})
