import { ELEMENT_BYTES } from '../exact/emit/dtypes.ts'
import type { OnnxDtype, OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import type { Tensor, TensorData } from '../exact/graph.ts'
import { shapeEquals, shapeSize } from '../exact/tensor-data.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { fromRuntimeData, toRuntimeData } from './tensor-conversion.ts'

/** Names of element types in the Open Inference Protocol, for those of emitted inputs and outputs. */
export const OIP_DATATYPES: Readonly<Partial<Record<OnnxDtype, string>>> = {
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float64: 'FP64',
}

/** The JSON before the binary data of an answer is at most this long. */
const MAX_HEADER_BYTES = 65_536

/** An inference request or answer: a JSON document of `headerBytes`, then the tensors' elements. */
export interface OipMessage {
  readonly body: Uint8Array
  readonly headerBytes: number
}

/**
 * An inference request with binary tensors (Open Inference Protocol, binary tensor data extension): elements little-endian, row-major.
 * @param inputs one tensor for each of `inputInfos`. @param wanted the outputs to be sent back.
 */
export function encodeInferRequest(
  inputInfos: readonly OnnxValueInfo[],
  inputs: readonly Tensor[],
  wanted: readonly OnnxValueInfo[],
): OipMessage {
  const blobs = inputInfos.map(({ dtype }, i) => {
    const data = toRuntimeData(inputs[i]?.data ?? new Int8Array(), dtype)
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  })
  const document = {
    inputs: inputInfos.map(({ name, dtype, shape }, i) => ({
      name,
      shape,
      datatype: OIP_DATATYPES[dtype],
      parameters: { binary_data_size: blobs[i]?.length },
    })),
    outputs: wanted.map(({ name }) => ({ name, parameters: { binary_data: true } })),
  }
  const header = new TextEncoder().encode(JSON.stringify(document))
  return { body: concatBytes(header, ...blobs), headerBytes: header.length }
}

/** Greatest size of the answer to a request for these outputs, in bytes. */
export function maxAnswerBytes(wanted: readonly OnnxValueInfo[]): number {
  return wanted.reduce((sum, info) => sum + sizeBytes(info), MAX_HEADER_BYTES)
}

/**
 * The tensors of an answer, in the order of `wanted`. The answer must hold exactly these outputs, as they were emitted, in binary.
 * @throws UnavailableError `ServerFailed` naming what is wrong with it.
 */
export function decodeInferAnswer({ body, headerBytes }: OipMessage, wanted: readonly OnnxValueInfo[]): Tensor[] {
  if (!(headerBytes >= 0 && headerBytes <= Math.min(body.length, MAX_HEADER_BYTES))) {
    throw malformed(`no Inference-Header-Content-Length within its ${body.length} bytes: are tensors sent as JSON?`)
  }
  const blobs = readOutputs(body, headerBytes)
  return wanted.map((info) => {
    const found = blobs.get(info.name)
    if (found === undefined) throw malformed(`output ${info.name} is missing`)
    const { datatype, shape, bytes } = found
    if (datatype !== OIP_DATATYPES[info.dtype] || !shapeEquals(shape, info.shape) || bytes.length !== sizeBytes(info)) {
      const got = `${datatype} [${shape.join()}] in ${bytes.length} bytes`
      throw malformed(`output ${info.name} is ${got}, not ${OIP_DATATYPES[info.dtype]} [${info.shape.join()}]`)
    }
    return { shape: info.shape, data: lanesOf(bytes, info.dtype) }
  })
}

interface FoundOutput {
  readonly datatype: unknown
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** What an answer says of its outputs, and their bytes; these follow the header in the same order and fill the body. */
function readOutputs(body: Uint8Array, headerBytes: number): Map<string, FoundOutput> {
  const { outputs } = parseHeader(body.subarray(0, headerBytes))
  if (!Array.isArray(outputs)) throw malformed('it has no list of outputs')
  const found = new Map<string, FoundOutput>()
  let at = headerBytes
  for (const output of outputs) {
    const { name, datatype, shape, parameters } = Object(output)
    const size = Object(parameters).binary_data_size
    if (typeof name !== 'string' || !Array.isArray(shape) || !Number.isSafeInteger(size) || size < 0) {
      throw malformed('an output has no name, shape or binary_data_size')
    }
    if (at + size > body.length) throw malformed(`it ends in the middle of output ${name}`)
    found.set(name, { datatype, shape, bytes: body.subarray(at, at + size) })
    at += size
  }
  if (at !== body.length) throw malformed(`${body.length - at} bytes belong to no output`)
  return found
}

function parseHeader(bytes: Uint8Array): { readonly outputs?: unknown } {
  try {
    return Object(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch (cause) {
    throw malformed('its header is not JSON', cause)
  }
}

function lanesOf(bytes: Uint8Array, dtype: OnnxDtype): TensorData {
  const { buffer } = bytes.slice()
  if (dtype === 'int8') return fromRuntimeData(new Int8Array(buffer))
  if (dtype === 'int16') return fromRuntimeData(new Int16Array(buffer))
  if (dtype === 'int32') return fromRuntimeData(new Int32Array(buffer))
  return fromRuntimeData(new BigInt64Array(buffer))
}

function sizeBytes({ dtype, shape }: OnnxValueInfo): number {
  return ELEMENT_BYTES[dtype] * shapeSize(shape)
}

function malformed(what: string, cause?: unknown): UnavailableError {
  return new UnavailableError('ServerFailed', `the inference server's answer is malformed: ${what}`, { cause })
}
