import type { OnnxTensor } from '../exact/import/onnx-model.ts'
import { tensorValues } from '../exact/import/onnx-tensor.ts'
import { viewOf } from '../exact/import/proto-fields.ts'
import { MAX_LANES } from '../exact/limits.ts'
import { shapeSize, shapeText } from '../exact/tensor-data.ts'
import type { ElementKind, FloatTensor } from './float-graph.ts'
import { refuse } from './quantise-error.ts'

const FLOAT32 = 1
const BOOL = 9
const FLOAT16 = 10
const BFLOAT16 = 16
const RAW_DATA = 9

const KINDS: ReadonlyMap<number, ElementKind> = new Map([
  ...[FLOAT32, FLOAT16, 11, BFLOAT16].map((code) => [code, 'float'] as const),
  ...[2, 3, 4, 5, 6, 7, 12, 13].map((code) => [code, 'integer'] as const),
  [BOOL, 'boolean'],
])

/** What elements of a TensorProto.DataType stand for. @throws QuantiseError `QuantiseUnsupported` for text and complex numbers. */
export function kindOf(dataType: number, what: string): ElementKind {
  return KINDS.get(dataType) ?? refuse('QuantiseUnsupported', `${what} has data type ${dataType}, which is no number`)
}

/**
 * A stored tensor. Its shape is checked here; its values are decoded anew each time that `data` is read, so that large models are not held twice.
 * @throws QuantiseError, ImportError when the shape is invalid or (from `data`) the values do not fit it.
 */
export function tensorOf(tensor: OnnxTensor): FloatTensor {
  const { name, dims } = tensor
  const kind = kindOf(tensor.dataType, `tensor ${name}`)
  const isSized = dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0)
  if (!isSized || shapeSize(dims) > MAX_LANES) {
    refuse('QuantiseModel', `tensor ${name} has shape ${shapeText(dims)}: at most ${MAX_LANES} values are read`)
  }
  return {
    kind,
    shape: dims,
    get data() {
      return decode(tensor)
    },
  }
}

function decode(tensor: OnnxTensor): Float32Array | Float64Array {
  const { dataType, field, segments, dims, name } = tensor
  if (field === RAW_DATA && dataType !== 11) {
    const bytes = segments[0] as Uint8Array
    const size = shapeSize(dims)
    const width = { [FLOAT32]: 4, [FLOAT16]: 2, [BFLOAT16]: 2, [BOOL]: 1 }[dataType]
    if (width !== undefined) {
      if (bytes.length !== size * width) refuse('QuantiseModel', `tensor ${name} has ${bytes.length} bytes of values`)
      return decodeRaw(bytes, dataType, size)
    }
  }
  const isShort = dataType === FLOAT16 || dataType === BFLOAT16
  if (!isShort && dataType !== BOOL) return tensorValues(tensor)
  // Narrow types that are not raw are kept as int32 varints: their bits, in the low half.
  const codes = tensorValues({ ...tensor, dataType: 6 })
  return isShort ? codes.map((bits) => (dataType === FLOAT16 ? fromFloat16(bits) : fromBfloat16(bits))) : codes
}

function decodeRaw(bytes: Uint8Array, dataType: number, size: number): Float32Array {
  const view = viewOf(bytes)
  if (dataType === BOOL) return Float32Array.from(bytes)
  if (dataType !== FLOAT32) {
    const convert = dataType === FLOAT16 ? fromFloat16 : fromBfloat16
    return Float32Array.from({ length: size }, (_, i) => convert(view.getUint16(2 * i, true)))
  }
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, size)
    : new Float32Array(bytes.slice().buffer)
}

/** IEEE 754 half precision. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

/** The upper half of a float32. */
function fromBfloat16(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0] as number
}
