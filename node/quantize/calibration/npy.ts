import { MAX_LANES } from '../../exact/limits.ts'
import { shapeSize, shapeText } from '../../exact/tensor-data.ts'
import type { ElementKind, FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const MAX_HEADER_BYTES = 65_536
const MAX_RANK = 32

/** Reads the element at a byte offset; `little` is its byte order. */
type ReadElement = (view: DataView, at: number, little: boolean) => number

interface ElementType {
  readonly kind: ElementKind
  readonly bytes: number
  readonly read: ReadElement
}

/** NumPy's element types, by kind and size in bytes. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  b1: { kind: 'boolean', bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  i1: { kind: 'integer', bytes: 1, read: (view, at) => view.getInt8(at) },
  u1: { kind: 'integer', bytes: 1, read: (view, at) => view.getUint8(at) },
  i2: { kind: 'integer', bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { kind: 'integer', bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { kind: 'integer', bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { kind: 'integer', bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { kind: 'integer', bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { kind: 'integer', bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  f2: { kind: 'float', bytes: 2, read: (view, at, little) => fromHalf(view.getUint16(at, little)) },
  f4: { kind: 'float', bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { kind: 'float', bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
}

/**
 * Reads a `.npy` file (NumPy format 1 to 3) of numbers or booleans in C order. 64-bit integers beyond 2^53 come out rounded.
 * @throws QuantiseError `QuantiseData` naming what is wrong. Cost: linear, nothing is allocated before its size is checked.
 */
export function readNpy(bytes: Uint8Array): FloatTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { text, dataAt } = headerOf(bytes, view)
  const descr = /'descr': *'([<>|=])([bifu]\d)'/.exec(text)
  const type = ELEMENT_TYPES[descr?.[2] ?? '']
  if (type === undefined) refuse('QuantiseData', `the .npy file holds no numbers: ${text.slice(0, 100)}`)
  if (!/'fortran_order': *False/.test(text)) {
    refuse('QuantiseData', 'the .npy file is in Fortran order: save np.ascontiguousarray(x)')
  }
  const shape = shapeOf(text)
  const size = shapeSize(shape)
  if (size > MAX_LANES) refuse('QuantiseData', `the .npy file has ${size} values, limit ${MAX_LANES}`)
  if (bytes.length - dataAt !== size * type.bytes) {
    const wanted = `${size * type.bytes} bytes of shape ${shapeText(shape)}`
    refuse('QuantiseData', `the .npy file has ${bytes.length - dataAt} bytes of values, not ${wanted}`)
  }
  const little = descr?.[1] !== '>'
  const data = type.kind === 'float' && type.bytes < 8 ? new Float32Array(size) : new Float64Array(size)
  for (let i = 0; i < size; i++) data[i] = type.read(view, dataAt + i * type.bytes, little)
  return { kind: type.kind, shape, data }
}

/** The header: a Python dictionary, after magic, version and its length. */
function headerOf(bytes: Uint8Array, view: DataView): { readonly text: string; readonly dataAt: number } {
  const major = bytes[6] ?? 0
  const start = major === 1 ? 10 : 12
  if (bytes.length < start || MAGIC.some((byte, i) => bytes[i] !== byte) || major < 1 || major > 3) {
    refuse('QuantiseData', 'the file is no .npy file of version 1 to 3')
  }
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER_BYTES || start + length > bytes.length) {
    refuse('QuantiseData', `the .npy file has a header of ${length} bytes, in a file of ${bytes.length}`)
  }
  return { text: new TextDecoder('latin1').decode(bytes.subarray(start, start + length)), dataAt: start + length }
}

function shapeOf(text: string): number[] {
  const list = /'shape': *\(([\d, ]*)\)/.exec(text)?.[1]
  if (list === undefined) refuse('QuantiseData', `the .npy file has no shape: ${text.slice(0, 100)}`)
  const shape = list.split(',').flatMap((extent) => (extent.trim() === '' ? [] : [Number(extent)]))
  const isSound = shape.length <= MAX_RANK && shape.every(Number.isSafeInteger)
  return isSound ? shape : refuse('QuantiseData', `the .npy file has shape (${list.slice(0, 100)})`)
}

/** The value of an IEEE 754 half-precision number. */
function fromHalf(bits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
