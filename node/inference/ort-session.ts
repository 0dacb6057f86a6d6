import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import type { Tensor } from '../exact/graph.ts'
import { BugError } from '../protocol/errors.ts'
import { fromRuntimeData, toRuntimeData } from './tensor-conversion.ts'

/** A loaded model that runs on tensors: one an input, in order → one an output, in order. */
export interface TensorRunner {
  run(inputs: readonly Tensor[]): Promise<Tensor[]>
  close(): Promise<void>
}

/**
 * Loads an emitted model into ONNX Runtime's CPU provider at graph optimisation level `disabled`: fusions change
 * arithmetic. Runs block the calling thread, so this belongs in a process of its own.
 * @param threads threads of one op.
 * @throws what ONNX Runtime throws: the CPU provider lacks a kernel, or memory ran out.
 */
export async function openOrtSession(emitted: EmittedModel, threads: number): Promise<TensorRunner> {
  const session = await InferenceSession.create(emitted.onnx, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'disabled',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    logSeverityLevel: 3,
  })
  return {
    run: (inputs) => runSession(session, emitted, inputs),
    close: () => session.release(),
  }
}

async function runSession(
  session: InferenceSession,
  emitted: EmittedModel,
  inputs: readonly Tensor[],
): Promise<Tensor[]> {
  const feeds: Record<string, OrtTensor> = {}
  emitted.inputs.forEach(({ name, dtype, shape }, index) => {
    const data = inputs[index]?.data
    if (data === undefined) throw new BugError(`input ${index} of ${emitted.inputs.length} is missing`)
    feeds[name] = new OrtTensor(toRuntimeData(data, dtype), shape)
  })
  const results = await session.run(feeds)
  return emitted.outputs.map(({ name, shape }) => ({ shape, data: fromRuntimeData(results[name]?.data) }))
}
