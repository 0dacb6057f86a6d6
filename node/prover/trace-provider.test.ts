import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GraphCase, graphCases, numRuns } from '../../test/support/random-graph.ts'
import { canonicalInputs, referenceValues } from '../../test/support/trace-models.ts'
import type { Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { type Program, VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { runReference } from '../exact/reference.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { INPUTS_DOMAIN } from '../protocol/domains.ts'
import { bindRoots, inputRoot, outputRoot } from '../protocol/inference-roots.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { executeStep } from './execute-step.ts'
import { slowTrace } from './slow-trace.ts'
import { startSiblings } from './start-witness.ts'
import { createTraceProvider } from './trace-provider.ts'
import { haltState } from './trace-state.ts'
import { treeNodes } from './tree-opening.ts'
import { constantRoots } from './value-trees.ts'

/** The value tree with constants only. */
function emptyStart(program: Program) {
  const leaves = [...new Array<Uint8Array>(program.inputCount).fill(ZERO_LEAF), ...constantRoots(program)]
  return treeNodes(leaves, VALUE_TREE_DEPTH, keccak256)
}

/** Of longer traces only the first and last steps are compared. */
const STEPS_COMPARED = 200
/** The slow trace rebuilds every tree at each step. */
const SLOW_TRACE_STEPS = 60

const traceCases = fc.record({ graphCase: graphCases({ maxOps: 6 }), set: fc.nat(3) })

function open({ graph, inputSets }: GraphCase, set: number) {
  const model = buildModel(encodeGraph(graph))
  const inputs = inputSets[set % inputSets.length] as readonly Tensor[]
  const options = { model, inputs: canonicalInputs(model, inputs), runValues: referenceValues(model) }
  return { model, inputs, options, provider: createTraceProvider(options) }
}

describe('a trace provider', () => {
  it('has the states of the slow trace', async () => {
    await fc.assert(
      fc.asyncProperty(traceCases, async ({ graphCase, set }) => {
        const { model, inputs, provider } = open(graphCase, set)
        if (provider.steps > SLOW_TRACE_STEPS) return
        const { states, outputRoot: root } = slowTrace(model.program, inputs)
        const got: Uint8Array[] = []
        for (let t = 0; t <= provider.steps; t++) got.push(await provider.stateAt(t))
        expect(got.map(bytesToHex)).toEqual(states.map(bytesToHex))
        expect(provider.startState).toEqual(states[0])
        expect(await provider.outputRoot()).toEqual(root)
      }),
      { numRuns: numRuns(40) },
    )
  })

  it('proves every step: its witness takes one state to the next', async () => {
    await fc.assert(
      fc.asyncProperty(traceCases, async ({ graphCase, set }) => {
        const { model, provider } = open(graphCase, set)
        const programRoot = hexToBytes(model.manifest.programRoot)
        for (let t = 0; t < provider.steps; t++) {
          if (t === STEPS_COMPARED) t = Math.max(t, provider.steps - STEPS_COMPARED)
          const after = executeStep(programRoot, await provider.stateAt(t), t, await provider.witnessAt(t))
          expect(bytesToHex(after)).toBe(bytesToHex(await provider.stateAt(t + 1)))
        }
      }),
      { numRuns: numRuns(15) },
    )
  })

  it('starts from the record and ends in it', async () => {
    await fc.assert(
      fc.asyncProperty(traceCases, async ({ graphCase, set }) => {
        const { model, inputs, options, provider } = open(graphCase, set)
        const { manifest, checked, program } = model
        const outputs = runReference(checked, inputs).map(({ data }, i) =>
          encodeTensor(data, manifest.outputs[i]?.laneBytes ?? 8),
        )
        const root = outputRoot(manifest.outputs, concatBytes(...outputs))
        expect(await provider.stateAt(provider.steps)).toEqual(haltState(root))
        expect(bindRoots(INPUTS_DOMAIN, provider.inputTensorRoots)).toEqual(inputRoot(manifest.inputs, options.inputs))
        const constants = startSiblings(provider.startValues, program.inputCount)
        expect(constants).toEqual(startSiblings(emptyStart(program), program.inputCount))
      }),
      { numRuns: numRuns(30) },
    )
  })

  it('gives the same states however little it may keep, and whatever was asked before', async () => {
    await fc.assert(
      fc.asyncProperty(traceCases, fc.array(fc.nat(), { maxLength: 12 }), async ({ graphCase, set }, asked) => {
        const { options, provider } = open(graphCase, set)
        const known = constantRoots(options.model.program)
        const forgetful = createTraceProvider({ ...options, cacheBytes: 1000, constantRoots: known })
        for (const number of asked) {
          const t = number % (provider.steps + 1)
          expect(await forgetful.stateAt(t)).toEqual(await provider.stateAt(t))
        }
      }),
      { numRuns: numRuns(30) },
    )
  })
})
