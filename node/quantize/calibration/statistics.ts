import type { FloatTensor } from '../float-graph.ts'
import type { Interval } from '../formats.ts'

/** What calibration saw of each value. Memory does not grow with the samples. */
export interface Statistics {
  /** Takes in one sample of a value. */
  observe(name: string, tensor: FloatTensor): void
  /** The range of each value: all that was seen, zero, and a little more where samples differ much. */
  ranges(): Map<string, Interval>
}

/** Magnitudes beyond this are masks (−inf, −3.4e38), not data. */
const MASK = 1e30
/**
 * One sample in n + 1 exceeds the greatest of n: a range reaches at least this many standard deviations beyond the mean of what single
 * samples reach, so that few samples do not clip the next ones.
 */
const DEVIATIONS = 3
/** But never this many times what was seen. */
const MOST = 1.5

/** A value that this part of the samples drives to its very end is bounded (bytes, ReLU6, sigmoids). */
const BOUNDED_PART = 0.05

/** Where samples end on one side: Σ 1, Σ end, Σ end², greatest end and how often it was reached; magnitudes. */
interface Ends {
  readonly count: number
  readonly sum: number
  readonly squares: number
  readonly greatest: number
  readonly ties: number
}

const NO_ENDS: Ends = { count: 0, sum: 0, squares: 0, greatest: 0, ties: 0 }

/** Nothing seen yet. */
export function createStatistics(): Statistics {
  const seen = new Map<string, { readonly below: Ends; readonly above: Ends }>()
  return {
    observe(name, tensor) {
      const { below, above } = seen.get(name) ?? { below: NO_ENDS, above: NO_ENDS }
      const { lo, hi } = rangeOfData(tensor.data)
      seen.set(name, { below: addEnd(below, -lo), above: addEnd(above, hi) })
    },
    ranges: () =>
      new Map([...seen].map(([name, { below, above }]) => [name, { lo: 0 - reach(below), hi: reach(above) }])),
  }
}

/** Least and greatest number of a tensor, and zero, without masks and NaN. */
function rangeOfData(data: FloatTensor['data']): Interval {
  let [lo, hi] = [0, 0]
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number
    // A NaN fails both comparisons.
    if (value < lo && value > -MASK) lo = value
    else if (value > hi && value < MASK) hi = value
  }
  return { lo, hi }
}

function addEnd({ count, sum, squares, greatest, ties }: Ends, end: number): Ends {
  const isEqual = Math.abs(end - greatest) <= 1e-6 * greatest
  return {
    count: count + 1,
    sum: sum + end,
    squares: squares + end * end,
    greatest: Math.max(greatest, end),
    ties: isEqual ? ties + 1 : end > greatest ? 1 : ties,
  }
}

function reach({ count, sum, squares, greatest, ties }: Ends): number {
  if (ties >= Math.max(2, BOUNDED_PART * count)) return greatest
  const mean = sum / count
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean))
  return Math.max(greatest, Math.min(mean + DEVIATIONS * deviation, MOST * greatest))
}
