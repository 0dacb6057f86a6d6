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
  }
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
