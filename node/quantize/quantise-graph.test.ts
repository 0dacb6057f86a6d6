import { describe, expect, it } from 'vitest'
import { checkGraph } from '../exact/check.ts'
import { runReference } from '../exact/reference.ts'
import { packData } from '../exact/tensor-data.ts'
import type { FloatGraph, FloatNode, FloatTensor } from './float-graph.ts'
import type { Interval } from './formats.ts'
import { PRECISIONS } from './precision.ts'
import { type QuantisedModel, quantiseGraph } from './quantise-graph.ts'

const node = (opType: string, inputs: readonly string[], output: string): FloatNode => ({
  label: `/${output}`,
  opType,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(),
})

const constant = (shape: readonly number[], values: readonly number[]): FloatTensor => ({
  kind: 'float',
  shape,
  data: Float64Array.from(values),
})

/** x[1, 3] → relu(x · A + a) → · B, plus x · C: two paths that meet in a sum. */
const A = [0.5, -1.25, 2, 0.125, 1, -0.75]
const B = [1.5, -0.5, 0.25, 2]
const C = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6]
const GRAPH: FloatGraph = {
  opset: 17,
  inputs: ['x'],
  outputs: ['y'],
  constants: new Map([
    ['A', constant([3, 2], A)],
    ['a', constant([2], [0.3, -0.2])],
    ['B', constant([2, 2], B)],
    ['C', constant([3, 2], C)],
  ]),
  nodes: [
    node('MatMul', ['x', 'A'], 'xa'),
    node('Add', ['xa', 'a'], 'biased'),
    node('Relu', ['biased'], 'h'),
    node('MatMul', ['h', 'B'], 'hb'),
    node('MatMul', ['x', 'C'], 'xc'),
    node('Add', ['hb', 'xc'], 'y'),
  ],
  values: new Map(
    Object.entries({ x: 3, xa: 2, biased: 2, h: 2, hb: 2, xc: 2, y: 2 }).map(([name, n]) => [
      name,
      { kind: 'float', shape: [1, n] } as const,
    ]),
  ),
}

const product = (x: readonly number[], w: readonly number[]) =>
  [0, 1].map((column) => x.reduce((sum, value, row) => sum + value * (w[2 * row + column] as number), 0))

function evaluate(x: readonly number[]): Record<string, number[]> {
  const xa = product(x, A)
  const biased = [(xa[0] as number) + 0.3, (xa[1] as number) - 0.2]
  const h = biased.map((value) => Math.max(value, 0))
  const [hb, xc] = [product(h, B), product(x, C)]
  return { x: [...x], xa, biased, h, hb, xc, y: hb.map((value, i) => value + (xc[i] as number)) }
}

const SAMPLES = Array.from({ length: 64 }, (_, i) => [0, 1, 2].map((j) => Math.sin(i * 3 + j * 7 + 1)))

function ranges(): Map<string, Interval> {
  const found = new Map<string, Interval>()
  for (const values of SAMPLES.map(evaluate)) {
    for (const [name, lanes] of Object.entries(values)) {
      const known = found.get(name) ?? { lo: 0, hi: 0 }
      found.set(name, { lo: Math.min(known.lo, ...lanes), hi: Math.max(known.hi, ...lanes) })
    }
  }
  return found
}

function quantise(preset: 'fast' | 'precise'): QuantisedModel {
  return quantiseGraph(GRAPH, {
    ranges: ranges(),
    inputs: [{ step: 2 ** -14, laneBytes: 2, lo: -32768, hi: 32767 }],
    precisionOf: () => PRECISIONS[preset],
  })
}

/** Greatest error over the samples, relative to the greatest result. */
function greatestError(model: QuantisedModel): number {
  const checked = checkGraph(model.graph)
  let [error, greatest] = [0, 0]
  for (const sample of SAMPLES) {
    const lanes = sample.map((value) => Math.round(value * 2 ** 14))
    const result = runReference(checked, [{ shape: [1, 3], data: packData(lanes) }])[0]?.data ?? []
    evaluate(sample).y?.forEach((value, i) => {
      error = Math.max(error, Math.abs(value - (result[i] as number) * (model.outputSteps[0] as number)))
      greatest = Math.max(greatest, Math.abs(value))
    })
  }
  return error / greatest
}

describe('quantiseGraph', () => {
  it('stays close to the float model, and closer with more bits', () => {
    const [fast, precise] = [greatestError(quantise('fast')), greatestError(quantise('precise'))]
    expect(fast).toBeLessThan(0.02)
    expect(precise).toBeLessThan(0.003)
  })

  it('makes a bias, a ReLU and the rounding to 8 bits one requantised contraction', () => {
    const { graph } = quantise('fast')
    const clip = graph.ops.findIndex((op) => op.kind === 'clip' && op.lo === 0)
    expect(graph.ops[clip]).toMatchObject({ lo: 0, hi: 255 })
    expect(graph.ops.slice(clip - 4, clip).map(({ kind }) => kind)).toEqual(['matmul', 'add', 'mul', 'shift-right'])
  })

  it('needs no multiplication but by small integers: the weights absorb every scale', () => {
    const { graph, labels } = quantise('fast')
    const input = labels.indexOf('/xa')
    const multipliers = graph.ops.flatMap((op, index) =>
      op.kind === 'mul' && index !== input
        ? [...(graph.constants[op.inputs[1] - graph.inputs.length]?.data ?? [])]
        : [],
    )
    expect(multipliers.every((factor) => factor < 2 ** 8)).toBe(true)
  })

  it('names the node that has no exact form, and says why', () => {
    const options = { ranges: ranges(), inputs: [], precisionOf: () => PRECISIONS.fast }
    const quantiseWith = (operator: string) =>
      quantiseGraph({ ...GRAPH, nodes: [...GRAPH.nodes.slice(0, -1), node(operator, ['hb'], 'y')] }, options)
    expect(() => quantiseWith('Sort')).toThrow('/y: operator Sort has no exact form yet')
    expect(() => quantiseWith('Det')).toThrow('/y: operator Det has no exact form: a product of many lanes')
    expect(() => quantiseWith('Sinh')).toThrow('/y: operator Sinh has no exact form: it must be a function of one')
  })
})
