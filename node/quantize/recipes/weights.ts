import type { PerLane } from '../per-lane.ts'
import { simplify } from '../per-lane.ts'

/** Weights in integers, and the step of each output channel. */
export interface QuantisedWeights {
  /** Lanes in the order of the given weights. */
  readonly lanes: Float64Array
  /** One step a channel. */
  readonly steps: Float64Array
}

/** Shifts of at most so many bits: ONNX Runtime's quantised kernels are then exact whatever the sums are. */
const MAX_SHIFT_BITS = 15
/** Quarters of a power of two that a step may be: a channel then uses four fifths of its weights' range at least. */
const QUARTERS = 4

/**
 * Rounds weights to `bits`, each output channel at its own step `unit · m/4 · 2^e`, m from 4 to 7, so that the scale of a requantisation
 * is a small integer over a power of two.
 * @param channelOf the output channel of a weight by its position. @param unit the result's step over the operand's.
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
  const least = unit * 2 ** (Math.log2(QUARTERS) - MAX_SHIFT_BITS)
  const most = Math.max(...greatest.map((x) => x / limit))
  const steps = greatest.map((x) => quarterStep(x / limit, unit, Math.min(least, most)))
  const lanes = Float64Array.from({ length: weights.length }, (_, i) => {
    const lane = Math.round((weights[i] as number) / (steps[channelOf(i)] as number))
    return Math.min(Math.max(lane, -limit), limit) + 0
  })
  return { lanes, steps }
}

/** The least step of the form `unit · m/4 · 2^e` that is at least `wanted`, and about `least` where that is smaller still. */
function quarterStep(wanted: number, unit: number, least: number): number {
  const ratio = Math.max(wanted, least) / unit
  if (ratio === 0) return unit
  const power = 2 ** Math.floor(Math.log2(ratio))
  // The noise of float32 must not cost a quarter where a step was chosen to fit exactly.
  return (unit * power * Math.ceil((ratio / power) * QUARTERS - 1e-5)) / QUARTERS
}

/** Numbers of each channel as a table along one axis of a tensor of `rank`. */
export function alongAxis(values: ArrayLike<number>, rank: number, axis: number): PerLane {
  const shape = Array.from({ length: rank }, (_, i) => (i === axis ? values.length : 1))
  return simplify({ shape, data: Float64Array.from(values) })
}
