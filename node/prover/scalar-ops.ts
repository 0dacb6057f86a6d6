import type { EpilogueOp } from '../exact/program/program.ts'
import { MAX_SAFE_LANE } from '../protocol/constants.ts'
import { Trapped } from './step-tape.ts'

const LIMIT = BigInt(MAX_SAFE_LANE)

/** Requires an integer that every number of a trace is: at most 2^53 − 1 in magnitude. Anything else traps. */
export function requireSafe(value: bigint): bigint {
  if (value >= -LIMIT && value <= LIMIT) return value
  throw new Trapped(`${value} is beyond ±(2^53 − 1)`)
}

/** Applies scalar ops in order; every result must be safe. @param tensor the lane that an operand of the nest reads. */
export function applyScalars(ops: readonly EpilogueOp[], start: bigint, tensor: (operand: number) => bigint): bigint {
  return ops.reduce((acc, op) => requireSafe(applyScalar(op, acc, tensor)), requireSafe(start))
}

function applyScalar(op: EpilogueOp, acc: bigint, tensor: (operand: number) => bigint): bigint {
  switch (op.fn) {
    case 'add-tensor':
      return acc + tensor(op.operand)
    case 'sub-tensor':
      return acc - tensor(op.operand)
    case 'mul-tensor':
      return acc * tensor(op.operand)
    case 'min-tensor':
      return least(acc, tensor(op.operand))
    case 'max-tensor':
      return greatest(acc, tensor(op.operand))
    case 'add':
      return acc + BigInt(op.value)
    case 'mul':
      return acc * BigInt(op.value)
    case 'clip':
      return least(greatest(acc, BigInt(op.lo)), BigInt(op.hi))
    case 'shift-left':
      return acc << BigInt(op.bits)
    case 'shift-right-floor':
      return acc >> BigInt(op.bits)
    case 'shift-right-half-even':
      return shiftHalfEven(acc, BigInt(op.bits))
    case 'floordiv-tensor':
      return floorDivide(acc, tensor(op.operand))
    case 'floordiv':
      return floorDivide(acc, BigInt(op.value))
    case 'less-tensor':
      return acc < tensor(op.operand) ? 1n : 0n
    case 'less':
      return acc < BigInt(op.value) ? 1n : 0n
    case 'greater-tensor':
      return acc > tensor(op.operand) ? 1n : 0n
    case 'greater':
      return acc > BigInt(op.value) ? 1n : 0n
    case 'equal-tensor':
      return acc === tensor(op.operand) ? 1n : 0n
    case 'equal':
      return acc === BigInt(op.value) ? 1n : 0n
    case 'isqrt':
      return integerSqrt(acc)
  }
}

function floorDivide(acc: bigint, divisor: bigint): bigint {
  if (divisor < 1n) throw new Trapped(`divides by ${divisor}`)
  const quotient = acc / divisor
  return quotient * divisor > acc ? quotient - 1n : quotient
}

/** Bit by bit: the root of a safe integer has 27 at most. */
function integerSqrt(acc: bigint): bigint {
  if (acc < 0n) throw new Trapped(`takes the root of ${acc}`)
  let root = 0n
  for (let bit = 1n << 26n; bit > 0n; bit >>= 1n) if ((root + bit) ** 2n <= acc) root += bit
  return root
}

function shiftHalfEven(acc: bigint, bits: bigint): bigint {
  const quotient = acc >> bits
  const doubled = (acc - (quotient << bits)) << 1n
  const unit = 1n << bits
  return doubled > unit || (doubled === unit && (quotient & 1n) === 1n) ? quotient + 1n : quotient
}

/** The lesser of two integers. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The greater of two integers. */
export function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
