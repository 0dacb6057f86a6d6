import { MAX_LANES } from '../limits.ts'
import { shapeSize, shapeText } from '../tensor-data.ts'
import { type Dtype, dtypeOf } from './dtypes.ts'
import { refuse } from './import-error.ts'
import type { OnnxTensor } from './onnx-model.ts'
import { integer, message, push, pushIntegers, text, viewOf } from './proto-fields.ts'
import { type FieldBudget, LENGTH_DELIMITED, readFields, splitVarints, toInt64, toUint64 } from './protobuf-reader.ts'

const MAX_DIMS = 8
const RAW_DATA = 9
/** Fields of TensorProto that hold values. */
const VALUE_FIELDS = [4, 5, 7, 10, 11, RAW_DATA]

/** Decodes a TensorProto; values stay views. @throws ImportError `OnnxMalformed`, `OnnxTooLarge`, `OnnxUnsupported`. */
export function decodeTensor(bytes: Uint8Array, budget: FieldBudget): OnnxTensor {
  const dims: number[] = []
  const segments: Uint8Array[] = []
  let [name, dataType] = ['', 0]
  let field: number | undefined
  for (const entry of readFields(bytes, budget)) {
    if (entry.number === 1) pushIntegers(dims, entry, MAX_DIMS)
    else if (entry.number === 2) dataType = integer(entry)
    else if (entry.number === 8) name = text(entry)
    else if (entry.number === 3 || entry.number === 6)
      refuse('OnnxUnsupported', `tensor ${name}: segments and strings are not supported`)
    else if (entry.number === 13 || (entry.number === 14 && integer(entry) !== 0)) {
      refuse('OnnxUnsupported', `tensor ${name} keeps its values in an external file: save the model as one file`)
    } else if (VALUE_FIELDS.includes(entry.number)) {
      if (field !== undefined && (field !== entry.number || field === RAW_DATA)) {
        refuse('OnnxMalformed', `tensor ${name} gives its values twice`)
      }
      field = entry.number
      push(segments, entry.number === RAW_DATA ? message(entry) : entry.payload, MAX_LANES, 'values of a tensor')
      requireEncoding(entry.number, entry.wire, name)
    }
  }
  return { name, dims, dataType, field, segments }
}

/** Wire types of a field that holds values: packed, or one value alone. */
function requireEncoding(field: number, wire: number, name: string): void {
  const single = { 4: 5, 5: 0, 7: 0, 10: 1, 11: 0, 9: LENGTH_DELIMITED }[field]
  if (wire !== LENGTH_DELIMITED && wire !== single)
    refuse('OnnxMalformed', `tensor ${name}: values have wire type ${wire}`)
}

/**
 * Decodes the values of a tensor, row-major. 64-bit integers outside the safe range come out as unsafe numbers.
 * @throws ImportError `OnnxMalformed` unless there are exactly as many values as the shape says; `OnnxShapeInvalid` for an
 * extent below 1; `OnnxTooLarge` before anything is allocated; `OnnxUnsupported` for a dtype.
 */
export function tensorValues(tensor: OnnxTensor): Float64Array {
  const { name, dims } = tensor
  const dtype = dtypeOf(tensor.dataType) ?? refuse('OnnxUnsupported', `tensor ${name} has data type ${tensor.dataType}`)
  const size = shapeSize(dims)
  if (size === 0 && dims.every((extent) => extent >= 0)) return new Float64Array(0)
  if (dims.some((extent) => extent < 1)) refuse('OnnxShapeInvalid', `tensor ${name} has shape ${shapeText(dims)}`)
  if (size > MAX_LANES) refuse('OnnxTooLarge', `tensor ${name} has ${size} values, limit ${MAX_LANES}`)
  const encodedBytes = tensor.segments.reduce((sum, segment) => sum + segment.length, 0)
  if (encodedBytes < size)
    refuse('OnnxMalformed', `tensor ${name} of shape ${shapeText(dims)} has ${encodedBytes} bytes of values`)
  const values = new Float64Array(size)
  const count = tensor.field === RAW_DATA ? readRaw(tensor, dtype, values) : readTyped(tensor, dtype, values)
  if (count !== size) refuse('OnnxMalformed', `tensor ${name} of shape ${shapeText(dims)} has ${count} values`)
  return values
}

function readRaw(tensor: OnnxTensor, dtype: Dtype, values: Float64Array): number {
  const bytes = tensor.segments[0] as Uint8Array
  if (bytes.length !== values.length * dtype.bytes) return bytes.length / dtype.bytes
  const view = viewOf(bytes)
  for (let i = 0; i < values.length; i++) values[i] = dtype.read(view, i * dtype.bytes)
  return values.length
}

/** Values in float_data, int32_data, int64_data, double_data or uint64_data, whichever the dtype prescribes. */
function readTyped(tensor: OnnxTensor, dtype: Dtype, values: Float64Array): number {
  if (tensor.field !== dtype.typedField)
    refuse('OnnxMalformed', `tensor ${tensor.name}: ${dtype.name} values in the wrong field`)
  const fixedBytes = { 4: 4, 10: 8 }[tensor.field]
  let count = 0
  for (const segment of tensor.segments) {
    if (fixedBytes === undefined) {
      for (const varint of splitVarints(segment))
        values[count++] = tensor.field === 11 ? toUint64(varint) : toInt64(varint)
    } else {
      if (segment.length % fixedBytes !== 0)
        refuse('OnnxMalformed', `tensor ${tensor.name}: values of ${segment.length} bytes`)
      for (let at = 0; at < segment.length; at += fixedBytes) values[count++] = dtype.read(viewOf(segment), at)
    }
  }
  return count
}
