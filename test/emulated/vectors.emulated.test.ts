import { describe, expect, it } from 'vitest'
import { checkGraph } from '../../node/exact/check.ts'
import { emitCpu } from '../../node/exact/emit/emit-cpu.ts'
import { createModelBuilder } from '../../node/exact/emit/model-builder.ts'
import { encodeOnnxModel } from '../../node/exact/emit/onnx-writer.ts'
import { runReference } from '../../node/exact/reference.ts'
import { firstDifference } from '../../node/inference/self-test.ts'
import { startVectors } from '../../node/inference/start-test.ts'
import { fromRuntimeData, toRuntimeData } from '../../node/inference/tensor-conversion.ts'
import { EMULATORS, type EmulatedCase, runEmulated } from '../support/emulators.ts'

interface VectorCase extends EmulatedCase {
  readonly name: string
  readonly difference: (outputs: readonly unknown[]) => string | undefined
}

/** Every start-up vector by every kernel set, and on two threads by the one in use. */
function vectorCases(): VectorCase[] {
  return startVectors().flatMap((vector) => {
    const checked = checkGraph(vector.graph)
    const expected = runReference(checked, vector.inputs)
    const variants = [
      ['fast', 1],
      ['fast', 2],
      ['float', 1],
      ['matmul', 1],
    ] as const
    return variants.map(([kernelSet, threads]): VectorCase => {
      const { onnx, inputs, outputs } = emitCpu(checked, kernelSet)
      const feeds = inputs.map((info, i) => ({
        ...info,
        data: toRuntimeData(vector.inputs[i]?.data as never, info.dtype),
      }))
      const difference: VectorCase['difference'] = (got) =>
        firstDifference(
          got.map((data, i) => ({ shape: outputs[i]?.shape ?? [], data: fromRuntimeData(data) })),
          expected,
        )
      return {
        name: `${vector.name}, ${kernelSet} kernels, ${threads} threads`,
        onnx,
        feeds,
        outputs: outputs.map(({ name }) => name),
        threads,
        difference,
      }
    })
  })
}

/** 255 · 127 + 255 · 127, which the emitter never asks of u8 × s8: more than VPMADDUBSW holds. */
function saturatingCase(): EmulatedCase {
  const model = createModelBuilder()
  const left = model.input({ name: 'in0', dtype: 'int8', shape: [4, 32] })
  const bytes = model.cast(model.cast(left, 'int32'), 'uint8')
  const weights = model.constant('int8', [32, 32], new Int8Array(32 * 32).fill(127))
  const product = model.node('MatMulInteger', [bytes, weights])
  model.output({ name: 'out0', dtype: 'int32', shape: [4, 32] }, product)
  const feed = { name: 'in0', dtype: 'int8', data: new Int8Array(4 * 32).fill(-1), shape: [4, 32] } as const
  return { onnx: encodeOnnxModel(model.build()), feeds: [feed], outputs: ['out0'], threads: 1 }
}

/** Guards against hangs alone: unloaded, one takes some ten seconds. */
const TIMEOUT_MS = 900_000

describe.each(EMULATORS)('the CPU emitter on $name', (emulator) => {
  it(
    'gives the reference’s lanes on every start-up vector, and has something to avoid where pairs saturate',
    async () => {
      const cases = vectorCases()
      const plain = cases.map(({ onnx, feeds, outputs, threads }) => ({ onnx, feeds, outputs, threads }))
      const answers = await runEmulated(emulator, [saturatingCase(), ...plain])
      const [saturated, ...rest] = answers
      const differences = cases.map(({ name, difference }, i) => [name, difference(rest[i] ?? [])])
      expect(differences.filter(([, difference]) => difference !== undefined)).toEqual([])
      const isExact = saturated?.[0]?.[0] === 32 * 255 * 127
      expect(isExact).toBe(emulator.name !== 'Haswell')
    },
    TIMEOUT_MS,
  )
})
