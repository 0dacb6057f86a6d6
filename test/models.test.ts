import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkGraph } from '../node/exact/check.ts'
import { emitCpu } from '../node/exact/emit/emit-cpu.ts'
import type { CheckedGraph, Tensor } from '../node/exact/graph.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { runProgram } from '../node/exact/program/interpret.ts'
import { lower } from '../node/exact/program/lower.ts'
import { runReference } from '../node/exact/reference.ts'
import { openOrtSession } from '../node/inference/ort-session.ts'
import type { FileDtype } from './support/onnx-file.ts'
import { openPlainSession } from './support/onnx-run.ts'
import { createRandom, randomTensor } from './support/random-source.ts'

const read = (path: string) => new Uint8Array(readFileSync(new URL(`../models/${path}`, import.meta.url)))
const readJson = (path: string) => JSON.parse(new TextDecoder().decode(read(path)))

const MODELS: readonly { name: string; dtype: FileDtype; samples: () => ArrayLike<number> }[] = [
  { name: 'digits', dtype: 'uint8', samples: () => read('digits/heldout.images.bin') },
  { name: 'risk', dtype: 'int32', samples: () => new Int32Array(read('risk/heldout.inputs.bin').buffer) },
]

/** The first held-out samples, and inputs at the ends of their declared bounds. */
function inputsOf({ graph }: CheckedGraph, samples: ArrayLike<number>): Tensor[] {
  const [input] = graph.inputs
  if (!input) throw new Error('the model has no input')
  const size = input.shape.reduce((product, extent) => product * extent, 1)
  const heldOut = Array.from({ length: 5 }, (_, row) => ({
    shape: input.shape,
    data: Float64Array.from({ length: size }, (_, i) => samples[row * size + i] as number),
  }))
  const random = createRandom(1)
  return [
    ...heldOut,
    ...(['lo', 'hi', 'corners', 'uniform'] as const).map((fill) => randomTensor(input.shape, input, fill, random)),
  ]
}

const lanesOf = (tensors: readonly Tensor[]) => tensors.map(({ data }) => Array.from(data))

for (const { name, dtype, samples } of MODELS) {
  describe(`models/${name}`, () => {
    const file = read(`${name}/${name}.exact.onnx`)
    const checked = checkGraph(importOnnx(file))
    const inputs = inputsOf(checked, samples())
    const reference = inputs.map((input) => lanesOf(runReference(checked, [input])))

    it('gives the same bits in plain ONNX Runtime, whatever it optimises', async () => {
      for (const level of ['disabled', 'all'] as const) {
        const session = await openPlainSession(file, level)
        for (const [i, input] of inputs.entries()) expect(await session.run([input], [dtype])).toEqual(reference[i])
        await session.close()
      }
    })

    it('gives the same bits as emitted and as lowered', async () => {
      const program = lower(checked)
      const runner = await openOrtSession(emitCpu(checked), 1)
      for (const [i, input] of inputs.entries()) {
        expect(lanesOf(await runner.run([input]))).toEqual(reference[i])
        expect(lanesOf(runProgram(program, [input]))).toEqual(reference[i])
      }
      await runner.close()
    })
  })
}

describe('samples for the demo', () => {
  it('are answered as they say', () => {
    const digits = checkGraph(importOnnx(read('digits/digits.exact.onnx')))
    for (const { pixels, digit } of readJson('digits/sample.json').samples.slice(0, 3)) {
      const [answer] = runReference(digits, [{ shape: [1, 1, 28, 28], data: Float64Array.from(pixels) }])
      expect(answer?.data[0]).toBe(digit)
    }
    const risk = checkGraph(importOnnx(read('risk/risk.exact.onnx')))
    for (const { columns, probability } of readJson('risk/sample.json').samples) {
      const [answer] = runReference(risk, [{ shape: [1, 12], data: Float64Array.from(columns) }])
      expect(answer?.data[0]).toBe(probability)
    }
  })
})
