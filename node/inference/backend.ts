import { type EmittedModel, emitCpu } from '../exact/emit/emit-cpu.ts'
import { emitWebGpu } from '../exact/emit/emit-webgpu.ts'
import type { CheckedGraph } from '../exact/graph.ts'
import { createCudaOpener } from './cuda-session.ts'
import { type OpenSession, openOrtSession } from './ort-session.ts'
import { createWebGpuOpener } from './webgpu-session.ts'
import type { EngineSettings, Provider } from './worker-protocol.ts'

/** What runs emitted models for one provider. */
export interface Backend {
  /** Emits a checked graph by kernels that are exact there. */
  emit(checked: CheckedGraph): EmittedModel
  readonly open: OpenSession
}

const BACKENDS: Readonly<Record<Exclude<Provider, 'reference'>, (settings: EngineSettings) => Backend>> = {
  cpu: () => ({ emit: (checked) => emitCpu(checked, 'fast'), open: openOrtSession }),
  'cpu-float': () => ({ emit: (checked) => emitCpu(checked, 'float'), open: openOrtSession }),
  webgpu: () => ({ emit: emitWebGpu, open: createWebGpuOpener() }),
  cuda: () => ({ emit: (checked) => emitCpu(checked, 'matmul'), open: createCudaOpener() }),
}

/** The backend that settings ask for; undefined for the reference, which needs none. */
export function createBackend(settings: EngineSettings): Backend | undefined {
  return settings.provider === 'reference' ? undefined : BACKENDS[settings.provider](settings)
}
