import { describe, expect, it } from 'vitest'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { checkGraph } from './check.ts'
import { peakMemory, scratchLanes } from './footprint.ts'
import type { Op } from './graph.ts'

describe('scratchLanes', () => {
  const window = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] }

  it('of a convolution are its padded input and each window of each group once', () => {
    const op: Op = { kind: 'conv', inputs: [0, 1], groups: 2, ...window }
    // Input 1×4×3×3 padded to 5×5; weights 6×2×3×3: 9 windows of 2·3·3 terms in each of 2 groups.
    expect(scratchLanes(op, [1, 4, 3, 3], [1, 6, 3, 3], 18)).toBe(4 * 25 + 9 * 18 * 2)
  })

  it('of pooling are its padded input and each window of each channel', () => {
    const op: Op = { kind: 'max-pool', inputs: [0], kernel: [3, 3], ...window }
    expect(scratchLanes(op, [1, 4, 3, 3], [1, 4, 3, 3], 9)).toBe(4 * 25 + 4 * 9 * 9)
  })

  it('of other ops are none', () => {
    expect(scratchLanes({ kind: 'matmul', inputs: [0, 1] }, [2, 3], [2, 4], 3)).toBe(0)
  })
})

describe('peakMemory', () => {
  it('counts live values and operands at 8 bytes a lane, other constants at their own width, and scratch', () => {
    const graph = graphOf({
      inputs: [inputOf([10], 0, 1)],
      constants: [constantOf([3], [0, 0, 300]), constantOf([4], [1, 2, 3, 4])],
      ops: [
        { kind: 'lookup', inputs: [0, 1], axis: 0 }, // input 80, constants 6 + 4, table widened 24, result 80
        { kind: 'reshape', inputs: [3], shape: [10, 1] }, // input dropped: constants 10, operand 80, result 80
        { kind: 'mul', inputs: [4, 2] }, // constants 10, operand 80, constant widened 32, result 320
      ],
      outputs: [{ value: 5, laneBytes: 8 }],
    })
    const { values } = checkGraph(graph)
    expect(peakMemory(graph, values, [0, 0, 0])).toEqual({ bytes: 10 + 80 + 32 + 320, op: 2 })
    expect(peakMemory(graph, values, [0, 1000, 0])).toEqual({ bytes: 10 + 80 + 80 + 8000, op: 1 })
    expect(peakMemory(graph, values, [1000, 0, 0])).toEqual({ bytes: 80 + 10 + 24 + 80 + 8000, op: 0 })
  })

  it('keeps outputs to the end', () => {
    const clip = (from: number): Op => ({ kind: 'clip', inputs: [from], lo: 0, hi: 1 })
    const parts = { inputs: [inputOf([1], 0, 1)], ops: [clip(0), clip(1), clip(2)] }
    const output = (value: number) => ({ value, laneBytes: 1 as const })
    const peakOf = (outputs: readonly number[]) => {
      const graph = graphOf({ ...parts, outputs: outputs.map(output) })
      return peakMemory(graph, checkGraph(graph).values, [0, 0, 0]).bytes
    }
    expect(peakOf([3])).toBe(16)
    expect(peakOf([1, 3])).toBe(24)
  })
})
