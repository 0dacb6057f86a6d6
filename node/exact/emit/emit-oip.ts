import type { CheckedGraph } from '../graph.ts'
import { elementBytes } from './dtypes.ts'
import { type EmittedModel, emitModel } from './emit-cpu.ts'
import {
  encodeOnnxModel,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
  type OnnxValueInfo,
} from './onnx-writer.ts'
import { tensorDtypes } from './tensor-dtypes.ts'

/** Why a graph cannot be emitted for a server without float64. */
export interface NeedsFloat64 {
  readonly needsFloat64: true
}

/**
 * Emits a fresh ONNX model for an inference server: standard ops only, contractions by MatMul alone, whatever the server's own
 * convolutions are, and inputs and outputs of rank 1 at least, as not every server takes scalars.
 * @param hasFloat64 false for a server that computes float64 in fewer bits. @returns no model where that would not be exact.
 */
export function emitOip(checked: CheckedGraph, hasFloat64: boolean): EmittedModel | NeedsFloat64 {
  const { model, kernels } = emitModel(checked, 'matmul')
  if (!hasFloat64 && [...tensorDtypes(model).values()].includes('float64')) return { needsFloat64: true }
  const served = withoutScalars(model)
  return { onnx: encodeOnnxModel(served), inputs: served.inputs, outputs: served.outputs, kernels, cpuNodes: [] }
}

const ONE: OnnxInitializer = { name: 'one', dtype: 'int64', shape: [1], bytes: elementBytes('int64', [1]) }

/** The same model with `[1]` for each input and output of shape `[]`. */
function withoutScalars(model: OnnxModel): OnnxModel {
  const isScalar = ({ shape }: OnnxValueInfo): boolean => shape.length === 0
  const inner = new Map(
    [...model.inputs, ...model.outputs].filter(isScalar).map(({ name }) => [name, `${name}_scalar`]),
  )
  if (inner.size === 0) return model
  const renamed = (names: readonly string[]): string[] => names.map((name) => inner.get(name) ?? name)
  const before = model.inputs
    .filter(isScalar)
    .map(({ name }): OnnxNode => ({ opType: 'Squeeze', inputs: [name], outputs: [inner.get(name) as string] }))
  const after = model.outputs
    .filter(isScalar)
    .map(
      ({ name }): OnnxNode => ({ opType: 'Reshape', inputs: [inner.get(name) as string, ONE.name], outputs: [name] }),
    )
  const nodes = model.nodes.map((node) => ({ ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) }))
  const widened = (info: OnnxValueInfo): OnnxValueInfo => (isScalar(info) ? { ...info, shape: [1] } : info)
  return {
    inputs: model.inputs.map(widened),
    outputs: model.outputs.map(widened),
    initializers: [...model.initializers, ONE],
    nodes: [...before, ...nodes, ...after],
  }
}
