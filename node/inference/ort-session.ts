import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import type { OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import type { Tensor } from '../exact/graph.ts'
import { BugError } from '../protocol/errors.ts'
import { fromRuntimeData, toRuntimeData } from './tensor-conversion.ts'

/** A loaded model that runs on tensors: one an input, in order → one an output, in order, or for each position in `outputs`. */
export interface TensorRunner {
  run(inputs: readonly Tensor[], outputs?: readonly number[]): Promise<Tensor[]>
  close(): Promise<void>
}

/** Loads an emitted model. @param threads threads of one op. */
export type OpenSession = (emitted: EmittedModel, threads: number) => Promise<TensorRunner>

/** The execution providers of ONNX Runtime that a session may use, best first. */
export type ExecutionProviders = readonly InferenceSession.ExecutionProviderConfig[]

/**
 * Loads an emitted model into ONNX Runtime's CPU provider.
 * @throws what ONNX Runtime throws: the CPU provider lacks a kernel, or memory ran out.
 */
export const openOrtSession: OpenSession = (emitted, threads) => openSessionOn(['cpu'], emitted, threads)

/**
 * Loads an emitted model into ONNX Runtime at graph optimisation level `disabled`: fusions change arithmetic. Runs block the
 * calling thread, so this belongs in a process of its own.
 * @throws what ONNX Runtime throws: it lacks a provider or a kernel, or memory ran out.
 */
export async function openSessionOn(
  executionProviders: ExecutionProviders,
  emitted: EmittedModel,
  threads: number,
): Promise<TensorRunner> {
  const session = await InferenceSession.create(emitted.onnx, {
    executionProviders,
    graphOptimizationLevel: 'disabled',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Memory goes back after each run, so that many models can stay open; measured no slower.
    enableCpuMemArena: false,
    // Idle threads sleep: a node shares its cores with the EVM, storage and L1.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  })
  // Without the bytes of `emitted`, so that they can be freed.
  const { inputs, outputs } = emitted
  return {
    run: (tensors, positions) => {
      const wanted = positions?.map((position) => outputs[position] as OnnxValueInfo) ?? outputs
      return runSession(session, inputs, wanted, tensors)
    },
    close: () => session.release(),
  }
}

async function runSession(
  session: InferenceSession,
  inputs: readonly OnnxValueInfo[],
  outputs: readonly OnnxValueInfo[],
  tensors: readonly Tensor[],
): Promise<Tensor[]> {
  const feeds: Record<string, OrtTensor> = {}
  inputs.forEach(({ name, dtype, shape }, index) => {
    const data = tensors[index]?.data
    if (data === undefined) throw new BugError(`input ${index} of ${inputs.length} is missing`)
    feeds[name] = new OrtTensor(toRuntimeData(data, dtype), shape)
  })
  // What is not asked for is freed as soon as no kernel reads it any more.
  const results = await session.run(
    feeds,
    outputs.map(({ name }) => name),
  )
  return outputs.map(({ name, shape }) => ({ shape, data: fromRuntimeData(results[name]?.data) }))
}
