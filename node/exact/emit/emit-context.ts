import type { CheckedGraph, Op, ValueId } from '../graph.ts'
import type { GraphSearch } from './graph-search.ts'
import type { ModelBuilder } from './model-builder.ts'
import type { ValueForms } from './value-forms.ts'

/**
 * Which kernels an emitter chooses from where several are exact: `fast` prefers bytes and int32; `float` contracts in float32 or
 * float64 only; `matmul` does so without Conv, whose algorithm (Winograd, FFT) not every runtime lets one pin. `fast` and `float`
 * compute most models by different machine code, so that each checks the other.
 */
export type KernelSet = 'fast' | 'float' | 'matmul'

/** What every kernel emitter works on. */
export interface EmitContext {
  readonly checked: CheckedGraph
  readonly kernelSet: KernelSet
  readonly model: ModelBuilder
  readonly values: ValueForms
  readonly search: GraphSearch
  /** Values that some kernel reads as bytes (see `findByteReaders`); empty where bytes are not used. */
  readonly byteReaders: ReadonlySet<ValueId>
}

/** One op being emitted, and the id of the value it yields. */
export interface EmitTask<Kind extends Op = Op> {
  readonly op: Kind
  readonly index: number
  readonly out: ValueId
}

/** The proven accumulation budget of a contracting op (see `CheckedGraph.accumulations`). */
export function accumulationOf(context: EmitContext, task: EmitTask): number {
  return context.checked.accumulations.get(task.index) ?? Number.MAX_SAFE_INTEGER
}
