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
