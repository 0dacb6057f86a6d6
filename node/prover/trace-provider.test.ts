import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GraphCase } from '../../test/support/random-graph.ts'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import type { Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel, type Model } from '../exact/model.ts'
import { runReferenceAll } from '../exact/reference.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { executeStep } from './execute-step.ts'
import type { RunValues } from './stored-values.ts'
import { createTraceProvider } from './trace-provider.ts'
import { haltState } from './trace-state.ts'

const STEPS_LIMIT = 400

/** Runs by the reference interpreter, and counts. */
function referenceRunner(model: Model): { runValues: RunValues; runs: () => number } {
  let runs = 0
  const runValues: RunValues = async (inputs, values) => {
    runs++
    const all = runReferenceAll(model.checked, inputs)
    return values.map((id) => (all[id] as Tensor).data)
  }
  return { runValues, runs: () => runs }
}

function canonical(inputs: readonly Tensor[], model: Model): Uint8Array {
  return concatBytes(...inputs.map(({ data }, i) => encodeTensor(data, model.manifest.inputs[i]?.laneBytes ?? 8)))
}

describe('a trace provider', () => {
  it('has the states that executing every step from the first has, and witnesses that prove each', async () => {
    await fc.assert(
      fc.asyncProperty(graphCases({ maxOps: 5 }), fc.nat(3), async ({ graph, inputSets }: GraphCase, set) => {
        const model = buildModel(encodeGraph(graph))
        const inputs = inputSets[set % inputSets.length] as readonly Tensor[]
        const provider = createTraceProvider({ model, inputs: canonical(inputs, model), ...referenceRunner(model) })
        const programRoot = hexToBytes(model.manifest.programRoot)
        expect(provider.steps).toBe(model.manifest.counters.steps)
        let state = provider.startState
        for (let t = 0; t < provider.steps; t++) {
          if (t >= STEPS_LIMIT && t < provider.steps - STEPS_LIMIT) {
            t = provider.steps - STEPS_LIMIT
            state = await provider.stateAt(t)
          }
          expect(bytesToHex(await provider.stateAt(t))).toBe(bytesToHex(state))
          state = executeStep(programRoot, state, t, await provider.witnessAt(t))
        }
        expect(bytesToHex(await provider.stateAt(provider.steps))).toBe(bytesToHex(state))
        expect(state).toEqual(haltState(await provider.outputRoot()))
      }),
      { numRuns: numRuns(12) },
    )
  })
})
