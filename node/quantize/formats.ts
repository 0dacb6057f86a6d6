import type { Bounds, Shape, ValueId } from '../exact/graph.ts'
import type { PerLane } from './per-lane.ts'

/** Real numbers that a value takes. */
export interface Interval {
  readonly lo: number
  readonly hi: number
}

/** A float value held in integers: `real ≈ step · lane`. Integers may be asymmetric ([-20, 235]); zero is always zero. */
export interface Quantised extends Bounds {
  readonly id: ValueId
  readonly shape: Shape
  readonly step: number
}

/**
 * A float value before it is rounded to a format: `real ≈ clamp(step · lane + offset, limits)` lane by lane. An accumulator with one
 * step a channel, a bias not yet added, a ReLU not yet applied: arithmetic with constants changes the view, not the lanes.
 * `materialise` turns it into integers of one step, in as few ops as can be.
 */
export interface View {
  readonly id: ValueId
  readonly step: PerLane
  readonly offset: PerLane
  readonly limits: { readonly lo: PerLane; readonly hi: PerLane }
}

/** The format that a value is wanted in: integers of this step within these bounds. */
export interface Format extends Bounds {
  readonly step: number
}

/** No clamp. */
export const UNLIMITED: View['limits'] = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }

/** Integers of one step as a view. */
export function viewOf({ id, step }: Pick<Quantised, 'id' | 'step'>): View {
  return { id, step, offset: 0, limits: UNLIMITED }
}

/** The least step of the form `scale · 2^e` at which `2^bits` integers, zero among them, cover the range. */
export function stepFor(scale: number, { lo, hi }: Interval, bits: number): number {
  const span = Math.max(hi, 0) - Math.min(lo, 0)
  if (span === 0) return scale
  // The noise of float32 must not cost half the levels where a step was chosen to fit exactly.
  return scale * 2 ** Math.ceil(Math.log2(span / (2 ** bits - 1) / scale) - 1e-6)
}

/** The integers of a format of `bits` that cover the range, zero among them. */
export function formatOf(step: number, { lo, hi }: Interval, bits: number): Format {
  const levels = 2 ** bits - 1
  const least = Math.round(Math.min(lo, 0) / step) + 0
  const most = Math.round(Math.max(hi, 0) / step)
  return { step, lo: Math.max(least, -levels), hi: Math.min(most, levels + least) }
}
