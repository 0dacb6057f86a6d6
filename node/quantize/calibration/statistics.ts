import type { FloatTensor } from '../float-graph.ts'
import type { Interval } from '../formats.ts'

/** What calibration saw of each value. Memory does not grow with the samples. */
export interface Statistics {
  /** Takes in one sample of a value. */
  observe(name: string, tensor: FloatTensor): void
  /** Least and greatest value seen, and zero. */
  ranges(): Map<string, Interval>
}

/** Magnitudes beyond this are masks (−inf, −3.4e38), not data. */
const MASK = 1e30

/** Nothing seen yet. */
export function createStatistics(): Statistics {
  const ranges = new Map<string, Interval>()
  return {
    observe(name, { data }) {
      let { lo, hi } = ranges.get(name) ?? { lo: 0, hi: 0 }
      for (let i = 0; i < data.length; i++) {
        const value = data[i] as number
        // A NaN fails both comparisons.
        if (value < lo && value > -MASK) lo = value
        else if (value > hi && value < MASK) hi = value
      }
      ranges.set(name, { lo, hi })
    },
    ranges: () => new Map(ranges),
  }
}
