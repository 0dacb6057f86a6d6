import { readFile } from 'node:fs/promises'
import { decodeOnnx } from '../../node/exact/import/onnx-decoder.ts'
import { runReference } from '../../node/exact/reference.ts'
import { openFloatSession } from '../../node/inference/float-session.ts'
import { readArrays } from '../../node/quantize/calibration/array-file.ts'
import { fromArrays } from '../../node/quantize/calibration/samples.ts'
import type { OpenExactSession } from '../../node/quantize/exact-session.ts'
import type { FloatTensor } from '../../node/quantize/float-graph.ts'
import { addNoise, decibels, measure } from '../../node/quantize/measure.ts'
import type { QuantisedModel } from '../../node/quantize/quantise-graph.ts'
import { type CalibratedModel, calibrateModel, quantiseAt } from '../../node/quantize/quantise-model.ts'

const FIXTURES = new URL('../fixtures/float-models/', import.meta.url)

/** A float model with calibration samples, test samples and the float answers to those. */
export interface FloatFixture {
  readonly file: Uint8Array
  readonly arrays: ReadonlyMap<string, FloatTensor>
}

/** Reads `test/fixtures/float-models/NAME`. */
export async function readFixture(name: string): Promise<FloatFixture> {
  const [file, data] = await Promise.all(
    ['onnx', 'npz'].map(async (kind) => new Uint8Array(await readFile(new URL(`${name}.${kind}`, FIXTURES)))),
  )
  const arrays = new Map(readArrays(`${name}.npz`, data as Uint8Array).map((array) => [array.name, array.tensor]))
  return { file: file as Uint8Array, arrays }
}

/** Calibrates a fixture by its calibration samples. */
export function calibrateFixture({ file, arrays }: FloatFixture): Promise<CalibratedModel> {
  return calibrateModel(
    file,
    fixtureDimensions(file, arrays),
    (inputs) => fromArrays(arrays, inputs, 'fixture'),
    openFloatSession,
  )
}

/** The extents of dynamic axes, as the samples have them. */
function fixtureDimensions(file: Uint8Array, arrays: FloatFixture['arrays']): Map<string, number> {
  const dynamic = decodeOnnx(file).graph.inputs.flatMap(({ name, dims = [] }) =>
    dims.flatMap((extent, axis) => (typeof extent === 'number' && extent > 0 ? [] : [{ name, axis }])),
  )
  return new Map(dynamic.map(({ name, axis }) => [`${name}.${axis}`, arrays.get(name)?.shape[axis + 1] ?? 1]))
}

/** What quantising a fixture at a preset does to its test samples. */
export interface FixtureVerdict {
  readonly model: QuantisedModel
  /** Signal to noise of each output against the expected answers, in dB. */
  readonly outputs: ReadonlyMap<string, number>
  /** Signal to noise of each value that the exact graph holds, in dB. */
  readonly values: ReadonlyMap<string, number>
}

/** Quantises and judges a fixture. The exact graph runs in the reference, or as `open` says. */
export async function judgeFixture(
  { arrays }: FloatFixture,
  calibrated: CalibratedModel,
  preset: 'fast' | 'precise',
  open: OpenExactSession = openReference,
): Promise<FixtureVerdict> {
  const { graph, inputs } = calibrated
  const model = quantiseAt(calibrated, preset)
  const tests = new Map(inputs.map(({ name }) => [name, arrays.get(`test.${name}`) as FloatTensor]))
  const { answers, values } = await measure(calibrated, model, fromArrays(tests, inputs, 'fixture'), open)
  const outputs = graph.outputs.flatMap((name, index) => {
    const expected = arrays.get(`expected.${name}`)
    // A map has no array: only its label is compared.
    if (expected === undefined) return []
    const exact = answers.flatMap((answer) => Array.from(answer.exact[index] ?? []))
    return [[name, decibels(addNoise(undefined, expected.data, exact, 1))] as const]
  })
  return {
    model,
    outputs: new Map(outputs),
    values: new Map([...values].map(([name, noise]) => [name, decibels(noise)])),
  }
}

/** Runs exact graphs in the reference interpreter. */
export const openReference: OpenExactSession = async (checked) => ({
  run: async (inputs) => runReference(checked, inputs),
  close: async () => {},
})
