import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGraph } from '../node/exact/graph-codec.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { buildModel } from '../node/exact/model.ts'
import { firstSteps } from '../node/exact/program/steps.ts'
import { createInference } from '../node/inference/inference-service.ts'
import { bytesToHex, hexToBytes } from '../node/protocol/bytes.ts'
import { inputRoot } from '../node/protocol/inference-roots.ts'
import { keccak256 } from '../node/protocol/keccak.ts'
import { encodeManifest } from '../node/protocol/model-manifest-codec.ts'
import { startSiblings } from '../node/prover/start-witness.ts'
import { tracedValues } from '../node/prover/stored-values.ts'
import { createTraceProvider } from '../node/prover/trace-provider.ts'
import { MemoryContent } from './support/memory-content.ts'
import { digitSample, riskSample } from './support/model-inputs.ts'
import { numRuns } from './support/random-graph.ts'
import { createRandom } from './support/random-source.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'
import { measureStep } from './support/step-gas.ts'

const MODELS = [
  { name: 'digits', sample: digitSample(0) },
  { name: 'risk', sample: riskSample(0) },
] as const
const content = new MemoryContent()
const inference = createInference({ content })
let evm: StepEvm

beforeAll(async () => {
  evm = await openStepEvm()
})
afterAll(() => inference.close())

for (const { name, sample } of MODELS) {
  describe(`models/${name} on L1`, () => {
    const file = readFileSync(new URL(`../models/${name}/${name}.exact.onnx`, import.meta.url))
    const graphBytes = encodeGraph(importOnnx(new Uint8Array(file)))
    const model = buildModel(graphBytes)
    const { manifest, program } = model
    content.put(keccak256(graphBytes), graphBytes)
    const inputs = hexToBytes(sample.input)
    const runValues = inference.valueRunner(manifest, tracedValues(model))
    const trace = createTraceProvider({ model, inputs, runValues })

    it('starts where the trace starts', async () => {
      const siblings = startSiblings(trace.startValues, manifest.inputs.length)
      const root = inputRoot(manifest.inputs, inputs)
      const { result } = await evm.start(encodeManifest(manifest), root, trace.inputTensorRoots, siblings)
      expect(result?.[3]).toBe(bytesToHex(trace.startState))
    })

    it('goes on as the trace does, at random steps and the ends of every op', async () => {
      const firsts = firstSteps(program)
      const random = createRandom(manifest.counters.steps)
      const anywhere = Array.from({ length: numRuns(40) }, () => random(trace.steps))
      const ends = firsts.slice(0, -1).flatMap((first, op) => [first, (firsts[op + 1] as number) - 1])
      for (const t of new Set([...anywhere, ...ends])) {
        const { kind, transactionGas } = await measureStep(evm, model, trace, t)
        expect(transactionGas, kind).toBeLessThan(kind.startsWith('fold') ? 170_000 : 400_000)
      }
    })
  })
}
