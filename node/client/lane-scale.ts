import { decimalOf, divideFloor, divideHalfEven, type ExactReal, parseReal, realOfNumber } from './real.ts'

/** How lanes stand for real numbers, exactly: real = (base + gain × lane) / denominator, all integers, in lowest terms. */
export interface LaneScale {
  readonly base: bigint
  /** Positive. */
  readonly gain: bigint
  /** Positive. */
  readonly denominator: bigint
}

/** A real number as callers write it: a number means its shortest decimal, a text is read by {@link parseReal}. */
export type Real = number | bigint | string

/** The scale of real = offset + step × lane. @param step a positive number, as {@link parseReal} reads it */
export function laneScale(step: string, offset: string): LaneScale {
  const [s, o] = [parseReal(step), parseReal(offset)]
  const base = o.numerator * s.denominator
  const gain = s.numerator * o.denominator
  const denominator = s.denominator * o.denominator
  const common = greatestCommonDivisor(denominator, greatestCommonDivisor(gain, base < 0n ? -base : base))
  return { base: base / common, gain: gain / common, denominator: denominator / common }
}

/** The real number that a caller wrote. @throws InvalidError `RealMalformed` on text or a number that is none (NaN, ∞). */
export function exactReal(value: Real): ExactReal {
  if (typeof value === 'number') return realOfNumber(value)
  return typeof value === 'bigint' ? { numerator: value, denominator: 1n } : parseReal(value)
}

/** The lane nearest to a real number, halves to the even lane. It may be beyond any lane width. */
export function nearestLane({ base, gain, denominator }: LaneScale, real: ExactReal): bigint {
  return divideHalfEven(real.numerator * denominator - base * real.denominator, real.denominator * gain)
}

/** The greatest lane whose real value is at most `real`. */
export function laneAtMost({ base, gain, denominator }: LaneScale, real: ExactReal): bigint {
  return divideFloor(real.numerator * denominator - base * real.denominator, real.denominator * gain)
}

/** The least lane whose real value is at least `real`. */
export function laneAtLeast({ base, gain, denominator }: LaneScale, real: ExactReal): bigint {
  return -divideFloor(base * real.denominator - real.numerator * denominator, real.denominator * gain)
}

/** The real number of a lane. */
export function realOfLane({ base, gain, denominator }: LaneScale, lane: number): ExactReal {
  return { numerator: base + gain * BigInt(lane), denominator }
}

/**
 * {@link nearestLane} for many numbers: in floats where their error provably decides nothing, exactly elsewhere.
 * Cost: a few flops a number, but for those that lie within about 2^-50 of their size from half a step.
 */
export function laneRounder(scale: LaneScale): (value: number) => number | bigint {
  const step = Number(scale.gain) / Number(scale.denominator)
  const offset = Number(scale.base) / Number(scale.denominator)
  const usable = step > 1e-200 && step < 1e200 && Math.abs(offset) < 1e200
  return (value) => {
    if (usable) {
      const lane = (value - offset) / step
      const nearest = Math.round(lane)
      // Each of value, offset, step, difference and quotient is within 2^-53 of itself: less than 2^-50 in all.
      const slack = ((Math.abs(value) + Math.abs(offset)) / step) * 2 ** -50
      if (Math.abs(lane - nearest) + slack < 0.5) return nearest + 0
    }
    return nearestLane(scale, realOfNumber(value))
  }
}

/** The number nearest to the real value of each lane, correctly rounded: 278 lanes of 0.0001 are 0.0278, not 0.027800000000000002. */
export function laneReader(scale: LaneScale): (lane: number) => number {
  const [base, gain, denominator] = [Number(scale.base), Number(scale.gain), Number(scale.denominator)]
  const whole = [base, gain, denominator].every(Number.isSafeInteger)
  return (lane) => {
    // Two safe integers: their quotient is rounded once.
    const numerator = base + gain * lane
    if (whole && Number.isSafeInteger(gain * lane) && Number.isSafeInteger(numerator)) return numerator / denominator
    return Number(decimalOf(realOfLane(scale, lane)))
  }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}
