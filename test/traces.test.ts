import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeGraph } from '../node/exact/graph-codec.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { buildModel } from '../node/exact/model.ts'
import { firstSteps } from '../node/exact/program/steps.ts'
import { createInference } from '../node/inference/inference-service.ts'
import { bytesToHex, hexToBytes } from '../node/protocol/bytes.ts'
import { outputRoot } from '../node/protocol/inference-roots.ts'
import { keccak256 } from '../node/protocol/keccak.ts'
import { executeStep } from '../node/prover/execute-step.ts'
import { createFalsifiedTraceProvider, lieInOutput } from '../node/prover/falsified-trace.ts'
import { tracedValues } from '../node/prover/stored-values.ts'
import { createTraceProvider } from '../node/prover/trace-provider.ts'
import { haltState } from '../node/prover/trace-state.ts'
import { MemoryContent } from './support/memory-content.ts'
import { digitSample, riskSample } from './support/model-inputs.ts'

const MODELS = [
  { name: 'digits', sample: digitSample(0) },
  { name: 'risk', sample: riskSample(0) },
] as const
const content = new MemoryContent()
const inference = createInference({ content })

afterAll(() => inference.close())

for (const { name, sample } of MODELS) {
  describe(`the trace of models/${name}, from ONNX Runtime's values`, () => {
    const file = readFileSync(new URL(`../models/${name}/${name}.exact.onnx`, import.meta.url))
    const graphBytes = encodeGraph(importOnnx(new Uint8Array(file)))
    const model = buildModel(graphBytes)
    const { manifest, program } = model
    content.put(keccak256(graphBytes), graphBytes)
    const inputs = hexToBytes(sample.input)
    const options = { model, inputs, runValues: inference.valueRunner(manifest, tracedValues(model)) }
    const programRoot = hexToBytes(manifest.programRoot)
    const firsts = firstSteps(program)
    // The first, middle and last step of each op.
    const steps = program.ops.flatMap((_, op) => {
      const [first, end] = [firsts[op] as number, firsts[op + 1] as number]
      return [...new Set([first, Math.floor((first + end) / 2), end - 1])]
    })

    it('is proven by its witnesses, in every op', async () => {
      const provider = createTraceProvider(options)
      for (const t of [...steps, provider.steps - 1]) {
        const after = executeStep(programRoot, await provider.stateAt(t), t, await provider.witnessAt(t))
        expect(bytesToHex(after)).toBe(bytesToHex(await provider.stateAt(t + 1)))
      }
    })

    it('ends in the output of plain inference', async () => {
      const root = outputRoot(manifest.outputs, await inference.infer(manifest, inputs))
      const provider = createTraceProvider(options)
      expect(await provider.outputRoot()).toEqual(root)
      expect(await provider.stateAt(provider.steps)).toEqual(haltState(root))
    })

    it("parts from a liar's at its lie", async () => {
      const truth = createTraceProvider(options)
      const lie = lieInOutput(model)
      const liar = createFalsifiedTraceProvider(options, lie)
      const [first, end] = [firsts[lie.op] as number, firsts[lie.op + 1] as number]
      expect(await liar.stateAt(first)).toEqual(await truth.stateAt(first))
      expect(await liar.stateAt(end)).not.toEqual(await truth.stateAt(end))
      expect(await liar.outputRoot()).not.toEqual(await truth.outputRoot())
    })
  })
}
