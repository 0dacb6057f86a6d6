import { expect } from 'vitest'
import { checkGraph } from '../../node/exact/check.ts'
import { importOnnx } from '../../node/exact/import/import-onnx.ts'
import { runReference } from '../../node/exact/reference.ts'
import { type FileAttribute, type FileDtype, type FileTensor, type OnnxFile, writeOnnx } from './onnx-file.ts'
import { openPlainSession } from './onnx-run.ts'
import { createRandom, type Fill, randomTensor } from './random-source.ts'

/** An input of a case; without bounds, the type's range. */
export type InputSpec = readonly [name: string, dtype: FileDtype, dims: readonly number[], lo?: number, hi?: number]
/** A node; the names of several outputs are parted by blanks. */
export type Step = readonly [
  output: string,
  op: string,
  inputs: readonly string[],
  attributes?: Record<string, FileAttribute>,
]

/** Constants of the type. */
export const float = (dims: readonly number[], values: readonly number[]): FileTensor => ({
  dtype: 'float32',
  dims,
  values,
})
/** A list of int64. */
export const int64 = (values: readonly number[]): FileTensor => ({ dtype: 'int64', dims: [values.length], values })
/** A constant of any type. */
export const tensor = (dtype: FileDtype, dims: readonly number[], values: readonly number[]): FileTensor => ({
  dtype,
  dims,
  values,
})
/** A float32 of rank 0. */
export const scalar = (value: number): FileTensor => float([], [value])
/** Varied small weights. */
export const weights = (dims: readonly number[], range = 9): FileTensor => {
  const size = dims.reduce((product, extent) => product * extent, 1)
  return float(
    dims,
    Array.from({ length: size }, (_, i) => ((i * 7 + 3) % (2 * range + 1)) - range),
  )
}

/** A small file, told briefly. */
export interface ImportCase {
  readonly inputs: readonly InputSpec[]
  readonly constants?: Record<string, FileTensor>
  readonly steps: readonly Step[]
  /** Dtype and dims of the output, which is the last step's first. */
  readonly output: readonly [FileDtype, readonly number[]]
  readonly opset?: number
}

function fileOf({ inputs, constants = {}, steps, output, opset }: ImportCase): OnnxFile {
  const last = (steps.at(-1) as Step)[0].split(' ')[0] as string
  const specs = inputs.filter(([, , , lo]) => lo !== undefined)
  const metadata = Object.fromEntries(
    specs.map(([name, , , lo, hi]) => [`assay.input.${name}`, JSON.stringify({ lo, hi })]),
  )
  const floatOutput = output[0].startsWith('float')
  return {
    inputs: inputs.map(([name, dtype, dims]) => ({ name, dtype, dims })),
    outputs: [{ name: last, dtype: output[0], dims: output[1] }],
    constants,
    nodes: steps.map(([names, op, operands, attributes = {}]) => {
      const [output = '', ...moreOutputs] = names.split(' ')
      return { op, inputs: operands, output, moreOutputs, attributes }
    }),
    metadata: floatOutput ? { ...metadata, [`assay.output.${last}`]: '{"laneBytes": 8}' } : metadata,
    ...(opset === undefined ? {} : { opset }),
  }
}

/** A matrix of signed bytes as floats. */
export const bytes: InputSpec = ['x', 'float32', [2, 6], -128, 127]
/** Four channels of unsigned bytes as floats. */
export const image: InputSpec = ['x', 'float32', [1, 4, 6, 8], 0, 255]

const FILLS: readonly Fill[] = ['lo', 'hi', 'corners', 'uniform', 'uniform', 'uniform']

/** Requires that the reference gives the lanes that plain ONNX Runtime gives of the file, whether it optimises or not. */
export async function expectSameBits(name: string, testCase: ImportCase): Promise<void> {
  const file = writeOnnx(fileOf(testCase))
  const checked = checkGraph(importOnnx(file))
  const random = createRandom(name.length)
  const dtypes = testCase.inputs.map(([, dtype]) => dtype)
  for (const level of ['disabled', 'all'] as const) {
    const session = await openPlainSession(file, level)
    for (const fill of FILLS) {
      const inputs = checked.graph.inputs.map((input) => randomTensor(input.shape, input, fill, random))
      const expected = await session.run(inputs, dtypes)
      expect(runReference(checked, inputs).map(({ data }) => Array.from(data))).toEqual(expected)
    }
    await session.close()
  }
}
