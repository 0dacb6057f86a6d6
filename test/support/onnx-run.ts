import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Tensor } from '../../node/exact/graph.ts'
import type { FileDtype } from './onnx-file.ts'

/** How much ONNX Runtime may rewrite a file. Exact files must give the same bits at every level. */
export type OptimizationLevel = 'disabled' | 'all'

/** An ONNX file loaded into plain ONNX Runtime, as any user would run it. */
export interface PlainSession {
  /** Runs one set of inputs, in the file's order; returns each output's lanes, in the file's order, as numbers. */
  run(inputs: readonly Tensor[], dtypes: readonly FileDtype[]): Promise<number[][]>
  close(): Promise<void>
}

/** Loads a file on the CPU provider with one thread. */
export async function openPlainSession(file: Uint8Array, level: OptimizationLevel): Promise<PlainSession> {
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  return {
    run: async (inputs, dtypes) => {
      const feeds = session.inputNames.map(
        (name, i) => [name, toOrt(inputs[i] as Tensor, dtypes[i] as FileDtype)] as const,
      )
      const results = await session.run(Object.fromEntries(feeds))
      return session.outputNames.map((name) =>
        Array.from(results[name]?.data as ArrayLike<number | bigint>, plainNumber),
      )
    },
    close: () => session.release(),
  }
}

/** −0 and 0 are one integer. */
function plainNumber(lane: number | bigint): number {
  return Number(lane) + 0
}

function toOrt({ shape, data }: Tensor, dtype: FileDtype): OrtTensor {
  const lanes = Array.from(data)
  if (dtype === 'int64') return new OrtTensor('int64', BigInt64Array.from(lanes, BigInt), shape)
  if (dtype === 'uint64') return new OrtTensor('uint64', BigUint64Array.from(lanes, BigInt), shape)
  const arrays = {
    float32: Float32Array,
    float64: Float64Array,
    uint8: Uint8Array,
    int8: Int8Array,
    uint16: Uint16Array,
    int16: Int16Array,
    int32: Int32Array,
    uint32: Uint32Array,
    bool: Uint8Array,
  }
  return new OrtTensor(dtype, arrays[dtype].from(lanes) as never, shape)
}
