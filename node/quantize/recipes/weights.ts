import type { PerLane } from '../per-lane.ts'
import { simplify } from '../per-lane.ts'

/** Weights in integers, and the step of each output channel. */
export interface QuantisedWeights {
  /** Lanes in the order of the given weights. */
  readonly lanes: Float64Array
  /** One step a channel. */
  readonly steps: Float64Array
}

/** Channels whose weights are smaller than the greatest channel's by more than this power of two share its last step. */
const MAX_SPREAD = 10

/**
 * Rounds weights to `bits`, each output channel at its own step `unit · 2^e`, so that combined scales are powers of two.
 * @param channelOf the output channel of a weight by its position.
 */
export function quantiseWeights(
  weights: ArrayLike<number>,
  channels: number,
  channelOf: (position: number) => number,
  unit: number,
  bits: number,
): QuantisedWeights {
  const greatest = new Float64Array(channels)
  for (let i = 0; i < weights.length; i++) {
    const channel = channelOf(i)
    greatest[channel] = Math.max(greatest[channel] as number, Math.abs(weights[i] as number))
  }
  const limit = 2 ** (bits - 1)
  const exponents = greatest.map((x) =>
    x === 0 ? Number.NEGATIVE_INFINITY : Math.ceil(Math.log2(x / limit / unit) - 1e-6),
  )
  const most = Math.max(...exponents)
  const least = Number.isFinite(most) ? most - MAX_SPREAD : 0
  const steps = exponents.map((e) => unit * 2 ** Math.max(e, least))
  const lanes = Float64Array.from({ length: weights.length }, (_, i) => {
    const lane = Math.round((weights[i] as number) / (steps[channelOf(i)] as number))
    return Math.min(Math.max(lane, -limit), limit) + 0
  })
  return { lanes, steps }
}

/** Numbers of each channel as a table along one axis of a tensor of `rank`. */
export function alongAxis(values: ArrayLike<number>, rank: number, axis: number): PerLane {
  const shape = Array.from({ length: rank }, (_, i) => (i === axis ? values.length : 1))
  return simplify({ shape, data: Float64Array.from(values) })
}
