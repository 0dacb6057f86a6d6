import type { Quantised } from '../formats.ts'
import type { LaneBuilder } from '../lane-builder.ts'

/**
 * Applies a function by one lookup table: an entry for each integer within the proven bounds of `x`.
 * @param f real → real, finite. @param step of the result. Cost: the table has `x.hi − x.lo + 1` entries.
 */
export function lookUp(lanes: LaneBuilder, x: Quantised, f: (x: number) => number, step: number): Quantised {
  const size = x.hi - x.lo + 1
  const entries = Float64Array.from({ length: size }, (_, i) => Math.round(f((x.lo + i) * x.step) / step))
  const table = lanes.constantLanes([size], entries)
  const index = x.lo === 0 ? x.id : lanes.add({ kind: 'add', inputs: [x.id, lanes.constantLanes([], [-x.lo])] })
  return lanes.integers(lanes.add({ kind: 'lookup', inputs: [index, table], axis: 0 }), step)
}
