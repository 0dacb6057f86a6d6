import { unzipSync } from 'fflate'
import { decodeTensor, tensorValues } from '../../exact/import/onnx-tensor.ts'
import type { FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'
import { readNpy } from './npy.ts'

/** An array of a file. The name is empty where the file gives none. */
export interface NamedArray {
  readonly name: string
  readonly tensor: FloatTensor
}

/** Files, and what they unpack to, are at most this long. */
export const MAX_ARRAY_FILE_BYTES = 2 ** 31 - 1
const MAX_FIELDS = 2 ** 16
const FLOAT_TYPES = [1, 11]
const BOOLEAN_TYPE = 9

/**
 * Reads arrays of numbers: `.npy`; `.npz`, by their names; or `.pb`, a TensorProto as ONNX test data has it.
 * @param name of the file; its ending says what it is.
 * @throws QuantiseError `QuantiseData` naming the file and what is wrong with it.
 */
export function readArrays(name: string, bytes: Uint8Array): NamedArray[] {
  const ending = /\.\w+$/.exec(name)?.[0]?.toLowerCase()
  try {
    if (ending === '.npy') return [{ name: '', tensor: readNpy(bytes) }]
    if (ending === '.npz') return readNpz(bytes)
    if (ending === '.pb') return [readTensorProto(bytes)]
  } catch (cause) {
    refuse('QuantiseData', `${name}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  return refuse('QuantiseData', `${name} is none of .npy, .npz and .pb`)
}

function readNpz(bytes: Uint8Array): NamedArray[] {
  let size = 0
  const files = unzipSync(bytes, {
    filter({ name, originalSize }) {
      size += originalSize
      if (size > MAX_ARRAY_FILE_BYTES) refuse('QuantiseData', `it unpacks to more than ${MAX_ARRAY_FILE_BYTES} bytes`)
      return name.endsWith('.npy')
    },
  })
  return Object.entries(files).map(([name, file]) => ({ name: name.slice(0, -'.npy'.length), tensor: readNpy(file) }))
}

function readTensorProto(bytes: Uint8Array): NamedArray {
  const tensor = decodeTensor(bytes, { left: MAX_FIELDS })
  const kind = FLOAT_TYPES.includes(tensor.dataType)
    ? 'float'
    : tensor.dataType === BOOLEAN_TYPE
      ? 'boolean'
      : 'integer'
  return { name: tensor.name, tensor: { kind, shape: tensor.dims, data: tensorValues(tensor) } }
}
