import { readFile } from 'node:fs/promises'
import { checkGraph } from '../../node/exact/check.ts'
import type { Tensor } from '../../node/exact/graph.ts'
import { decodeOnnx } from '../../node/exact/import/onnx-decoder.ts'
import { runReference } from '../../node/exact/reference.ts'
import { packData } from '../../node/exact/tensor-data.ts'
import { openFloatSession } from '../../node/inference/float-session.ts'
import { readArrays } from '../../node/quantize/calibration/array-file.ts'
import type { Sample } from '../../node/quantize/calibration/calibrate.ts'
import { fromArrays } from '../../node/quantize/calibration/samples.ts'
import type { FloatTensor } from '../../node/quantize/float-graph.ts'
import { numbersOf } from '../../node/quantize/per-lane.ts'
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

/** Signal to noise of each output over the test samples, in dB, by the reference. */
export function fixtureNoise(
  { arrays }: FloatFixture,
  calibrated: CalibratedModel,
  preset: 'fast' | 'precise',
): Map<string, number> {
  const model = quantiseAt(calibrated, preset)
  const tests = new Map(calibrated.inputs.map(({ name }) => [name, arrays.get(`test.${name}`) as FloatTensor]))
  const samples = fromArrays(tests, calibrated.inputs, 'fixture')
  const checked = checkGraph(model.graph)
  const results = samples.map((sample) => runReference(checked, lanesOf(calibrated, sample)))
  return new Map(
    calibrated.graph.outputs.flatMap((name, index) => {
      const expected = arrays.get(`expected.${name}`)
      // A map has no array: only its label is compared.
      if (expected === undefined) return []
      const step = model.outputSteps[index] as number
      const actual = results.flatMap((outputs) => Array.from(outputs[index]?.data ?? [], (lane) => lane * step))
      return [[name, signalToNoise(expected.data, actual)] as const]
    }),
  )
}

/** A sample in the fixed point that the model takes. */
export function lanesOf({ specs }: CalibratedModel, sample: Sample): Tensor[] {
  return sample.map(({ shape, data }, index) => {
    const { step, lo, hi } = specs[index] as CalibratedModel['specs'][number]
    const steps = numbersOf(step)
    const lanes = Float64Array.from(data, (x, i) => {
      const lane = Math.round(x / (steps[i % steps.length] as number))
      return Math.min(Math.max(lane, lo), hi)
    })
    return { shape, data: packData(lanes) }
  })
}

/** `10 · log10(Σ signal² / Σ (signal − actual)²)`; infinite where they are equal. */
export function signalToNoise(signal: ArrayLike<number>, actual: ArrayLike<number>): number {
  let [power, noise] = [0, 0]
  for (let i = 0; i < signal.length; i++) {
    power += (signal[i] as number) ** 2
    noise += ((signal[i] as number) - (actual[i] as number)) ** 2
  }
  return 10 * Math.log10(power / noise)
}
