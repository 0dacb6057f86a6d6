import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { canonicalInputs, referenceValues } from '../../test/support/trace-models.ts'
import type { ExactGraph, Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { outputRoot } from '../protocol/inference-roots.ts'
import { executeStep } from './execute-step.ts'
import { createFalsifiedTraceProvider, falsifiedOutput, lieInOutput } from './falsified-trace.ts'
import { createTraceProvider } from './trace-provider.ts'
import { haltState } from './trace-state.ts'

function optionsOf(graph: ExactGraph, inputs: readonly Tensor[]) {
  const model = buildModel(encodeGraph(graph))
  return { model, inputs: canonicalInputs(model, inputs), runValues: referenceValues(model) }
}

describe('a falsified trace', () => {
  it('agrees with the truth up to one step, is wrong about that one only, and false from there to its end', async () => {
    const cases = fc.record({ graphCase: graphCases({ maxOps: 5 }), op: fc.nat(), lane: fc.nat() })
    await fc.assert(
      fc.asyncProperty(cases, async ({ graphCase, op, lane }) => {
        const options = optionsOf(graphCase.graph, graphCase.inputSets[3] as readonly Tensor[])
        const { program, manifest } = options.model
        if (program.ops.length === 0 || manifest.counters.steps > 150) return
        const lied = op % program.ops.length
        const lanes = program.values[program.ops[lied]?.output as number]?.lanes as number
        const truth = createTraceProvider(options)
        const liar = falsified(options, { op: lied, lane: lane % lanes })
        if (liar === undefined) return
        const programRoot = hexToBytes(manifest.programRoot)
        const falseSteps: number[] = []
        let differs = false
        for (let t = 0; t < truth.steps; t++) {
          const [mine, its] = [await truth.stateAt(t), await liar.stateAt(t)]
          // Once different, states stay so: the false lane is under every later valuesRoot.
          differs ||= bytesToHex(mine) !== bytesToHex(its)
          expect(bytesToHex(mine) !== bytesToHex(its)).toBe(differs)
          const next = executeStep(programRoot, its, t, await liar.witnessAt(t))
          if (bytesToHex(next) !== bytesToHex(await liar.stateAt(t + 1))) falseSteps.push(t)
        }
        expect(falseSteps).toHaveLength(1)
      }),
      { numRuns: numRuns(25) },
    )
  })

  it('ends in the outputs that the liar publishes', async () => {
    const options = optionsOf(AFFINE, [{ shape: [4], data: Int8Array.of(1, 2, 3, 4) }])
    const { model } = options
    const lie = lieInOutput(model)
    const output = await falsifiedOutput(options, lie)
    expect(output).toEqual(Uint8Array.of(0, 9, 0, 11, 0, 14, 0, 17))
    const liar = createFalsifiedTraceProvider(options, lie)
    const root = outputRoot(model.manifest.outputs, output)
    expect(await liar.outputRoot()).toEqual(root)
    expect(await liar.stateAt(liar.steps)).toEqual(haltState(root))
  })

  it('carries a lie on through the ops that read it', async () => {
    const options = optionsOf(SWAPPED, [{ shape: [2], data: Int8Array.of(1, 2) }])
    expect(await falsifiedOutput(options, { op: 0, lane: 1 })).toEqual(Uint8Array.of(2, 2))
  })

  it('refuses a lie that cannot be told', () => {
    const options = optionsOf(AFFINE, [{ shape: [4], data: new Int8Array(4) }])
    expect(() => createFalsifiedTraceProvider(options, { op: 7, lane: 0 })).toThrow(InvalidError)
    expect(() => createFalsifiedTraceProvider(options, { op: 0, lane: 4 })).toThrow('no lane 4 of op 0')
  })
})

/** The liar, where its lie is possible: some ops have only one value within their bounds. */
function falsified(options: Parameters<typeof createTraceProvider>[0], lie: { op: number; lane: number }) {
  try {
    return createFalsifiedTraceProvider(options, lie)
  } catch (error) {
    expect(error).toMatchObject({ code: 'LieImpossible' })
    return undefined
  }
}

/** y = 3·x + 5. */
const AFFINE = graphOf({
  inputs: [inputOf([4], -100, 100)],
  constants: [constantOf([4], [3, 3, 3, 3]), constantOf([4], [5, 5, 5, 5])],
  ops: [
    { kind: 'mul', inputs: [0, 1] },
    { kind: 'add', inputs: [3, 2] },
  ],
  outputs: [{ value: 4, laneBytes: 2 }],
})

/** The two lanes swapped three times. */
const SWAPPED = graphOf({
  inputs: [inputOf([2], -100, 100)],
  ops: [
    { kind: 'slice', inputs: [0], starts: [1], sizes: [2], steps: [-1] },
    { kind: 'slice', inputs: [1], starts: [1], sizes: [2], steps: [-1] },
    { kind: 'slice', inputs: [2], starts: [1], sizes: [2], steps: [-1] },
  ],
  outputs: [{ value: 3, laneBytes: 1 }],
})
