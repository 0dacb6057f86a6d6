import type { Bounds, ExactGraph, GraphConstant, GraphInput, Op, Shape, Tensor } from '../exact/graph.ts'
import { allocateData, laneBytesFor, packData, shapeSize } from '../exact/tensor-data.ts'
import { PROFILE_V1 } from '../protocol/constants.ts'

/** A small graph at the edge of one kernel's exactness, with the inputs that reach it. */
export interface ExactVector {
  readonly name: string
  /** The kernel that the emitter must choose for one of the graph's ops, the last in most vectors. */
  readonly kernel: string
  readonly graph: ExactGraph
  readonly inputs: readonly Tensor[]
}

/** An input of a vector: its declared bounds, and its lanes in this order, repeated to fill the shape. */
export interface VectorInput extends Bounds {
  readonly shape: Shape
  readonly lanes: readonly number[]
}

/** What a vector is made of; value ids count inputs, then constants, then ops. The last op's value is the output. */
export interface VectorParts {
  readonly name: string
  readonly kernel: string
  readonly inputs: readonly VectorInput[]
  readonly constants?: readonly GraphConstant[]
  readonly ops: readonly Op[]
}

/** Builds a vector whose output is sent in 8-byte lanes. */
export function vector({ name, kernel, inputs, constants = [], ops }: VectorParts): ExactVector {
  const declared = inputs.map(
    ({ shape, lo, hi }): GraphInput => ({ shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) }),
  )
  const output = inputs.length + constants.length + ops.length - 1
  const graph = {
    profile: PROFILE_V1,
    inputs: declared,
    constants,
    ops,
    outputs: [{ value: output, laneBytes: 8 }],
  } as const
  return { name, kernel, graph, inputs: inputs.map(fill) }
}

/** A constant whose lanes are `lanes`, repeated to fill the shape. */
export function constant(shape: Shape, lanes: readonly number[]): GraphConstant {
  return { shape, data: packData(repeat(lanes, shapeSize(shape))) }
}

/** Stride and dilation 1, no padding, over `axes` spatial axes. */
export function plainWindow(axes: number): { strides: number[]; dilations: number[]; pads: number[] } {
  const ones = new Array<number>(axes).fill(1)
  return { strides: ones, dilations: ones, pads: new Array<number>(2 * axes).fill(0) }
}

function fill({ shape, lo, hi, lanes }: VectorInput): Tensor {
  const data = allocateData(laneBytesFor({ lo, hi }), shapeSize(shape))
  data.set(repeat(lanes, data.length))
  return { shape, data }
}

function repeat(lanes: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => lanes[i % lanes.length] ?? 0)
}
