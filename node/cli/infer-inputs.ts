import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { InvalidError } from '../protocol/errors.ts'
import { specLanes } from '../protocol/inference-roots.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { MAX_ARRAY_FILE_BYTES, type NamedArray, readArrays } from '../quantize/calibration/array-file.ts'

/** Reads a file of at most `maxBytes`. @throws InvalidError `FileUnreadable`. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new InvalidError('FileUnreadable', `cannot read ${path}`, { cause })
  })
  if (!info.isFile()) throw new InvalidError('FileUnreadable', `${path} is no file`)
  if (info.size > maxBytes) {
    throw new InvalidError('FileUnreadable', `${path} has ${info.size} bytes, limit ${maxBytes}`)
  }
  return new Uint8Array(await readFile(path))
}

/**
 * Reads the arrays of a `.npy`, `.npz` or `.pb` file, or of a folder with `input_0.pb`, `input_1.pb`… as ONNX test data has them.
 * @throws InvalidError `FileUnreadable`, `QuantiseData`.
 */
export async function readInputArrays(path: string): Promise<NamedArray[]> {
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )
  if (!isFolder) return readArrays(basename(path), await readBounded(path, MAX_ARRAY_FILE_BYTES))
  const names = (await readdir(path)).filter((name) => /^input_\d+\.pb$/.test(name))
  const position = (name: string): number => Number(/\d+/.exec(name)?.[0])
  const arrays: NamedArray[] = []
  for (const name of names.sort((a, b) => position(a) - position(b))) {
    arrays.push(...readArrays(name, await readBounded(join(path, name), MAX_ARRAY_FILE_BYTES)))
  }
  return arrays
}

/**
 * Canonical input bytes of each inference that the arrays hold. Arrays belong to inputs by name, or else by order; one of k times an
 * input's lanes is k inferences, and then so are all.
 * @throws InvalidError `InputCount`, `InputLength`, `InputOutOfRange` naming the input.
 */
export function inferencesOf(
  specs: readonly TensorSpec[],
  names: readonly string[],
  arrays: readonly NamedArray[],
): Uint8Array[] {
  const lanes = matchArrays(names, arrays).map(({ tensor }) => tensor.data)
  const counts = specs.map((spec, i) => (lanes[i]?.length ?? 0) / specLanes(spec))
  const count = counts[0] ?? 0
  counts.forEach((found, i) => {
    if (Number.isInteger(found) && found > 0 && found === count) return
    const taken = `${specLanes(specs[i] as TensorSpec)} lanes an inference`
    throw new InvalidError(
      'InputLength',
      `input ${names[i]} is given ${lanes[i]?.length} lanes, the model takes ${taken}`,
    )
  })
  return Array.from({ length: count }, (_, run) => {
    const parts = specs.map((spec, i) => {
      const size = specLanes(spec)
      const own = (lanes[i] as Float32Array | Float64Array).subarray(run * size, (run + 1) * size)
      requireInRange(own, spec, `${names[i]} of inference ${run}`)
      return encodeTensor(own, spec.laneBytes)
    })
    return new Uint8Array(Buffer.concat(parts))
  })
}

/** The array of each input, in order. */
function matchArrays(names: readonly string[], arrays: readonly NamedArray[]): NamedArray[] {
  const byName = new Map(arrays.map((array) => [array.name, array]))
  const named = names.flatMap((name) => byName.get(name) ?? [])
  if (named.length === names.length) return named
  if (arrays.length === names.length && named.length === 0) return [...arrays]
  const given = arrays.map(({ name }) => name || '(no name)').join(', ')
  throw new InvalidError('InputCount', `the model has inputs ${names.join(', ')}; given are ${given}`)
}

function requireInRange(lanes: ArrayLike<number>, { lo, hi }: TensorSpec, what: string): void {
  const at = Array.prototype.findIndex.call(
    lanes,
    (lane: number) => !(Number.isInteger(lane) && lane >= lo && lane <= hi),
  )
  if (at < 0) return
  throw new InvalidError('InputOutOfRange', `input ${what}, lane ${at} is ${lanes[at]}, no integer from ${lo} to ${hi}`)
}
