import { checkGraph } from '../../node/exact/check.ts'
import type { ExactGraph, GraphConstant, GraphInput, GraphOutput, Op, Shape, Tensor } from '../../node/exact/graph.ts'
import { laneBytesFor, packData } from '../../node/exact/tensor-data.ts'
import { PROFILE_V1 } from '../../node/protocol/constants.ts'
import { InvalidError } from '../../node/protocol/errors.ts'

/** The parts of a graph that a test cares about. */
export interface GraphParts {
  readonly inputs: readonly GraphInput[]
  readonly constants?: readonly GraphConstant[]
  readonly ops: readonly Op[]
  /** Default: the last value, in 8-byte lanes. */
  readonly outputs?: readonly GraphOutput[]
}

/** A graph of the current profile. */
export function graphOf({ inputs, constants = [], ops, outputs }: GraphParts): ExactGraph {
  const last: GraphOutput = { value: inputs.length + constants.length + ops.length - 1, laneBytes: 8 }
  return { profile: PROFILE_V1, inputs, constants, ops, outputs: outputs ?? [last] }
}

/** An input in the smallest lanes that hold its bounds. */
export function inputOf(shape: Shape, lo: number, hi: number): GraphInput {
  return { shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) }
}

/** A constant in the smallest lanes that hold it. */
export function constantOf(shape: Shape, lanes: readonly number[]): GraphConstant {
  return { shape, data: packData(lanes) }
}

/** A tensor in the smallest lanes that hold it. */
export function tensorOf(shape: Shape, lanes: readonly number[]): Tensor {
  return constantOf(shape, lanes)
}

/** The check's verdict on a graph: its error, or undefined where the graph passes. */
export function verdictOn(parts: GraphParts): InvalidError | undefined {
  try {
    checkGraph(graphOf(parts))
    return undefined
  } catch (error) {
    if (error instanceof InvalidError) return error
    throw error
  }
}
