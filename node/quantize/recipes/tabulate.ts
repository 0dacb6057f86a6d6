import type { ValueId } from '../../exact/graph.ts'
import type { Quantised } from '../formats.ts'
import type { LaneBuilder } from '../lane-builder.ts'

/** Entries that a table may have: 16 bits of index. */
export const MAX_TABLE_ENTRIES = 2 ** 16

/**
 * Applies a function of one real by a table over every integer that the operand can be: `round(f(real) / step)`, exact from there on.
 * The operand has at most {@link MAX_TABLE_ENTRIES} values. @returns lanes of `step`.
 */
export function tabulate(lanes: LaneBuilder, input: Quantised, step: number, f: (real: number) => number): ValueId {
  const { lo, hi } = input
  const entries = Float64Array.from({ length: hi - lo + 1 }, (_, i) => Math.round(f((lo + i) * input.step) / step))
  const table = lanes.constantLanes([entries.length], entries)
  const index = lo === 0 ? input.id : lanes.add({ kind: 'add', inputs: [input.id, lanes.constantLanes([], [-lo])] })
  return lanes.add({ kind: 'lookup', inputs: [index, table], axis: 0 })
}
