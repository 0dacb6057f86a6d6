import type { ValueId } from '../../exact/graph.ts'
import type { Quantised } from '../formats.ts'
import type { LaneBuilder } from '../lane-builder.ts'

/**
 * Applies a function by one lookup table: an entry for each integer within the proven bounds of `x`.
 * @param f real → real, finite. @param step of the result. Cost: the table has `x.hi − x.lo + 1` entries.
 */
export function lookUp(lanes: LaneBuilder, x: Quantised, f: (x: number) => number, step: number): Quantised {
  return lanes.integers(
    lookUpIntegers(lanes, x.id, (lane) => Math.round(f(lane * x.step) / step)),
    step,
  )
}

/** Applies a function of integers by one lookup table over the proven bounds of `index`. */
export function lookUpIntegers(lanes: LaneBuilder, index: ValueId, f: (lane: number) => number): ValueId {
  const { lo, hi } = lanes.facts(index)
  const size = hi - lo + 1
  const table = lanes.constantLanes(
    [size],
    Float64Array.from({ length: size }, (_, i) => f(lo + i)),
  )
  const zeroBased = lo === 0 ? index : lanes.add({ kind: 'add', inputs: [index, lanes.constantLanes([], [-lo])] })
  return lanes.add({ kind: 'lookup', inputs: [zeroBased, table], axis: 0 })
}
