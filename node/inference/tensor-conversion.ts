import type { OnnxDtype } from '../exact/emit/onnx-writer.ts'
import type { TensorData } from '../exact/graph.ts'
import { BugError } from '../protocol/errors.ts'

/** Lanes as ONNX Runtime takes and gives them. */
export type RuntimeData = Int8Array | Int16Array | Int32Array | Float64Array | BigInt64Array

/** Lanes as a model input of `dtype` takes them; copied only where their own width is another. */
export function toRuntimeData(data: TensorData, dtype: OnnxDtype): RuntimeData {
  switch (dtype) {
    case 'int8':
      return data instanceof Int8Array ? data : Int8Array.from(data)
    case 'int16':
      return data instanceof Int16Array ? data : Int16Array.from(data)
    case 'int32':
      return data instanceof Int32Array ? data : Int32Array.from(data)
    case 'float64':
      return data instanceof Float64Array ? data : Float64Array.from(data)
    default:
      throw new BugError(`emitted models take no input of ${dtype}`)
  }
}

/** Lanes of a model output. @param data what ONNX Runtime gave; int64 becomes safe integers. */
export function fromRuntimeData(data: unknown): TensorData {
  if (data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array) return data
  if (data instanceof BigInt64Array) return safeIntegers(data)
  throw new BugError('emitted models give int8, int16, int32 or int64 outputs only')
}

/** Safe integers from int64, by halves: a bigint for each lane takes some twenty times as long. */
function safeIntegers(data: BigInt64Array): Float64Array {
  const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length)
  const out = new Float64Array(data.length)
  for (let i = 0; i < out.length; i++) {
    out[i] = (halves[2 * i + 1] as number) * 2 ** 32 + ((halves[2 * i] as number) >>> 0)
  }
  return out
}
