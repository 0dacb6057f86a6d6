import { InvalidError } from '../../protocol/errors.ts'
import type {
  ArgmaxOp,
  Bounds,
  ClipOp,
  GatherElementsOp,
  LookupOp,
  PadOp,
  Shape,
  ShiftLeftOp,
  ShiftRightOp,
} from '../graph.ts'
import { requireAtMost } from '../verdicts.ts'
import { floorDivide, ISQRT_LIMIT, integerSqrt, shiftRight } from './scalars.ts'

/*
 * The bounds rule of every op that does not accumulate.
 *
 * Why plain numbers are exact enough: the bounds of operands are safe integers, and float64 addition and multiplication
 * round monotonically. So the computed result is at most 2^53 − 1 in magnitude if and only if the true one is, and then
 * it is exact. The check refuses all others, whatever their rounding.
 */

/** The least interval that holds both. */
export function hull(a: Bounds, b: Bounds): Bounds {
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }
}

/** Bounds of `a + b`. */
export function addBounds(a: Bounds, b: Bounds): Bounds {
  return { lo: a.lo + b.lo, hi: a.hi + b.hi }
}

/** Bounds of `a − b`. */
export function subBounds(a: Bounds, b: Bounds): Bounds {
  return { lo: a.lo - b.hi, hi: a.hi - b.lo }
}

/** Bounds of `a · b` for independent a and b. */
export function mulBounds(a: Bounds, b: Bounds): Bounds {
  const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi]
  return { lo: Math.min(...corners) + 0, hi: Math.max(...corners) + 0 }
}

/** Bounds of `a · a`: a square is never negative. */
export function squareBounds(a: Bounds): Bounds {
  const low = a.lo * a.lo
  const high = a.hi * a.hi
  return { lo: a.lo <= 0 && a.hi >= 0 ? 0 : Math.min(low, high), hi: Math.max(low, high) }
}

/** Bounds of `min(a, b)`. */
export function minBounds(a: Bounds, b: Bounds): Bounds {
  return { lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) }
}

/** Bounds of `max(a, b)`. */
export function maxBounds(a: Bounds, b: Bounds): Bounds {
  return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }
}

/** Bounds of a clip. @throws InvalidError `ClipInvalid` when lo > hi. */
export function clipBounds(op: ClipOp, a: Bounds): Bounds {
  if (op.lo > op.hi) throw new InvalidError('ClipInvalid', `clips to [${op.lo}, ${op.hi}]: lo must not exceed hi`)
  return minBounds(maxBounds(a, { lo: op.lo, hi: op.lo }), { lo: op.hi, hi: op.hi })
}

/** Bounds of a left shift; a power of two scales without rounding. */
export function shiftLeftBounds(op: ShiftLeftOp, a: Bounds): Bounds {
  requireShift(op.bits)
  return { lo: a.lo * 2 ** op.bits, hi: a.hi * 2 ** op.bits }
}

/** Bounds of a right shift, which is monotone. */
export function shiftRightBounds(op: ShiftRightOp, a: Bounds): Bounds {
  requireShift(op.bits)
  return { lo: shiftRight(a.lo, op.bits, op.rounding), hi: shiftRight(a.hi, op.bits, op.rounding) }
}

/**
 * Bounds of a quotient, which is monotone in either operand: its ends are quotients of ends.
 * @throws InvalidError `DivisorInvalid` unless the divisor is proven to be 1 or more.
 */
export function floordivBounds(a: Bounds, b: Bounds): Bounds {
  if (b.lo < 1) {
    const message = `divides by values in [${b.lo}, ${b.hi}]: take their maximum with 1 first`
    throw new InvalidError('DivisorInvalid', message, { meta: { lo: b.lo, hi: b.hi } })
  }
  const ends = [floorDivide(a.lo, b.lo), floorDivide(a.lo, b.hi), floorDivide(a.hi, b.lo), floorDivide(a.hi, b.hi)]
  return { lo: Math.min(...ends), hi: Math.max(...ends) }
}

/** Bounds of an integer square root. @throws InvalidError `RadicandInvalid` unless the operand is proven to lie in `[0, 2^52)`. */
export function isqrtBounds(a: Bounds): Bounds {
  if (a.lo >= 0 && a.hi < ISQRT_LIMIT) return { lo: integerSqrt(a.lo), hi: integerSqrt(a.hi) }
  const message = `takes the root of values in [${a.lo}, ${a.hi}], must lie in [0, 2^52): clip or shift them first`
  throw new InvalidError('RadicandInvalid', message, { meta: { lo: a.lo, hi: a.hi } })
}

/**
 * Bounds of a choice between a and b.
 * @throws InvalidError `ConditionInvalid` unless the condition is proven to be 0 or 1; `BoundTooLarge` where a − b, by which a
 * dispute proves the choice, may not be safe.
 */
export function selectBounds(condition: Bounds, a: Bounds, b: Bounds): Bounds {
  if (condition.lo < 0 || condition.hi > 1) {
    const message = `chooses by values in [${condition.lo}, ${condition.hi}], must be 0 or 1: compare or clip them first`
    throw new InvalidError('ConditionInvalid', message, { meta: { lo: condition.lo, hi: condition.hi } })
  }
  const distance = Math.max(a.hi - b.lo, b.hi - a.lo)
  requireAtMost(
    distance,
    Number.MAX_SAFE_INTEGER,
    'BoundTooLarge',
    'distance of the values to choose from',
    'clip them',
  )
  return hull(a, b)
}

/** Bounds of an index along the axis. */
export function argmaxBounds(op: ArgmaxOp, input: Shape): Bounds {
  return { lo: 0, hi: (input[op.axis] as number) - 1 }
}

/** Bounds of a lookup: the table's. @throws InvalidError `IndexOutOfBounds` unless every index is proven to be inside. */
export function lookupBounds(
  op: LookupOp | GatherElementsOp,
  indices: Bounds,
  table: Bounds,
  tableShape: Shape,
): Bounds {
  const extent = tableShape[op.axis] as number
  if (indices.lo >= 0 && indices.hi < extent) return { lo: table.lo, hi: table.hi }
  const message = `indices in [${indices.lo}, ${indices.hi}] can leave [0, ${extent - 1}]: clip them first`
  throw new InvalidError('IndexOutOfBounds', message, { meta: { lo: indices.lo, hi: indices.hi, limit: extent - 1 } })
}

/** Bounds of a padded tensor. */
export function padBounds(op: PadOp, a: Bounds): Bounds {
  return op.pads.some((pad) => pad > 0) ? hull(a, { lo: op.value, hi: op.value }) : { lo: a.lo, hi: a.hi }
}

function requireShift(bits: number): void {
  if (bits < 1 || bits > 52) throw new InvalidError('ShiftInvalid', `shifts by ${bits} bits: must be 1 to 52`)
}
