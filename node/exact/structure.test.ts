import { describe, expect, it } from 'vitest'
import { constantOf, type GraphParts, graphOf, inputOf, verdictOn } from '../../test/support/small-graph.ts'
import { checkGraph } from './check.ts'
import type { ExactGraph, GraphConstant, Op } from './graph.ts'
import * as limits from './limits.ts'

describe('structure', () => {
  const valid: GraphParts = {
    inputs: [inputOf([2, 3], -5, 5)],
    constants: [constantOf([3], [1, 2, 300])],
    ops: [
      { kind: 'add', inputs: [0, 1] },
      { kind: 'clip', inputs: [2], lo: 0, hi: 9 },
    ],
  }
  const clip: Op = { kind: 'clip', inputs: [0], lo: 0, hi: 9 }
  const withOps = (...ops: readonly Op[]): GraphParts => ({ inputs: valid.inputs, ops })
  const withConstant = (constant: GraphConstant): GraphParts => ({ ...valid, constants: [constant] })

  it('accepts a valid graph, and a value that is declared as an output twice', () => {
    const outputs = [3, 3].map((value) => ({ value, laneBytes: 1 as const }))
    expect(verdictOn({ ...valid, outputs })).toBeUndefined()
  })

  it('refuses a profile that it does not know', () => {
    const graph: ExactGraph = { ...graphOf(valid), profile: 2 }
    expect(() => checkGraph(graph)).toThrow(expect.objectContaining({ code: 'ProfileUnknown' }))
  })

  it.each<readonly [string, string, GraphParts]>([
    ['no input', 'CountInvalid', { ...valid, inputs: [] }],
    ['no op', 'CountInvalid', { inputs: valid.inputs, ops: [] }],
    ['no output', 'CountInvalid', { ...valid, outputs: [] }],
    ['too many ops', 'CountInvalid', withOps(...Array(limits.MAX_OPS + 1).fill(clip))],
    ['an unknown kind', 'OpUnknown', withOps({ ...clip, kind: 'toString' as 'clip' })],
    ['a missing operand', 'CountInvalid', withOps({ kind: 'add', inputs: [0] } as unknown as Op)],
    ['a missing parameter', 'FieldInvalid', withOps({ kind: 'clip', inputs: [0], lo: 0 } as unknown as Op)],
    ['a parameter that is no integer', 'FieldInvalid', withOps({ ...clip, hi: 0.5 } as Op)],
    ['a parameter of −0', 'FieldInvalid', withOps({ ...clip, lo: -0 } as Op)],
    ['a list that is too long', 'FieldInvalid', withOps({ kind: 'reshape', inputs: [0], shape: Array(13).fill(1) })],
    ['an op that reads itself', 'ValueUnknown', withOps({ ...clip, inputs: [1] } as Op)],
    ['an op that reads a later one', 'ValueUnknown', withOps({ ...clip, inputs: [2] } as Op, clip)],
    ['an id that no value can have', 'ValueUnknown', withOps({ ...clip, inputs: [2 ** 31] } as Op)],
    ['an output that is no value', 'OutputNotComputed', { ...valid, outputs: [{ value: 4, laneBytes: 8 }] }],
    ['an output that is an input', 'OutputNotComputed', { ...valid, outputs: [{ value: 0, laneBytes: 8 }] }],
    ['an op that nothing reads', 'ValueDead', { ...withOps(clip, clip), outputs: [{ value: 2, laneBytes: 1 }] }],
    ['an input that nothing reads', 'ValueDead', { inputs: [inputOf([], 0, 1), inputOf([], 0, 1)], ops: [clip] }],
    ['a constant that nothing reads', 'ValueDead', { ...withOps(clip), constants: [constantOf([], [1])] }],
    ['lanes of 3 bytes', 'LaneBytesInvalid', { ...valid, outputs: [{ value: 3, laneBytes: 3 as 4 }] }],
    ['an input range upside down', 'InputBounds', { ...valid, inputs: [{ shape: [3], laneBytes: 1, lo: 1, hi: 0 }] }],
    [
      'an input range beyond its lane',
      'InputBounds',
      { ...valid, inputs: [{ shape: [3], laneBytes: 1, lo: 0, hi: 128 }] },
    ],
    [
      'an input range of fractions',
      'InputBounds',
      { ...valid, inputs: [{ shape: [3], laneBytes: 1, lo: 0, hi: 0.5 }] },
    ],
    [
      'an output lane too narrow',
      'OutputLaneTooNarrow',
      { inputs: valid.inputs, ops: [{ ...clip, lo: 1000, hi: 1000 }], outputs: [{ value: 1, laneBytes: 1 }] },
    ],
    ['a constant of too few lanes', 'ConstantInvalid', withConstant({ shape: [3], data: Int8Array.of(1, 2) })],
    ['a constant lane beyond 2^53', 'ConstantInvalid', withConstant({ shape: [1], data: Float64Array.of(2 ** 53) })],
    ['a constant lane of −0', 'ConstantInvalid', withConstant({ shape: [2], data: Float64Array.of(2 ** 40, -0) })],
    ['a constant of NaN', 'ConstantInvalid', withConstant({ shape: [1], data: Float64Array.of(Number.NaN) })],
    ['a constant in lanes too wide', 'ConstantNotPacked', withConstant({ shape: [2], data: Int16Array.of(1, 2) })],
    ['an extent of 0', 'ZeroSize', { ...valid, inputs: [inputOf([2, 0], 0, 1)] }],
    ['an extent that is no integer', 'ExtentInvalid', { ...valid, inputs: [inputOf([1.5], 0, 1)] }],
    ['a negative extent', 'ExtentInvalid', { ...valid, inputs: [inputOf([-1, -1], 0, 1)] }],
  ])('refuses %s', (_, code, parts) => {
    expect(verdictOn(parts)).toMatchObject({ code })
  })
})
