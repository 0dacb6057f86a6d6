import type { InferenceSession } from 'onnxruntime-node'
import { checkGraph } from '../exact/check.ts'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import { emitWebGpu } from '../exact/emit/emit-webgpu.ts'
import type { ExactGraph } from '../exact/graph.ts'
import { PROFILE_V1 } from '../protocol/constants.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { type OpenSession, openSessionOn, type TensorRunner } from './ort-session.ts'

/** One float32 sum: the smallest model that lives on the GPU. */
const ANCHOR: ExactGraph = {
  profile: PROFILE_V1,
  inputs: [{ shape: [1], lo: -1, hi: 1, laneBytes: 1 }],
  constants: [],
  ops: [{ kind: 'add', inputs: [0, 0] }],
  outputs: [{ value: 1, laneBytes: 1 }],
}

/**
 * Opens models in ONNX Runtime's WebGPU provider, with the nodes that the emitter named on the CPU. The device and its compiled
 * shaders live as long as any session does, so that one small session is kept for as long as the process runs: opening 76
 * models one after the other takes 4 s with it and 33 s without (SwiftShader, 2 cores).
 * @returns rejects with UnavailableError `ProviderMissing` where there is no adapter.
 */
export function createWebGpuOpener(): OpenSession {
  let anchor: Promise<TensorRunner> | undefined
  return async (emitted, threads) => {
    anchor ??= open(emitWebGpu(checkGraph(ANCHOR)), 1)
    try {
      await anchor
    } catch (cause) {
      anchor = undefined
      throw noAdapter(cause)
    }
    return open(emitted, threads)
  }
}

const open: OpenSession = (emitted, threads) => openSessionOn([webGpuOptions(emitted), 'cpu'], emitted, threads)

/** Options of ONNX Runtime's WebGPU provider for an emitted model. */
export function webGpuOptions({ cpuNodes }: EmittedModel): InferenceSession.WebGpuExecutionProviderOption {
  // NCHW as emitted: another layout would have ONNX Runtime rewrite the graph. An empty list of names is refused.
  const options = { name: 'webgpu', preferredLayout: 'NCHW' } as const
  return cpuNodes.length === 0 ? options : { ...options, forceCpuNodeNames: cpuNodes }
}

function noAdapter(cause: unknown): UnavailableError {
  const mend = 'install a Vulkan driver (SwiftShader serves without a GPU: name its ICD file in VK_DRIVER_FILES)'
  return new UnavailableError('ProviderMissing', `no WebGPU adapter was found: ${mend}`, { cause })
}
