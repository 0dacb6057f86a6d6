import type { CheckedGraph, Op, OpKind } from '../graph.ts'
import { findByteReaders } from './byte-readers.ts'
import { inputDtype, outputDtype } from './dtypes.ts'
import { emitCompare, emitSelect } from './emit-choice.ts'
import type { EmitContext, EmitTask, KernelSet } from './emit-context.ts'
import { emitConv } from './emit-conv.ts'
import { emitFloordiv, emitIsqrt } from './emit-division.ts'
import { emitBinary, emitClip, emitShiftLeft, emitShiftRight } from './emit-elementwise.ts'
import { emitGatherElements, emitLookup } from './emit-lookup.ts'
import { emitMatmul } from './emit-matmul.ts'
import { emitConcat, emitExpand, emitPad, emitReshape, emitSlice, emitTranspose } from './emit-movement.ts'
import { emitMaxPool, emitSumPool } from './emit-pool.ts'
import { emitArgmax, emitReduce } from './emit-reduce.ts'
import { type Fusion, findFusions } from './fusions.ts'
import { createGraphSearch } from './graph-search.ts'
import type { KernelName } from './kernel-names.ts'
import { createModelBuilder } from './model-builder.ts'
import { encodeOnnxModel, type OnnxModel, type OnnxValueInfo } from './onnx-writer.ts'
import { createValueForms } from './value-forms.ts'

/** The kernel that was chosen for an op. */
export interface KernelChoice {
  /** Index of the op in the graph. */
  readonly op: number
  readonly kind: OpKind
  readonly kernel: KernelName
}

/** An ONNX model that computes a checked graph exactly, and what goes in and comes out of it. */
export interface EmittedModel {
  readonly onnx: Uint8Array
  /** One tensor an input of the graph: int8, int16, int32, or float64 for 8-byte lanes. */
  readonly inputs: readonly OnnxValueInfo[]
  /** One tensor an output of the graph: int8, int16, int32 or int64 by its declared lanes. */
  readonly outputs: readonly OnnxValueInfo[]
  readonly kernels: readonly KernelChoice[]
  /** Names of the nodes that only a CPU computes exactly; empty where the model is meant for one. */
  readonly cpuNodes: readonly string[]
}

type OpOfKind<Kind extends OpKind> = Op extends infer One
  ? One extends Op
    ? Kind extends One['kind']
      ? One
      : never
    : never
  : never
type KernelEmitter<Kind extends OpKind> = (context: EmitContext, task: EmitTask<OpOfKind<Kind>>) => KernelName

const EMITTERS: { readonly [Kind in OpKind]: KernelEmitter<Kind> } = {
  add: emitBinary,
  sub: emitBinary,
  mul: emitBinary,
  min: emitBinary,
  max: emitBinary,
  clip: emitClip,
  'shift-left': emitShiftLeft,
  'shift-right': emitShiftRight,
  floordiv: emitFloordiv,
  isqrt: emitIsqrt,
  less: emitCompare,
  equal: emitCompare,
  select: emitSelect,
  matmul: emitMatmul,
  conv: emitConv,
  'sum-pool': emitSumPool,
  'max-pool': emitMaxPool,
  'reduce-sum': emitReduce,
  'reduce-max': emitReduce,
  'reduce-min': emitReduce,
  argmax: emitArgmax,
  lookup: emitLookup,
  'gather-elements': emitGatherElements,
  reshape: emitReshape,
  transpose: emitTranspose,
  slice: emitSlice,
  pad: emitPad,
  concat: emitConcat,
  expand: emitExpand,
}

/**
 * Emits a fresh ONNX model for ONNX Runtime's CPU provider at graph optimisation level `disabled`. Each op's kernel comes
 * from a closed list, chosen by the proven bounds of its operands and partial sums so that nothing in it can round,
 * saturate or overflow, on any x86-64 or ARM64 CPU and in any order of summation.
 */
export function emitCpu(checked: CheckedGraph, kernelSet: KernelSet = 'fast'): EmittedModel {
  const { model, kernels } = emitModel(checked, kernelSet)
  return { onnx: encodeOnnxModel(model), inputs: model.inputs, outputs: model.outputs, kernels, cpuNodes: [] }
}

/** The model that {@link emitCpu} encodes, for emitters that still change it. */
export function emitModel(
  checked: CheckedGraph,
  kernelSet: KernelSet,
): { readonly model: OnnxModel; readonly kernels: readonly KernelChoice[] } {
  const { graph } = checked
  const model = createModelBuilder()
  const values = createValueForms(checked, model)
  const context: EmitContext = {
    checked,
    kernelSet,
    model,
    values,
    search: createGraphSearch(checked),
    byteReaders: kernelSet === 'fast' ? findByteReaders(checked) : new Set(),
  }
  graph.inputs.forEach(({ shape, laneBytes }, id) => {
    const info = { name: `in${id}`, dtype: inputDtype(laneBytes), shape }
    values.define(id, { dtype: info.dtype, layout: 'plain' }, model.input(info))
  })
  const kernels = emitOps(context)
  graph.outputs.forEach(({ value, laneBytes }, position) => {
    const { shape } = values.facts(value)
    const info = { name: `out${position}`, dtype: outputDtype(laneBytes), shape }
    model.output(info, values.operand(value, { dtype: info.dtype, layout: 'plain' }))
  })
  return { model: model.build(), kernels }
}

/** Emits all ops in order. A fusion is emitted whole, where its last op stands. */
function emitOps(context: EmitContext): KernelChoice[] {
  const { graph } = context.checked
  const fusions =
    context.kernelSet === 'fast' ? findFusions(context.search, context.byteReaders) : new Map<number, Fusion>()
  const firstOp = graph.inputs.length + graph.constants.length
  const kernels = new Map<number, KernelName>()
  graph.ops.forEach((op, index) => {
    const found = fusions.get(index)
    if (found === undefined) {
      const emit = EMITTERS[op.kind] as KernelEmitter<OpKind>
      kernels.set(index, emit(context, { op, index, out: firstOp + index }))
    } else if (found.ops.at(-1) === index) {
      const kernel = found.emit(context, firstOp + index)
      for (const part of found.ops) kernels.set(part, kernel)
    }
  })
  return graph.ops.map(({ kind }, op) => ({ op, kind, kernel: kernels.get(op) as KernelName }))
}
