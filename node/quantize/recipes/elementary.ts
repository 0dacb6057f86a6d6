import type { Bounds, Shape, ValueId } from '../../exact/graph.ts'
import { within } from '../../exact/tensor-data.ts'
import type { LaneBuilder } from '../lane-builder.ts'

/*
 * Single ops of recipes, left out where they would change nothing.
 */

/** `x · 2^bits`, rounded half to even where bits is negative. */
export function scaleByPower(lanes: LaneBuilder, x: ValueId, bits: number): ValueId {
  if (bits === 0) return x
  if (bits > 0) return lanes.add({ kind: 'shift-left', inputs: [x], bits })
  return lanes.add({ kind: 'shift-right', inputs: [x], bits: -bits, rounding: 'half-even' })
}

/** x limited to a range. */
export function clipTo(lanes: LaneBuilder, x: ValueId, { lo, hi }: Bounds): ValueId {
  return within(lanes.facts(x), { lo, hi }) ? x : lanes.add({ kind: 'clip', inputs: [x], lo, hi })
}

/** A constant of rank 0. */
export function scalar(lanes: LaneBuilder, value: number): ValueId {
  return lanes.constantLanes([], [value])
}

/** `x + value`, the same for all lanes. */
export function addScalar(lanes: LaneBuilder, x: ValueId, value: number): ValueId {
  return value === 0 ? x : lanes.add({ kind: 'add', inputs: [x, scalar(lanes, value)] })
}

/** `⌊a / b⌋`; b is proven to be 1 or more. */
export function floorDivide(lanes: LaneBuilder, a: ValueId, b: ValueId): ValueId {
  return lanes.add({ kind: 'floordiv', inputs: [a, b] })
}

/** x with another shape of as many lanes. */
export function reshapeTo(lanes: LaneBuilder, x: ValueId, shape: Shape): ValueId {
  const known = lanes.facts(x).shape
  const isSame = known.length === shape.length && known.every((extent, axis) => extent === shape[axis])
  return isSame ? x : lanes.add({ kind: 'reshape', inputs: [x], shape })
}
