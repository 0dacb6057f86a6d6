import type { ValueId } from '../../exact/graph.ts'
import { BugError } from '../../protocol/errors.ts'
import type { Quantised } from '../formats.ts'
import type { LaneBuilder } from '../lane-builder.ts'
import { clipTo, floorDivide, scalar, scaleByPower } from './elementary.ts'
import { lookUpIntegers } from './table.ts'

/** Powers of e of a row in integers, and their sum: softmax before it is divided. */
export interface Powers {
  /** `levels · e^(x − greatest of the row)`, 0 where masked. */
  readonly id: ValueId
  /** Their sum over the axes, which are kept with extent 1; at least 1. */
  readonly sum: ValueId
  /** How far each lane lies below the greatest of its row, in steps of x. */
  readonly distance: ValueId
  readonly levels: number
}

/** How fine softmax is computed. */
export interface SoftmaxPrecision {
  /** Integers that the greatest power of a row stands at. */
  readonly levels: number
  /** Bits of the distances from the greatest lane that powers are looked up by. */
  readonly indexBits: number
}

/**
 * Powers of e over some axes. The step of x goes into the table: distances are only shifted, by whole bits.
 * @param kept 1 where a lane takes part, broadcast over x. Others are put so far below the least lane that their power is 0. A row without any
 * lane that takes part is uniform, as float models with a finite mask have it.
 * Error: half a level and half a step of the index, `2^(1 − indexBits) · ln(2 · levels)` of the power.
 */
export function powersOfE(
  lanes: LaneBuilder,
  x: Quantised,
  axes: readonly number[],
  { levels, indexBits }: SoftmaxPrecision,
  kept?: ValueId,
): Powers {
  // Beyond this distance the power rounds to 0.
  const cutoff = Math.log(2 * levels) + x.step * 2 ** -indexBits
  const bits = Math.max(0, Math.ceil(Math.log2(cutoff / x.step / (2 ** indexBits - 2))))
  const step = x.step * 2 ** bits
  const last = Math.ceil(cutoff / step) + 1
  const shown = kept === undefined ? x.id : hide(lanes, x, kept, Math.ceil((last + 1) * 2 ** bits))
  const greatest = lanes.add({ kind: 'reduce-max', inputs: [shown], axes, keepDims: true })
  const distance = lanes.add({ kind: 'sub', inputs: [greatest, shown] })
  const index = clipTo(lanes, scaleByPower(lanes, distance, -bits), { lo: 0, hi: last })
  const id = lookUpIntegers(lanes, index, (i) => (i === last ? 0 : Math.round(levels * Math.exp(-i * step))))
  const sum = lanes.add({ kind: 'reduce-sum', inputs: [id], axes, keepDims: true })
  // The greatest lane of a row has the power `levels`, which intervals cannot see.
  const most = lanes.facts(sum).hi
  return { id, sum: clipTo(lanes, sum, { lo: Math.min(levels, most), hi: most }), distance, levels }
}

/** Lanes that do not take part, moved below all others by `distance`. */
function hide(lanes: LaneBuilder, { id, lo }: Quantised, kept: ValueId, distance: number): ValueId {
  const { lo: least, hi } = lanes.facts(kept)
  if (least < 0 || hi > 1) throw new BugError('what is kept must be 0 or 1')
  return lanes.add({ kind: 'select', inputs: [kept, id, scalar(lanes, lo - distance)] })
}

/** Bits of a factor that stands for the inverse of a step that is no integer. */
const STEP_BITS = 12

/** `powers / sum` in integers of `step`. Rounded to nearest. */
export function divideBySum(lanes: LaneBuilder, { id, sum }: Pick<Powers, 'id' | 'sum'>, step: number): Quantised {
  const isWhole = Math.abs(step * Math.round(1 / step) - 1) < 1e-9
  const bits = isWhole ? 0 : STEP_BITS
  const factor = scalar(lanes, Math.round(2 ** bits / step))
  const dividend = lanes.add({ kind: 'mul', inputs: [id, factor] })
  const quotient = divideRounded(lanes, dividend, scaleByPower(lanes, sum, bits))
  return lanes.integers(clipTo(lanes, quotient, { lo: 0, hi: Math.round(1 / step) }), step)
}

/** `a / b` rounded to nearest, ties up; b is proven to be 1 or more and broadcasts over a. */
export function divideRounded(lanes: LaneBuilder, a: ValueId, b: ValueId): ValueId {
  const half = lanes.add({ kind: 'shift-right', inputs: [b], bits: 1, rounding: 'floor' })
  return floorDivide(lanes, lanes.add({ kind: 'add', inputs: [a, half] }), b)
}

/** Bits of the index into one table of logarithms. */
const LOG_INDEX_BITS = 14

/**
 * `ln(Σ e^(x − greatest))`, in integers of `step`. Tables cover a factor of 16 each, so that small sums are resolved as finely as great ones.
 * Error: half a step and 2^−11.
 */
export function logOfSum(lanes: LaneBuilder, { sum, levels }: Powers, step: number): ValueId {
  const { lo, hi } = lanes.facts(sum)
  const log = (value: number) => Math.round(Math.log(Math.max(value, levels) / levels) / step)
  let bits = Math.max(0, Math.ceil(Math.log2(lo)) + 4 - LOG_INDEX_BITS)
  let found: ValueId | undefined
  for (; found === undefined || hi >= 2 ** (bits - 4 + LOG_INDEX_BITS); bits += 4) {
    const unit = 2 ** bits
    const index = clipTo(lanes, scaleByPower(lanes, sum, -bits), { lo: 0, hi: 2 ** LOG_INDEX_BITS - 1 })
    const logs = lookUpIntegers(lanes, index, (i) => log(i * unit))
    const limit = 2 ** (bits - 4 + LOG_INDEX_BITS)
    found = found === undefined ? logs : choose(lanes, sum, limit, found, logs)
  }
  return found
}

/** `below` where the sum is less than the limit, else `above`. */
function choose(lanes: LaneBuilder, sum: ValueId, limit: number, below: ValueId, above: ValueId): ValueId {
  const isLess = lanes.add({ kind: 'less', inputs: [sum, scalar(lanes, limit)] })
  return lanes.add({ kind: 'select', inputs: [isLess, below, above] })
}
