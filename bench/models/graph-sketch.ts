import type {
  ExactGraph,
  GraphConstant,
  GraphInput,
  GraphOutput,
  Op,
  Shape,
  TensorData,
} from '../../node/exact/graph.ts'
import { allocateData, laneBytesFor } from '../../node/exact/tensor-data.ts'
import { PROFILE_V1 } from '../../node/protocol/constants.ts'

/** A value of a graph in the making: inputs count up from 0, constants down from −1, ops on from the inputs. */
export type Ref = number

/** Builds a graph op by op, constants as they come. Inputs come first. */
export interface GraphSketch {
  input(shape: Shape, lo: number, hi: number): Ref
  constant(shape: Shape, data: TensorData): Ref
  /** A constant of generated lanes, evenly spread over `[lo, hi]`: the same for the same order of calls. */
  generated(shape: Shape, lo: number, hi: number): Ref
  /** A scalar constant. */
  scalar(value: number): Ref
  op(op: Op): Ref
  finish(outputs: readonly GraphOutput[]): ExactGraph
}

/** An empty sketch. */
export function createGraphSketch(): GraphSketch {
  const inputs: GraphInput[] = []
  const constants: GraphConstant[] = []
  const ops: Op[] = []
  const random = createRandom()

  function constant(shape: Shape, data: TensorData): Ref {
    constants.push({ shape, data })
    return -constants.length
  }

  function final(ref: Ref): number {
    if (ref < 0) return inputs.length - 1 - ref
    return ref < inputs.length ? ref : ref + constants.length
  }

  return {
    input(shape, lo, hi) {
      inputs.push({ shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) })
      return inputs.length - 1
    },
    constant,
    generated(shape, lo, hi) {
      const lanes = shape.reduce((size, extent) => size * extent, 1)
      const data = allocateData(laneBytesFor({ lo, hi }), lanes)
      for (let i = 0; i < lanes; i++) data[i] = lo + (random() % (hi - lo + 1))
      return constant(shape, data)
    },
    scalar(value) {
      const data = allocateData(laneBytesFor({ lo: value, hi: value }), 1)
      data[0] = value
      return constant([], data)
    },
    op(op) {
      ops.push(op)
      return inputs.length + ops.length - 1
    },
    finish: (outputs) => ({
      profile: PROFILE_V1,
      inputs,
      constants,
      ops: ops.map((op) => ({ ...op, inputs: op.inputs.map(final) }) as unknown as Op),
      outputs: outputs.map(({ value, laneBytes }) => ({ value: final(value), laneBytes })),
    }),
  }
}

/** Numbers of 24 bits that look random, the same on every machine (xorshift, Marsaglia 2003). */
export function createRandom(seed = 2_463_534_242): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) >>> 8
  }
}
