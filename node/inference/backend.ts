import { type EmittedModel, emitCpu } from '../exact/emit/emit-cpu.ts'
import { emitWebGpu } from '../exact/emit/emit-webgpu.ts'
import type { CheckedGraph } from '../exact/graph.ts'
import { InvalidError } from '../protocol/errors.ts'
import { createCudaOpener } from './cuda-session.ts'
import { createOipBackend } from './oip-backend.ts'
import { type OpenSession, openOrtSession, type TensorRunner } from './ort-session.ts'
import { createWebGpuOpener } from './webgpu-session.ts'
import type { EngineSettings, Provider } from './worker-protocol.ts'

/** What runs emitted models for one provider. */
export interface Backend {
  /** Finds out, before anything else, what the backend is like. */
  prepare?(): Promise<void>
  /** Emits a checked graph by kernels that are exact there. @throws UnavailableError `KernelMissing` where there are none. */
  emit(checked: CheckedGraph): EmittedModel
  readonly open: OpenSession
}

const BACKENDS: Readonly<Record<Exclude<Provider, 'reference'>, (settings: EngineSettings) => Backend>> = {
  cpu: () => ({ emit: (checked) => emitCpu(checked, 'fast'), open: openOrtSession }),
  'cpu-float': () => ({ emit: (checked) => emitCpu(checked, 'float'), open: openOrtSession }),
  webgpu: () => ({ emit: emitWebGpu, open: createWebGpuOpener() }),
  cuda: () => ({ emit: (checked) => emitCpu(checked, 'matmul'), open: createCudaOpener() }),
  oip: ({ server }) => createOipBackend(server ?? missingServer()),
}

function missingServer(): never {
  throw new InvalidError('SettingMissing', 'provider oip needs the address of a server: --inference.endpoint URL')
}

/** Opens a model on the CPU by other kernels than the provider computes by, to compare them. @throws what ONNX Runtime throws. */
export function openOnOtherKernels(
  { provider, threads }: EngineSettings,
  checked: CheckedGraph,
): Promise<TensorRunner> {
  return openOrtSession(emitCpu(checked, provider === 'cpu-float' ? 'fast' : 'float'), threads)
}

/** The backend that settings ask for; undefined for the reference, which needs none. */
export function createBackend(settings: EngineSettings): Backend | undefined {
  return settings.provider === 'reference' ? undefined : BACKENDS[settings.provider](settings)
}
