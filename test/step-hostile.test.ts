import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { bytesEqual, bytesToHex } from '../node/protocol/bytes.ts'
import { executeStep, stepWitness } from '../node/prover/execute-step.ts'
import { runningState, TRAP_STATE } from '../node/prover/trace-state.ts'
import { type HostileParts, hostileParts, hostileStep } from './support/hostile-step.ts'
import { numRuns } from './support/random-graph.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'

const MAX_STEP_GAS = 3_000_000

let evm: StepEvm
beforeAll(async () => {
  evm = await openStepEvm()
})

/** Executes a step in TypeScript and in the EVM; both must yield the same state. Returns it, with the gas. */
async function judge(parts: HostileParts): Promise<{ trapped: boolean; gas: number }> {
  const { programRoot, source } = hostileStep(parts)
  const { witness, postState } = stepWitness(programRoot, source)
  const preState = runningState(source.state)
  expect(executeStep(programRoot, preState, source.state.t, witness)).toEqual(postState)
  const { result, error, gas } = await evm.step(programRoot, preState, source.state.t, witness)
  expect(error).toBeUndefined()
  expect(result).toBe(bytesToHex(postState))
  expect(gas).toBeLessThan(MAX_STEP_GAS)
  return { trapped: bytesEqual(postState, TRAP_STATE), gas }
}

describe('a Program that nobody checked', () => {
  it('has a next state at every step, the same in TypeScript and in the EVM, and at bounded gas', async () => {
    const outcomes = { trapped: 0, went: 0 }
    const property = fc.asyncProperty(hostileParts, async (parts) => {
      outcomes[(await judge(parts)).trapped ? 'trapped' : 'went']++
    })
    await fc.assert(property, { numRuns: numRuns(250) })
    // Both ways of ending are met.
    expect(Math.min(outcomes.trapped, outcomes.went)).toBeGreaterThan(numRuns(250) / 10)
  })
})
