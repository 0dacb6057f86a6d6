import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, graphOf, inputOf, tensorOf } from '../../test/support/small-graph.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import { checkGraph } from './check.ts'
import { runReference, runReferenceAll } from './reference.ts'
import { laneBytesOf } from './tensor-data.ts'

describe('running a graph', () => {
  const graph = graphOf({
    inputs: [inputOf([2], -10, 10)],
    constants: [constantOf([2], [100, -100])],
    ops: [
      { kind: 'add', inputs: [0, 1] },
      { kind: 'mul', inputs: [2, 0] },
      { kind: 'clip', inputs: [2], lo: 0, hi: 1 },
    ],
    outputs: [
      { value: 4, laneBytes: 1 },
      { value: 3, laneBytes: 4 },
      { value: 4, laneBytes: 2 },
    ],
  })
  const checked = checkGraph(graph)

  it('returns the outputs in their declared order, a value twice where declared twice', () => {
    const outputs = runReference(checked, [tensorOf([2], [1, 2])])
    expect(outputs.map(({ data }) => [...data])).toEqual([
      [1, 0],
      [101, -196],
      [1, 0],
    ])
  })

  it('returns every value by id, in the smallest lanes that hold its bounds', () => {
    const values = runReferenceAll(checked, [{ shape: [2], data: Float64Array.of(1, 2) }])
    expect(values.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [100, -100],
      [101, -98],
      [101, -196],
      [1, 0],
    ])
    expect(values.map(({ data }) => laneBytesOf(data))).toEqual(checked.values.map(({ laneBytes }) => laneBytes))
  })

  it.each([
    ['InputCount', []],
    ['InputShape', [tensorOf([1, 2], [0, 0])]],
    ['InputLength', [{ shape: [2], data: Int8Array.of(0) }]],
    ['InputOutOfRange', [tensorOf([2], [0, 11])]],
    ['InputOutOfRange', [tensorOf([2], [-11, 0])]],
    ['InputOutOfRange', [{ shape: [2], data: Float64Array.of(0, 0.5) }]],
    ['InputOutOfRange', [{ shape: [2], data: Float64Array.of(0, Number.NaN) }]],
    ['InputOutOfRange', [{ shape: [2], data: Float64Array.of(0, -0) }]],
  ] as const)('refuses wrong inputs: %s', (code, inputs) => {
    expect(() => runReference(checked, inputs)).toThrow(InvalidError)
    expect(() => runReference(checked, inputs)).toThrow(expect.objectContaining({ code }))
  })

  it('halts when a result leaves the bounds that were proven', () => {
    const wrong = { ...checked, values: checked.values.map((facts) => ({ ...facts, hi: Math.min(facts.hi, 100) })) }
    expect(() => runReference(wrong, [tensorOf([2], [1, 2])])).toThrow(BugError)
  })
})

describe('on random graphs', () => {
  it('keeps every value within its proven bounds, without −0', () => {
    const property = fc.property(graphCases(), ({ checked, inputSets }) => {
      for (const inputs of inputSets) {
        for (const [id, { shape, data }] of runReferenceAll(checked, inputs).entries()) {
          const facts = checked.values[id]
          expect(shape).toEqual(facts?.shape)
          expect(
            data.every((lane) => lane >= (facts?.lo ?? 0) && lane <= (facts?.hi ?? 0) && !Object.is(lane, -0)),
          ).toBe(true)
        }
      }
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })

  it('gives the same outputs whether or not values are dropped after their last use', () => {
    const property = fc.property(graphCases(), ({ graph, checked, inputSets }) => {
      const inputs = inputSets.at(-1) ?? []
      const all = runReferenceAll(checked, inputs)
      expect(runReference(checked, inputs)).toEqual(graph.outputs.map(({ value }) => all[value]))
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })
})
