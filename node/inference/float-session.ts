import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { shapeSize } from '../exact/tensor-data.ts'
import type { ElementKind, FloatTensor } from '../quantize/float-graph.ts'
import type { FloatFeed, FloatSession, OpenFloatSession } from '../quantize/float-session.ts'
import { QuantiseError, refuse } from '../quantize/quantise-error.ts'
import { fromFloat16 } from '../quantize/read-tensor.ts'

/**
 * Loads a float model into ONNX Runtime's CPU provider, as the truth that the quantiser calibrates by. The file is a publisher's own: this
 * runs in the command line, never in a node. Graph optimisation is off, so that inner values are those of the file.
 */
export const openFloatSession: OpenFloatSession = async (onnx) => {
  const session = await load(onnx)
  return {
    run: (feeds, values) => runFloat(session, feeds, values),
    close: () => session.release(),
  }
}

async function load(onnx: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(onnx, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    })
  } catch (cause) {
    throw new QuantiseError('QuantiseModel', `ONNX Runtime refuses the float model: ${textOf(cause)}`, { cause })
  }
}

async function runFloat(
  session: InferenceSession,
  feeds: readonly FloatFeed[],
  values: readonly string[],
): ReturnType<FloatSession['run']> {
  const inputs = Object.fromEntries(
    feeds.map(({ name, dataType, tensor }) => [name, toRuntime(dataType, tensor, name)]),
  )
  const results = await session.run(inputs, values).catch((cause: unknown) => {
    throw new QuantiseError('QuantiseModel', `the float model does not run on this input: ${textOf(cause)}`, { cause })
  })
  return new Map(values.map((name) => [name, fromRuntime(results[name], name)]))
}

type Convert = (data: ArrayLike<number>) => OrtTensor['data']

const bigintOf = (value: number): bigint => BigInt(Math.round(value))

/** By TensorProto.DataType. */
const TO_RUNTIME: ReadonlyMap<number, readonly [type: string, convert: Convert]> = new Map<
  number,
  readonly [string, Convert]
>([
  [1, ['float32', (data) => Float32Array.from(data)]],
  [2, ['uint8', (data) => Uint8Array.from(data)]],
  [3, ['int8', (data) => Int8Array.from(data)]],
  [4, ['uint16', (data) => Uint16Array.from(data)]],
  [5, ['int16', (data) => Int16Array.from(data)]],
  [6, ['int32', (data) => Int32Array.from(data)]],
  [7, ['int64', (data) => BigInt64Array.from(Array.from(data, bigintOf))]],
  [9, ['bool', (data) => Uint8Array.from(data)]],
  [11, ['float64', (data) => Float64Array.from(data)]],
  [12, ['uint32', (data) => Uint32Array.from(data)]],
  [13, ['uint64', (data) => BigUint64Array.from(Array.from(data, bigintOf))]],
])

function toRuntime(dataType: number, { shape, data }: FloatTensor, name: string): OrtTensor {
  const [type, convert] =
    TO_RUNTIME.get(dataType) ??
    refuse('QuantiseUnsupported', `input ${name} has data type ${dataType}: export with float32`)
  return new OrtTensor(type as 'float32', convert(data) as Float32Array, shape)
}

const KINDS: Readonly<Record<string, ElementKind>> = {
  float32: 'float',
  float64: 'float',
  float16: 'float',
  bool: 'boolean',
}

function fromRuntime(tensor: OrtTensor | undefined, name: string): FloatTensor {
  const { type, data, dims } = tensor ?? refuse('QuantiseModel', `the value ${name} is no tensor`)
  if (type === 'string') refuse('QuantiseUnsupported', `the value ${name} is text, which an exact model cannot hold`)
  return { kind: KINDS[type] ?? 'integer', shape: dims, data: numbersOf(type, data, shapeSize(dims)) }
}

function numbersOf(type: string, data: OrtTensor['data'], size: number): Float32Array | Float64Array {
  if (data instanceof Float32Array || data instanceof Float64Array) return data
  if (type === 'float16') {
    // A runtime with Float16Array gives one; older ones give the bits.
    const bits = data as ArrayLike<number>
    return Float32Array.from({ length: size }, (_, i) =>
      data instanceof Uint16Array ? fromFloat16(bits[i] as number) : Number(bits[i]),
    )
  }
  return Float64Array.from(data as ArrayLike<number | bigint>, Number)
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
}
