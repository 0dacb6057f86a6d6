import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { lower } from '../exact/program/lower.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { stepWitness } from './execute-step.ts'
import { slowTrace } from './slow-trace.ts'
import type { StepSource } from './step-witness.ts'

const traces = graphCases({ maxOps: 3 }).map(({ checked, inputSets }) => {
  const program = lower(checked)
  return { program, inputs: inputSets[3] ?? [] }
})

describe('slowTrace', () => {
  it('is proven step by step by its own witnesses', () => {
    const property = fc.property(traces, fc.nat(), ({ program, inputs }, place) => {
      const { programRoot, sources, states } = slowTrace(program, inputs)
      const t = place % sources.length
      expect(stepWitness(programRoot, sources[t] as StepSource).postState).toEqual(states[t + 1])
    })
    fc.assert(property, { numRuns: numRuns(60) })
  })

  it('with a lie is the true trace up to the lie, and another from there on', () => {
    const property = fc.property(traces, fc.nat(), ({ program, inputs }, place) => {
      const truth = slowTrace(program, inputs)
      const lieAt = place % truth.sources.length
      const lie = slowTrace(program, inputs, { lieAt })
      const hex = (states: readonly Uint8Array[]) => states.map(bytesToHex)
      expect(hex(lie.states.slice(0, lieAt + 1))).toEqual(hex(truth.states.slice(0, lieAt + 1)))
      expect(lie.states).toHaveLength(truth.states.length)
      expect(lie.states[lieAt + 1]).not.toEqual(truth.states[lieAt + 1])
    })
    fc.assert(property, { numRuns: numRuns(60) })
  })
})
