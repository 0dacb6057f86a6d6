import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { constantOf, type GraphParts, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { checkGraph } from './check.ts'
import type { GraphInput, Op } from './graph.ts'
import { runReferenceAll } from './reference.ts'

/** What the check proves of the last value of a graph, and of its partial sums. */
function proven(parts: GraphParts) {
  const { graph, values, accumulations } = checkGraph(graphOf(parts))
  const last = values.at(-1)
  return { lo: last?.lo, hi: last?.hi, accumulation: accumulations.get(graph.ops.length - 1) }
}

const window1d = { strides: [1], dilations: [1], pads: [0, 0] }

describe('bounds', () => {
  const x = inputOf([2], -3, 5)
  const y = inputOf([2], -7, 2)
  it.each<readonly [string, readonly GraphInput[], Op, number, number]>([
    ['add', [x, y], { kind: 'add', inputs: [0, 1] }, -10, 7],
    ['sub', [x, y], { kind: 'sub', inputs: [0, 1] }, -5, 12],
    ['mul', [x, y], { kind: 'mul', inputs: [0, 1] }, -35, 21],
    ['mul with itself', [x], { kind: 'mul', inputs: [0, 0] }, 0, 25],
    ['min', [x, y], { kind: 'min', inputs: [0, 1] }, -7, 2],
    ['max', [x, y], { kind: 'max', inputs: [0, 1] }, -3, 5],
    ['clip from above', [x], { kind: 'clip', inputs: [0], lo: -9, hi: 1 }, -3, 1],
    ['clip to a range outside', [x], { kind: 'clip', inputs: [0], lo: 8, hi: 9 }, 8, 8],
    ['shift-left', [x], { kind: 'shift-left', inputs: [0], bits: 4 }, -48, 80],
    ['shift-right', [x], { kind: 'shift-right', inputs: [0], bits: 1, rounding: 'floor' }, -2, 2],
    ['floordiv', [x, inputOf([2], 2, 4)], { kind: 'floordiv', inputs: [0, 1] }, -2, 2],
    ['floordiv of negatives', [inputOf([2], -9, -3), inputOf([1], 2, 4)], { kind: 'floordiv', inputs: [0, 1] }, -5, -1],
    ['isqrt', [inputOf([2], 3, 2 ** 52 - 1)], { kind: 'isqrt', inputs: [0] }, 1, 2 ** 26 - 1],
    ['less', [x, y], { kind: 'less', inputs: [0, 1] }, 0, 1],
    ['equal', [x, y], { kind: 'equal', inputs: [0, 1] }, 0, 1],
    ['select', [inputOf([2], 0, 1), x, y], { kind: 'select', inputs: [0, 1, 2] }, -7, 5],
    ['gather-elements', [inputOf([2], 0, 1), x], { kind: 'gather-elements', inputs: [0, 1], axis: 0 }, -3, 5],
    ['pad', [x], { kind: 'pad', inputs: [0], pads: [0, 1], value: 9 }, -3, 9],
    ['pad by nothing', [x], { kind: 'pad', inputs: [0], pads: [0, 0], value: 9 }, -3, 5],
    ['concat', [x, y], { kind: 'concat', inputs: [0, 1], axis: 0 }, -7, 5],
    ['argmax', [x], { kind: 'argmax', inputs: [0], axis: 0, keepDims: false }, 0, 1],
    ['reduce-sum', [x], { kind: 'reduce-sum', inputs: [0], axes: [0], keepDims: false }, -6, 10],
  ])('of %s', (_, inputs, op, lo, hi) => {
    expect(proven({ inputs, ops: [op] })).toMatchObject({ lo, hi })
  })

  it('of a product with a constant follow from its actual columns', () => {
    const constants = [constantOf([2, 2], [1, -4, 2, 5])]
    const parts = { inputs: [inputOf([1, 2], -1, 10)], constants, ops: [{ kind: 'matmul', inputs: [0, 1] }] } as const
    expect(proven(parts)).toEqual({ lo: -45, hi: 54, accumulation: 54 })
  })

  it('of a product with a constant on the left follow from its actual rows', () => {
    const constants = [constantOf([2, 2], [1, -4, 2, 5])]
    const parts = { inputs: [inputOf([2, 1], -1, 10)], constants, ops: [{ kind: 'matmul', inputs: [1, 0] }] } as const
    expect(proven(parts)).toEqual({ lo: -41, hi: 70, accumulation: 70 })
  })

  it('of a product of two computed tensors follow from both ranges', () => {
    const inputs = [inputOf([2, 3], -2, 5), inputOf([3, 2], -4, 1)]
    expect(proven({ inputs, ops: [{ kind: 'matmul', inputs: [0, 1] }] })).toEqual({ lo: -60, hi: 24, accumulation: 60 })
  })

  it('of a convolution count its padding as zero', () => {
    const constants = [constantOf([1, 1, 2], [3, 2])]
    const conv = (pads: readonly number[]): GraphParts => ({
      inputs: [inputOf([1, 1, 4], 10, 20)],
      constants,
      ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, ...window1d, pads }],
    })
    expect(proven(conv([0, 0]))).toEqual({ lo: 50, hi: 100, accumulation: 100 })
    expect(proven(conv([1, 0]))).toEqual({ lo: 0, hi: 100, accumulation: 100 })
  })

  it('of pooling count its padding as zero in a sum and not at all in a maximum', () => {
    const pool = (kind: 'sum-pool' | 'max-pool'): GraphParts => ({
      inputs: [inputOf([1, 1, 4], -9, -2)],
      ops: [{ kind, inputs: [0], kernel: [3], ...window1d, pads: [1, 0] }],
    })
    expect(proven(pool('sum-pool'))).toEqual({ lo: -27, hi: 0, accumulation: 27 })
    expect(proven(pool('max-pool'))).toEqual({ lo: -9, hi: -2, accumulation: undefined })
  })

  it('of a product with a constant are reached by some input', () => {
    const lanes = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 12, maxLength: 12 })
    const range = fc.tuple(fc.integer({ min: -100, max: 100 }), fc.nat(100))
    const property = fc.property(lanes, range, (weights, [lo, width]) => {
      const hi = lo + width
      const constants = [constantOf([3, 4], weights)]
      const parts = { inputs: [inputOf([3], lo, hi)], constants }
      const ops: Op[] = [
        { kind: 'reshape', inputs: [0], shape: [1, 3] },
        { kind: 'matmul', inputs: [2, 1] },
      ]
      const checked = checkGraph(graphOf({ ...parts, ops }))
      const extremes = [0, 1, 2, 3].flatMap((column) => {
        const best = [0, 1, 2].map((row) => ((weights[row * 4 + column] as number) > 0 ? hi : lo))
        const worst = best.map((lane) => (lane === hi ? lo : hi))
        return [best, worst].flatMap((lanes) => {
          const values = runReferenceAll(checked, [{ shape: [3], data: Float64Array.from(lanes) }])
          return values.at(-1)?.data[column] ?? 0
        })
      })
      expect(checked.values.at(-1)).toMatchObject({ lo: Math.min(...extremes), hi: Math.max(...extremes) })
    })
    fc.assert(property, { numRuns: numRuns(200) })
  })
})
