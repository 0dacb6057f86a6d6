import { FLOAT32_BUDGET, INT32_BUDGET } from '../emit/dtypes.ts'
import type { ModelBuilder } from '../emit/model-builder.ts'
import type { CheckedGraph, Op, ValueId } from '../graph.ts'
import type { ExportValues } from './export-values.ts'

/** What the exporter of every op works on. */
export interface ExportContext {
  readonly checked: CheckedGraph
  readonly model: ModelBuilder
  readonly values: ExportValues
}

/** One op being exported, and the id of the value that it yields. */
export interface ExportTask<Kind extends Op = Op> {
  readonly op: Kind
  readonly index: number
  readonly out: ValueId
}

/** Element types that nodes compute in. */
export type WorkDtype = 'float32' | 'int32' | 'float64' | 'int64'

/**
 * The element types in which integers of up to `reach` in magnitude are exact, the simplest first. int64 is not among them: ONNX
 * Runtime's Clip, Min and Max of int64 (1.30, x86-64) take lanes between 2^31 and 2^32 for others.
 * @param floatReach the greatest magnitude in floats, where runtimes may fuse nodes and so pass through greater sums.
 */
export function exactDtypes(reach: number, floatReach: number = reach): WorkDtype[] {
  const dtypes: WorkDtype[] = []
  if (floatReach <= FLOAT32_BUDGET) dtypes.push('float32')
  if (reach <= INT32_BUDGET) dtypes.push('int32')
  if (floatReach <= Number.MAX_SAFE_INTEGER) dtypes.push('float64')
  return dtypes
}

/** The narrower of int32 and int64 that holds integers of up to `reach` in magnitude. */
export function exactInteger(reach: number): 'int32' | 'int64' {
  return reach <= INT32_BUDGET ? 'int32' : 'int64'
}

/** The float types in which integers of up to `reach` in magnitude are exact. */
export function exactFloats(reach: number): ('float32' | 'float64')[] {
  return reach <= FLOAT32_BUDGET ? ['float32', 'float64'] : ['float64']
}
