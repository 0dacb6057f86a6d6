import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidError } from '../protocol/errors.ts'
import { MAX_ARRAY_FILE_BYTES, readArrays } from '../quantize/calibration/array-file.ts'
import type { Sample } from '../quantize/calibration/calibrate.ts'
import { type DataFile, readSamples } from '../quantize/calibration/samples.ts'
import type { ReadSamples } from '../quantize/quantise-model.ts'
import { readBounded } from './infer-inputs.ts'

/**
 * Reads the files of samples: `.npz`, `.npy` or `.pb` files, folders of these, and folders of such folders (ONNX test data:
 * `test_data_set_0/input_0.pb`…). The `input_*.pb` files of one folder are one sample.
 * @throws InvalidError `FileUnreadable` naming the path.
 */
export async function readCalibration(paths: readonly string[]): Promise<ReadSamples> {
  const sources: DataFile[][] = []
  for (const path of paths) {
    const found = await sourcesAt(path)
    if (found.length === 0) {
      throw new InvalidError('FileUnreadable', `${path} holds no .npz, .npy or input_N.pb file`)
    }
    for (const source of found) sources.push(await Promise.all(source.map(readDataFile)))
  }
  return (inputs) => sources.flatMap((files): Sample[] => readSamples(files, inputs))
}

/** Paths of each source: one file, or the tensors of one sample. */
async function sourcesAt(path: string): Promise<string[][]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new InvalidError('FileUnreadable', `cannot read ${path}`, { cause })
  })
  if (!info.isDirectory()) return [[path]]
  const entries = await readdir(path, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  const position = (name: string): number => Number(/\d+/.exec(name)?.[0])
  const tensors = names.filter((name) => /^input_\d+\.pb$/.test(name)).sort((a, b) => position(a) - position(b))
  const arrays = names.filter((name) => /\.np[yz]$/.test(name)).sort()
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const own = [...(tensors.length > 0 ? [tensors] : []), ...arrays.map((name) => [name])]
  const inner = await Promise.all(folders.map((name) => sourcesAt(join(path, name))))
  return [...own.map((source) => source.map((name) => join(path, name))), ...inner.flat()]
}

async function readDataFile(path: string): Promise<DataFile> {
  return { path, bytes: await readBounded(path, MAX_ARRAY_FILE_BYTES) }
}

/** Reads the right class of each sample: an array of integers (`.npy`, `.npz` of one array, `.pb`), or text, one a line. */
export async function readLabels(path: string): Promise<ArrayLike<number>> {
  const bytes = await readBounded(path, MAX_ARRAY_FILE_BYTES)
  if (/\.(np[yz]|pb)$/.test(path)) {
    const [first, ...more] = readArrays(path, bytes)
    if (first === undefined || more.length > 0) throw new InvalidError('LabelsMalformed', `${path} must hold one array`)
    return first.tensor.data
  }
  const lines = new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  const labels = lines.map(Number)
  const bad = labels.findIndex((label) => !Number.isInteger(label))
  if (bad < 0) return labels
  throw new InvalidError(
    'LabelsMalformed',
    `${path}, line ${bad + 1}: "${lines[bad]}" is no class: write one integer a line`,
  )
}

/** Extents of dynamic axes from words such as `batch=1`. @throws InvalidError `SettingMalformed`. */
export function parseDimensions(words: readonly string[]): ReadonlyMap<string, number> {
  const dimensions = new Map<string, number>()
  for (const word of words) {
    const [, name = '', extent = ''] = /^(.+)=(\d{1,9})$/.exec(word) ?? []
    if (name === '' || Number(extent) < 1) {
      throw new InvalidError('SettingMalformed', `--dim takes NAME=EXTENT, such as batch=1, not "${word}"`)
    }
    if (dimensions.has(name)) throw new InvalidError('SettingMalformed', `--dim ${name} is given twice`)
    dimensions.set(name, Number(extent))
  }
  return dimensions
}
