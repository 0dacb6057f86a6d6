import { shapeEquals, shapeSize, shapeText } from '../../exact/tensor-data.ts'
import type { FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'
import type { FloatInput } from '../read-float-model.ts'
import { readArrays } from './array-file.ts'
import type { Sample } from './calibrate.ts'

/** A calibration file: its path for messages, and its bytes. */
export interface DataFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * Reads samples for a model's inputs from one source: a `.npz` archive (arrays by input name), a `.npy` array (of the only input), or the
 * `.pb` files of one sample (`input_0.pb` …, TensorProto). An array holds one sample, or many along its first axis.
 * @throws QuantiseError `QuantiseData` naming the file, the input and the shapes.
 */
export function readSamples(files: readonly DataFile[], inputs: readonly FloatInput[]): Sample[] {
  const [first] = files
  if (first === undefined) return []
  const arrays = files.flatMap(({ path, bytes }) => readArrays(path, bytes))
  if (first.path.endsWith('.npz')) {
    return fromArrays(new Map(arrays.map(({ name, tensor }) => [name, tensor])), inputs, first.path)
  }
  const named = inputs.map((input, index) => {
    const found = arrays.find(({ name }) => name === input.name) ?? arrays[index]
    if (found !== undefined) return [input.name, found.tensor] as const
    const mend = first.path.endsWith('.npy') ? 'use .npz with arrays of these names' : 'give a .pb file for each'
    const names = inputs.map(({ name }) => name).join(', ')
    return refuse('QuantiseData', `${first.path} holds no input ${input.name}: the model has ${names}: ${mend}`)
  })
  return fromArrays(new Map(named), inputs, first.path)
}

/** One array an input, each holding the same number of samples. */
export function fromArrays(
  arrays: ReadonlyMap<string, FloatTensor>,
  inputs: readonly FloatInput[],
  source: string,
): Sample[] {
  const columns = inputs.map((input) => {
    const { name } = input
    const array =
      arrays.get(name) ??
      refuse('QuantiseData', `${source} has no array for input ${name}: it has ${[...arrays.keys()].join(', ')}`)
    return splitSamples(array, input, source)
  })
  const counts = columns.map((column) => column.length)
  const [count = 0] = counts
  if (counts.some((other) => other !== count)) {
    refuse('QuantiseData', `${source} holds ${counts.join(', ')} samples of its inputs: give as many of each`)
  }
  return Array.from({ length: count }, (_, i) => columns.map((column) => column[i] as FloatTensor))
}

/** The samples of an array: the input's own shape, one more axis before it, or a longer first axis. */
function splitSamples({ kind, shape, data }: FloatTensor, input: FloatInput, source: string): FloatTensor[] {
  const lanes = shapeSize(input.shape)
  const [rows = 1, ...rest] = input.shape
  const stacked = shapeEquals(shape.slice(1), input.shape)
  const joined = shapeEquals(shape.slice(1), rest) && (shape[0] ?? 0) % rows === 0
  if (!shapeEquals(shape, input.shape) && !stacked && !joined) {
    refuse(
      'QuantiseData',
      `${source}: input ${input.name} takes ${shapeText(input.shape)}, the array has ${shapeText(shape)}: give [samples, …] or bind other --dim`,
    )
  }
  if (kind === 'float' && input.kind !== 'float' && !data.every(Number.isInteger)) {
    refuse('QuantiseData', `${source}: input ${input.name} takes integers, the array has fractions`)
  }
  if (!data.every(Number.isFinite)) refuse('QuantiseData', `${source}: input ${input.name} has NaN or infinite values`)
  return Array.from({ length: data.length / lanes }, (_, i) => ({
    kind: input.kind,
    shape: input.shape,
    data: data.subarray(i * lanes, (i + 1) * lanes),
  }))
}
