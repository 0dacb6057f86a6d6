import type { Op, Shape, ValueId } from '../exact/graph.ts'
import type { BuiltValue, GraphBuilder } from '../exact/import/graph-builder.ts'
import { shapeSize } from '../exact/tensor-data.ts'
import type { Quantised } from './formats.ts'
import type { PerLane } from './per-lane.ts'

/** Grows the ExactGraph under one label. What recipes are given. */
export interface LaneBuilder {
  /** Facts of a value: shape and proven bounds. */
  facts(id: ValueId): BuiltValue
  /** Adds an op (computed at once where all operands are constants). @throws InvalidError of the op's rules. */
  add(op: Op): ValueId
  /** Adds a constant of safe integers. */
  constantLanes(shape: Shape, lanes: ArrayLike<number>): ValueId
  /** Integers as a value, with their proven bounds. */
  integers(id: ValueId, step: number): Quantised
}

/** A {@link LaneBuilder} whose ops carry `label`. */
export function createLaneBuilder(builder: GraphBuilder, label: string): LaneBuilder {
  return {
    facts: builder.value,
    add: (op) => builder.addOp(op, label),
    constantLanes: (shape, lanes) => {
      // Numbers come from float arithmetic: −0 is no lane.
      return builder.addConstant(
        shape,
        Float64Array.from({ length: shapeSize(shape) }, (_, i) => (lanes[i] ?? 0) + 0),
      )
    },
    integers: (id, step) => {
      const { shape, lo, hi } = builder.value(id)
      return { id, shape, step, lo, hi }
    },
  }
}

/** Integers for all lanes as a constant: a scalar, or a table that broadcasts. */
export function perLaneConstant(lanes: LaneBuilder, value: PerLane): ValueId {
  return typeof value === 'number' ? lanes.constantLanes([], [value]) : lanes.constantLanes(value.shape, value.data)
}
