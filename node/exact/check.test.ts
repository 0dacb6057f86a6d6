import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, type GraphParts, inputOf, verdictOn } from '../../test/support/small-graph.ts'
import { checkGraph } from './check.ts'
import type { Op } from './graph.ts'
import { OPS } from './ops.ts'

const MAX = Number.MAX_SAFE_INTEGER
const window1d = { strides: [1], dilations: [1], pads: [0, 0] }

describe('the edge of exactness', () => {
  /** Each graph passes as it is, and is refused with the code when its input reaches one further. */
  const edges: readonly (readonly [string, string, number, number, (hi: number) => GraphParts])[] = [
    [
      'add',
      'BoundTooLarge',
      0,
      MAX - 7,
      (hi) => ({
        inputs: [inputOf([1], -1, hi)],
        constants: [constantOf([1], [7])],
        ops: [{ kind: 'add', inputs: [0, 1] }],
      }),
    ],
    [
      'sub',
      'BoundTooLarge',
      0,
      MAX - 7,
      (hi) => ({
        inputs: [inputOf([1], 0, hi)],
        constants: [constantOf([1], [-7])],
        ops: [{ kind: 'sub', inputs: [0, 1] }],
      }),
    ],
    [
      'mul',
      'BoundTooLarge',
      0,
      6361 * 69431,
      (hi) => ({
        inputs: [inputOf([1], 0, hi)],
        constants: [constantOf([1], [MAX / (6361 * 69431)])],
        ops: [{ kind: 'mul', inputs: [0, 1] }],
      }),
    ],
    [
      'shift-left',
      'BoundTooLarge',
      0,
      1,
      (hi) => ({ inputs: [inputOf([1], -1, hi)], ops: [{ kind: 'shift-left', inputs: [0], bits: 52 }] }),
    ],
    [
      'matmul',
      'AccumulatorTooLarge',
      0,
      MAX / 6361,
      (hi) => ({
        inputs: [inputOf([1, 2], 0, hi)],
        constants: [constantOf([2, 1], [6360, 1])],
        ops: [{ kind: 'matmul', inputs: [0, 1] }],
      }),
    ],
    [
      'conv',
      'AccumulatorTooLarge',
      0,
      MAX / 6361,
      (hi) => ({
        inputs: [inputOf([1, 1, 2], 0, hi)],
        constants: [constantOf([1, 1, 2], [-6360, -1])],
        ops: [{ kind: 'conv', inputs: [0, 1], groups: 1, ...window1d }],
      }),
    ],
    [
      'sum-pool',
      'AccumulatorTooLarge',
      0,
      MAX / 6361,
      (hi) => ({
        inputs: [inputOf([1, 1, 6361], 0, hi)],
        ops: [{ kind: 'sum-pool', inputs: [0], kernel: [6361], ...window1d }],
      }),
    ],
    [
      'reduce-sum',
      'AccumulatorTooLarge',
      0,
      MAX / 6361,
      (hi) => ({
        inputs: [inputOf([6361], 0, hi)],
        ops: [{ kind: 'reduce-sum', inputs: [0], axes: [0], keepDims: false }],
      }),
    ],
    [
      'isqrt',
      'RadicandInvalid',
      0,
      2 ** 52 - 1,
      (hi) => ({ inputs: [inputOf([1], 0, hi)], ops: [{ kind: 'isqrt', inputs: [0] }] }),
    ],
    [
      'select',
      'BoundTooLarge',
      0,
      2 ** 52,
      (hi) => ({
        inputs: [inputOf([1], 0, 1), inputOf([1], 1 - 2 ** 52, 0), inputOf([1], 0, hi)],
        ops: [{ kind: 'select', inputs: [0, 1, 2] }],
      }),
    ],
    [
      'lookup',
      'IndexOutOfBounds',
      0,
      2,
      (hi) => ({
        inputs: [inputOf([4], 0, hi)],
        constants: [constantOf([3], [5, 6, 7])],
        ops: [{ kind: 'lookup', inputs: [0, 1], axis: 0 }],
      }),
    ],
  ]
  it.each(edges)('%s: accepted at exactly the bound, refused one past it', (kind, code, op, hi, parts) => {
    expect(Number.isSafeInteger(hi)).toBe(true)
    expect(verdictOn(parts(hi))).toBeUndefined()
    const error = verdictOn(parts(hi + 1))
    expect(error).toMatchObject({ code, meta: { op, kind } })
    expect(error?.message).toContain(`op ${op} (${kind})`)
  })

  it('a partial sum counts even where the whole sum is small', () => {
    const parts: GraphParts = {
      inputs: [inputOf([1, 2], 2 ** 40, 2 ** 40 + 1)],
      constants: [constantOf([2, 1], [2 ** 13, -(2 ** 13)])],
      ops: [{ kind: 'matmul', inputs: [0, 1] }],
    }
    expect(verdictOn(parts)).toMatchObject({ code: 'AccumulatorTooLarge' })
  })

  it('refuses indices below zero', () => {
    const parts: GraphParts = {
      inputs: [inputOf([1], -1, 2)],
      constants: [constantOf([3], [5, 6, 7])],
      ops: [{ kind: 'lookup', inputs: [0, 1], axis: 0 }],
    }
    expect(verdictOn(parts)).toMatchObject({ code: 'IndexOutOfBounds', meta: { lo: -1, hi: 2, limit: 2 } })
  })

  it('says what to mend', () => {
    const parts: GraphParts = {
      inputs: [inputOf([4], 0, MAX)],
      ops: [{ kind: 'reduce-sum', inputs: [0], axes: [0], keepDims: true }],
    }
    expect(verdictOn(parts)?.message).toBe(
      'op 0 (reduce-sum): greatest partial sum: 2^54 or more, limit 9007199254740991: use narrower operands or shift before',
    )
  })
})

