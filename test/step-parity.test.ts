import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { emitCpu } from '../node/exact/emit/emit-cpu.ts'
import type { OpKind, Tensor } from '../node/exact/graph.ts'
import { encodeGraph } from '../node/exact/graph-codec.ts'
import { buildModel, type Model } from '../node/exact/model.ts'
import { OPS } from '../node/exact/ops.ts'
import { runProgram } from '../node/exact/program/interpret.ts'
import { openOrtSession } from '../node/inference/ort-session.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../node/protocol/bytes.ts'
import { inputRoot, outputRoot } from '../node/protocol/inference-roots.ts'
import { encodeManifest } from '../node/protocol/model-manifest-codec.ts'
import { encodeTensor, tensorRoot } from '../node/protocol/tensor-encoding.ts'
import { executeStep, stepWitness } from '../node/prover/execute-step.ts'
import { type SlowTrace, slowTrace } from '../node/prover/slow-trace.ts'
import { startSiblings } from '../node/prover/start-witness.ts'
import type { StepSource } from '../node/prover/step-witness.ts'
import { haltState } from '../node/prover/trace-state.ts'
import { type GraphCase, type GraphOptions, graphCases, numRuns } from './support/random-graph.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'

/** Traces of up to this many steps are executed whole; of longer ones, the ends of each op and a few between. */
const WHOLE_TRACE = 40

const encodeAll = (tensors: readonly Tensor[], specs: readonly { laneBytes: 1 | 2 | 4 | 8 }[]) =>
  concatBytes(...tensors.map(({ data }, i) => encodeTensor(data, specs[i]?.laneBytes ?? 8)))

/** Outputs as canonical bytes, computed by ONNX Runtime and by the Program; they are the same. */
async function outputsOf({ manifest, checked, program }: Model, inputs: readonly Tensor[]): Promise<Uint8Array> {
  const runner = await openOrtSession(emitCpu(checked), 1)
  const outputs = encodeAll(await runner.run(inputs), manifest.outputs)
  await runner.close()
  expect(bytesToHex(encodeAll(runProgram(program, inputs), manifest.outputs))).toBe(bytesToHex(outputs))
  return outputs
}

async function startState(evm: StepEvm, { manifest }: Model, inputs: readonly Tensor[], trace: SlowTrace) {
  const specs = manifest.inputs
  const roots = inputs.map(({ data }, i) => {
    const laneBytes = specs[i]?.laneBytes ?? 8
    return tensorRoot(encodeTensor(data, laneBytes), laneBytes, data.length)
  })
  const { values } = trace.sources[0] as StepSource
  const root = inputRoot(specs, encodeAll(inputs, specs))
  const { result } = await evm.start(encodeManifest(manifest), root, roots, startSiblings(values, specs.length))
  expect(result).toEqual([
    manifest.modelId,
    manifest.programRoot,
    BigInt(manifest.counters.steps),
    bytesToHex(trace.states[0] as Uint8Array),
  ])
}

function stepsToExecute(trace: SlowTrace): number[] {
  const steps = trace.sources.map((_, t) => t)
  if (steps.length <= WHOLE_TRACE) return steps
  const isEnd = (t: number) => {
    const { program } = trace.sources[0] as StepSource
    const { firstStep, stepCount } = program.leafAt(t)
    return t <= firstStep + 1 || t === firstStep + stepCount - 1 || t % Math.ceil(steps.length / 8) === 0
  }
  return steps.filter(isEnd)
}

async function expectSameOnChain(evm: StepEvm, { graph, inputSets }: GraphCase, set: number): Promise<void> {
  const model = buildModel(encodeGraph(graph))
  const inputs = inputSets[set] ?? []
  const outputs = await outputsOf(model, inputs)
  const trace = slowTrace(model.program, inputs)
  const programRoot = hexToBytes(model.manifest.programRoot)
  await startState(evm, model, inputs, trace)
  for (const t of stepsToExecute(trace)) {
    const { witness, postState } = stepWitness(programRoot, trace.sources[t] as StepSource)
    const preState = trace.states[t] as Uint8Array
    expect(postState).toEqual(trace.states[t + 1])
    expect(executeStep(programRoot, preState, t, witness)).toEqual(postState)
    const call = await evm.step(programRoot, preState, t, witness)
    expect(call, `step ${t}`).toMatchObject({ result: bytesToHex(postState) })
  }
  expect(trace.states.at(-1)).toEqual(haltState(outputRoot(model.manifest.outputs, outputs)))
}

describe('the step verifier in an EVM', () => {
  let evm: StepEvm
  beforeAll(async () => {
    evm = await openStepEvm()
  })

  async function expectParity(options: GraphOptions, runs: number): Promise<void> {
    const property = fc.asyncProperty(graphCases(options), fc.nat(3), (graph, set) =>
      expectSameOnChain(evm, graph, set),
    )
    await fc.assert(property, { numRuns: numRuns(runs) })
  }

  it('computes what ONNX Runtime, the Program and the TypeScript step compute, from the start to the halt', async () => {
    await expectParity({ maxOps: 5 }, 12)
  })

  it.each(Object.keys(OPS) as OpKind[])('does so for %s', async (kind) => {
    await expectParity({ kinds: [kind], maxOps: 2 }, 2)
  })
})
