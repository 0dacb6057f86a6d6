import { viewOf } from '../../exact/import/proto-fields.ts'
import { MAX_LANES } from '../../exact/limits.ts'
import { shapeSize, shapeText } from '../../exact/tensor-data.ts'
import type { ElementKind, FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'
import { fromFloat16 } from '../read-tensor.ts'

/*
 * NumPy's file format, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): magic, a header
 * that is a Python dictionary, then the elements. Only plain numbers are read: no pickles.
 */

interface ElementType {
  readonly kind: ElementKind
  readonly bytes: number
  read(view: DataView, at: number, little: boolean): number
}

const wide = (high: number, low: number) => high * 2 ** 32 + low

/** By NumPy's type code without byte order. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  f2: { kind: 'float', bytes: 2, read: (view, at, little) => fromFloat16(view.getUint16(at, little)) },
  f4: { kind: 'float', bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { kind: 'float', bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  b1: { kind: 'boolean', bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { kind: 'integer', bytes: 1, read: (view, at) => view.getInt8(at) },
  i2: { kind: 'integer', bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  i4: { kind: 'integer', bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  i8: {
    kind: 'integer',
    bytes: 8,
    read: (view, at, little) =>
      wide(view.getInt32(little ? at + 4 : at, little), view.getUint32(little ? at : at + 4, little)),
  },
  u1: { kind: 'integer', bytes: 1, read: (view, at) => view.getUint8(at) },
  u2: { kind: 'integer', bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  u4: { kind: 'integer', bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  u8: {
    kind: 'integer',
    bytes: 8,
    read: (view, at, little) =>
      wide(view.getUint32(little ? at + 4 : at, little), view.getUint32(little ? at : at + 4, little)),
  },
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const MAX_HEADER_BYTES = 4096
const MAX_RANK = 8
/** The dictionary as NumPy writes it; anything else is refused. */
const HEADER =
  /^\{'descr': '([<>|=])([a-z]\d+)', 'fortran_order': (False|True), 'shape': \(((?:\d{1,15}(?:, ?|,?(?=\))))*)\), ?\}\s*$/

/** Reads one `.npy` array. @param name for messages. @throws QuantiseError `QuantiseData`. */
export function readNpy(bytes: Uint8Array, name: string): FloatTensor {
  const bad = (reason: string): never => refuse('QuantiseData', `${name}: ${reason}`)
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) bad('is no .npy array: save it with numpy.save')
  const version = bytes[6] ?? 0
  if (version < 1 || version > 3) bad(`.npy version ${version} is unknown`)
  const start = version === 1 ? 10 : 12
  if (bytes.length < start) bad('is truncated')
  const size = version === 1 ? viewOf(bytes).getUint16(8, true) : viewOf(bytes).getUint32(8, true)
  if (size > MAX_HEADER_BYTES || bytes.length < start + size) bad(`has a header of ${size} bytes, or is truncated`)
  const header = new TextDecoder().decode(bytes.subarray(start, start + size))
  const [, order = '', code = '', fortran, list = ''] =
    HEADER.exec(header) ?? bad('has a header that NumPy does not write, or objects')
  const type = ELEMENT_TYPES[code] ?? bad(`holds elements of type ${code}: save plain numbers`)
  if (fortran === 'True') bad('is in Fortran order: save numpy.ascontiguousarray of it')
  const shape = list.split(',').flatMap((extent) => (extent.trim() === '' ? [] : [Number(extent)]))
  const lanes = shapeSize(shape)
  if (shape.length > MAX_RANK || lanes > MAX_LANES)
    bad(`has shape ${shapeText(shape)}: at most ${MAX_LANES} numbers are read`)
  const data = bytes.subarray(start + size)
  if (data.length !== lanes * type.bytes)
    bad(`has ${data.length} bytes of elements where ${shapeText(shape)} needs ${lanes * type.bytes}`)
  return { kind: type.kind, shape, data: readElements(data, type, lanes, order !== '>') }
}

function readElements(
  data: Uint8Array,
  type: ElementType,
  lanes: number,
  little: boolean,
): Float32Array | Float64Array {
  const view = viewOf(data)
  const isSingle = type.kind === 'float' && type.bytes <= 4
  const out = isSingle ? new Float32Array(lanes) : new Float64Array(lanes)
  for (let i = 0; i < lanes; i++) out[i] = type.read(view, i * type.bytes, little)
  return out
}