describe('caps, before anything of that size is made', () => {
  const one = inputOf([1], 0, 1)
  const expand = (from: number, shape: readonly number[]): Op => ({ kind: 'expand', inputs: [from], shape })
  it.each<readonly [string, string, GraphParts]>([
    ['rank', 'RankTooLarge', { inputs: [one], ops: [expand(0, [1, 1, 1, 1, 1, 1, 1])] }],
    ['lanes of a tensor', 'TensorTooLarge', { inputs: [one], ops: [expand(0, [2 ** 26 + 1])] }],
    ['lanes whose count overflows', 'TensorTooLarge', { inputs: [one], ops: [expand(0, Array(6).fill(2 ** 32 - 1))] }],
    [
      'lanes of all tensors',
      'LanesTooMany',
      {
        inputs: [one],
        ops: [
          expand(0, [2 ** 26]),
          ...Array.from({ length: 16 }, (_, i): Op => ({ kind: 'clip', inputs: [i + 1], lo: 0, hi: 1 })),
        ],
      },
    ],
    [
      'terms folded into one lane',
      'FanInTooLarge',
      {
        inputs: [one],
        ops: [expand(0, [2 ** 22 + 1]), { kind: 'reduce-max', inputs: [1], axes: [0], keepDims: true }],
      },
    ],
    [
      'terms folded in all',
      'MacsTooMany',
      { inputs: [inputOf([2 ** 13, 2 ** 13], 0, 1)], ops: [{ kind: 'matmul', inputs: [0, 0] }] },
    ],
    [
      'memory',
      'MemoryTooLarge',
      {
        inputs: [one],
        ops: [
          expand(0, [2 ** 26]),
          ...[1, 2, 3].map((id): Op => ({ kind: 'clip', inputs: [id], lo: 0, hi: 1 })),
          { kind: 'concat', inputs: [1, 2, 3, 4].slice(0, 1), axis: 0 },
          { kind: 'add', inputs: [2, 3] },
          { kind: 'add', inputs: [4, 5] },
          { kind: 'add', inputs: [6, 7] },
        ],
      },
    ],
    [
      'memory for padding',
      'MemoryTooLarge',
      {
        inputs: [inputOf([1, 1, 1, 1], 0, 1)],
        ops: [
          {
            kind: 'sum-pool',
            inputs: [0],
            kernel: [1, 1],
            strides: [2 ** 20, 2 ** 20],
            dilations: [1, 1],
            pads: [2 ** 20, 2 ** 20, 0, 0],
          },
        ],
      },
    ],
  ])('refuses more than the cap of %s', (_, code, parts) => {
    expect(verdictOn(parts)).toMatchObject({ code })
  })

  it('accepts what reaches the caps of rank, lanes of a tensor and terms folded into one lane', () => {
    const fold: Op = { kind: 'reduce-max', inputs: [2], axes: [5], keepDims: true }
    const reshape: Op = { kind: 'reshape', inputs: [1], shape: [1, 1, 1, 1, 2 ** 4, 2 ** 22] }
    expect(verdictOn({ inputs: [one], ops: [expand(0, [2 ** 26]), reshape, fold] })).toBeUndefined()
  })
})

describe('random graphs', () => {
  it('hold every kind of op, and sums of every magnitude', () => {
    const cases = fc.sample(graphCases(), { numRuns: 500, seed: 1 })
    const kinds = new Set(cases.flatMap(({ graph }) => graph.ops.map(({ kind }) => kind)))
    expect([...kinds].sort()).toEqual(Object.keys(OPS).sort())
    const sums = cases.flatMap(({ checked }) => [...checked.accumulations.values()])
    for (const least of [2 ** 8, 2 ** 15, 2 ** 24, 2 ** 31, 2 ** 40]) expect(Math.max(...sums)).toBeGreaterThan(least)
  })

  it('are proven alike each time', () => {
    const property = fc.property(graphCases(), ({ graph, checked }) => {
      expect(checkGraph(structuredClone(graph))).toEqual(checked)
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })

  it('declare outputs whose lanes suffice, and are refused with narrower ones', () => {
    const property = fc.property(graphCases(), ({ graph, checked }) => {
      const narrow = graph.outputs.findIndex(({ value }) => (checked.values[value]?.laneBytes ?? 1) > 1)
      fc.pre(narrow >= 0)
      const outputs = graph.outputs.map((output, index) =>
        index === narrow ? { ...output, laneBytes: 1 as const } : output,
      )
      expect(verdictOn({ ...graph, outputs })).toMatchObject({ code: 'OutputLaneTooNarrow', meta: { output: narrow } })
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })
})
