import { describe, expect, it } from 'vitest'
import { constantOf, type GraphParts, graphOf, inputOf } from '../../../test/support/small-graph.ts'
import { checkGraph } from '../check.ts'
import type { Op } from '../graph.ts'
import { countModel } from './counters.ts'
import { lower } from './lower.ts'

function count(parts: GraphParts) {
  const checked = checkGraph(graphOf(parts))
  return countModel(checked, lower(checked), 1000)
}

const dense = (reach: number, weight: number, n = 16, k = 64) =>
  count({
    inputs: [inputOf([2, k], -reach, reach)],
    constants: [constantOf([k, n], new Array<number>(k * n).fill(weight))],
    ops: [{ kind: 'matmul', inputs: [0, 1] }],
  })

describe('MACs', () => {
  it('are narrow with 8-bit operands', () => {
    expect(dense(127, 100)).toMatchObject({ macsNarrow: 2 * 16 * 64, macsMedium: 0, macsWide: 0, kernelCalls: 1 })
  })

  it('are medium where a float32 accumulator is exact, else wide', () => {
    expect(dense(1000, 100)).toMatchObject({ macsNarrow: 0, macsMedium: 2 * 16 * 64, macsWide: 0 })
    expect(dense(100_000, 100)).toMatchObject({ macsNarrow: 0, macsMedium: 0, macsWide: 2 * 16 * 64 })
  })

  it('are wide in kernels of few columns or terms', () => {
    expect(dense(127, 100, 15)).toMatchObject({ macsNarrow: 0, macsWide: 2 * 15 * 64 })
    expect(dense(127, 100, 16, 15)).toMatchObject({ macsNarrow: 0, macsWide: 2 * 16 * 15 })
  })

  it('are wide in a depthwise convolution, with a kernel call a group', () => {
    const conv: Op = {
      kind: 'conv',
      inputs: [0, 1],
      groups: 32,
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
    }
    const counters = count({
      inputs: [inputOf([2, 32, 6, 6], 0, 127)],
      constants: [constantOf([32, 1, 3, 3], new Array<number>(288).fill(1))],
      ops: [conv],
    })
    expect(counters).toMatchObject({ macsNarrow: 0, macsWide: 2 * 32 * 16 * 9, kernelCalls: 64, elements: 2 * 32 * 16 })
    // An op, and 9 taps; the input as it is, without padding, and 9 bytes for each lane of the result.
    expect(counters).toMatchObject({ opCount: 1 + 5, scratchBytes: 2 * 32 * (36 + 16 * 9) })
  })

  it('are counted a term for poolings and reductions', () => {
    const reduce: Op = { kind: 'reduce-sum', inputs: [0], axes: [1], keepDims: false }
    expect(count({ inputs: [inputOf([3, 50], 0, 1)], ops: [reduce] })).toMatchObject({ macsWide: 150, elements: 3 })
  })
})

describe('bytes', () => {
  it('are counted for what is moved, gathered, hashed and kept', () => {
    const counters = count({
      inputs: [inputOf([3], 0, 3)],
      constants: [constantOf([4, 2], [1, 2, 3, 4, 5, 6, 7, 300])],
      ops: [
        { kind: 'lookup', inputs: [0, 1], axis: 0 },
        { kind: 'transpose', inputs: [2], permutation: [1, 0] },
        { kind: 'reshape', inputs: [3], shape: [6] },
      ],
    })
    expect(counters).toMatchObject({
      opCount: 3,
      gatheredBytes: 6 * 2 + 3,
      movedBytes: 6 * 2,
      hashedBytes: 3 + 6 * 8,
      constantBytes: 16,
      graphBytes: 1000,
      elements: 12,
      macsWide: 0,
    })
  })
})

describe('scratch', () => {
  const conv: Op = { kind: 'conv', inputs: [0, 1], groups: 1, strides: [1], dilations: [1], pads: [2, 0] }
  const padded = (reach: number, weight: number) =>
    count({
      inputs: [inputOf([1, 3, 5], 0, reach)],
      constants: [constantOf([1, 3, 2], new Array<number>(6).fill(weight))],
      ops: [conv],
    })

  it('is as wide as the bounds of the sum ask for', () => {
    const lanes = 3 * 7 + 6 * 6
    expect(padded(100, 100).scratchBytes).toBe(lanes)
    expect(padded(1000, 100).scratchBytes).toBe(4 * lanes)
    expect(padded(100_000, 100).scratchBytes).toBe(8 * lanes)
  })

  it('of poolings is never bytes', () => {
    const pool: Op = { kind: 'max-pool', inputs: [0], kernel: [2], strides: [2], dilations: [1], pads: [0, 0] }
    const of = (reach: number) => count({ inputs: [inputOf([1, 2, 6], 0, reach)], ops: [pool] }).scratchBytes
    expect([of(1), of(2 ** 30)]).toEqual([4 * (12 + 12), 8 * (12 + 12)])
  })
})
