import type { ShiftRounding } from '../graph.ts'

/**
 * `x / 2^bits` rounded to an integer, for a safe integer `x` and `1 <= bits <= 52`: towards −∞, or to the nearest with ties
 * to even. Every step is exact in float64: a quotient by a power of two, its floor, and a remainder in [0, 2^bits).
 */
export function shiftRight(x: number, bits: number, rounding: ShiftRounding): number {
  const unit = 2 ** bits
  const quotient = Math.floor(x / unit)
  if (rounding === 'floor') return quotient
  const doubled = 2 * (x - quotient * unit)
  const up = doubled > unit || (doubled === unit && quotient % 2 !== 0)
  return up ? quotient + 1 : quotient
}

/**
 * `a / b` rounded towards −∞, for safe integers and `b >= 1`. Exact in float64: the remainder is, and what is left after it
 * divides evenly.
 */
export function floorDivide(a: number, b: number): number {
  const rest = a % b
  const towardsZero = (a - rest) / b + 0
  return rest < 0 ? towardsZero - 1 : towardsZero
}

/** Square roots are of values below this: squares of the root and of its successor are then safe integers. */
export const ISQRT_LIMIT = 2 ** 52

/**
 * The greatest integer whose square is at most `x`, for an integer in `[0, 2^52)`. Engines may compute Math.sqrt as they
 * like: it is only where the search starts.
 */
export function integerSqrt(x: number): number {
  let root = Math.floor(Math.sqrt(x))
  while (root * root > x) root--
  while ((root + 1) * (root + 1) <= x) root++
  return root
}
