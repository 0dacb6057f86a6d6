import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../../test/support/onnx-file.ts'
import { checkGraph } from '../../exact/check.ts'
import { runReference } from '../../exact/reference.ts'
import { openFloatSession } from '../../inference/float-session.ts'
import type { Sample } from '../calibration/calibrate.ts'
import { addNoise, decibels, lanesOf } from '../measure.ts'
import { calibrateModel, quantiseAt } from '../quantise-model.ts'

interface Geometry {
  readonly name: string
  readonly input: readonly number[]
  readonly weights: readonly number[]
  readonly attributes: Readonly<Record<string, number | readonly number[]>>
  readonly output: readonly number[]
}

const waves = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233 + (i * i) / 7))
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

describe('transposed convolution', () => {
  it.each<Geometry>([
    {
      name: 'one axis, stride 3',
      input: [1, 2, 5],
      weights: [2, 3, 4],
      attributes: { strides: [3] },
      output: [1, 3, 16],
    },
    {
      name: 'uneven pads and output padding',
      input: [2, 4, 4, 5],
      weights: [4, 3, 3, 4],
      attributes: { strides: [2, 3], pads: [1, 2, 0, 1], output_padding: [1, 0] },
      output: [2, 3, 9, 13],
    },
    {
      name: 'groups and dilations, a stride longer than the kernel',
      input: [1, 4, 3, 3],
      weights: [4, 2, 2, 1],
      attributes: { strides: [1, 3], dilations: [2, 1], group: 2 },
      output: [1, 4, 5, 7],
    },
  ])('follows the float operator: $name', async ({ input, weights, attributes, output }) => {
    const file = writeOnnx({
      nodes: [{ op: 'ConvTranspose', inputs: ['x', 'w', 'b'], output: 'y', attributes }],
      inputs: [{ name: 'x', dtype: 'float32', dims: input }],
      outputs: [{ name: 'y', dtype: 'float32', dims: output }],
      constants: {
        w: { dtype: 'float32', dims: weights, values: [...waves(sizeOf(weights), 1)] },
        b: { dtype: 'float32', dims: [output[1] as number], values: [...waves(output[1] as number, 2)] },
      },
    })
    const sample: Sample = [{ kind: 'float', shape: input, data: waves(sizeOf(input), 3) }]
    const calibrated = await calibrateModel(file, new Map(), () => [sample], openFloatSession)
    const session = await openFloatSession(file)
    const feed = { name: 'x', dataType: 1, tensor: sample[0] as Sample[number] }
    const expected = (await session.run([feed], ['y'])).get('y')
    await session.close()
    const model = quantiseAt(calibrated, 'precise')
    const [y] = runReference(checkGraph(model.graph), lanesOf(calibrated.specs, sample))
    expect(y?.shape).toEqual(output)
    const noise = addNoise(undefined, expected?.data ?? [], y?.data ?? [], model.outputSteps[0] as number)
    expect(decibels(noise)).toBeGreaterThan(45)
  })
})
