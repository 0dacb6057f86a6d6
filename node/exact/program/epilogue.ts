import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import { BugError } from '../../protocol/errors.ts'
import type { BinaryOp, CheckedGraph, Op, ValueId } from '../graph.ts'
import { type ChainLink, scalarConstant } from './fusion.ts'
import type { EpilogueOp } from './program.ts'

/** The scalar ops of a chain, and the values that they read besides the accumulator, in operand order. */
export interface Epilogue {
  readonly epilogue: readonly EpilogueOp[]
  readonly reads: readonly ValueId[]
}

/** Turns the links of a chain into scalar ops. @param firstOperand number of the nest's first operand that is free. */
export function epilogueOf(checked: CheckedGraph, links: readonly ChainLink[], firstOperand: number): Epilogue {
  const epilogue: EpilogueOp[] = []
  const reads: ValueId[] = []
  for (const { op: index, accumulator } of links) {
    const op = checked.graph.ops[index] as Op
    if (op.inputs.length === 1) {
      epilogue.push(unaryOp(op))
      continue
    }
    const binary = op as BinaryOp
    const isReversed = binary.kind === 'sub' && accumulator === 1
    const kind = isReversed ? 'add' : binary.kind
    if (isReversed) epilogue.push({ fn: 'mul', value: -1 })
    const other = binary.inputs[1 - accumulator] as ValueId
    const scalar = scalarConstant(checked, other)
    if (scalar !== undefined) {
      epilogue.push(scalarOp(kind, scalar))
    } else {
      epilogue.push({ fn: `${kind}-tensor`, operand: firstOperand + reads.length })
      reads.push(other)
    }
  }
  return { epilogue, reads }
}

function unaryOp(op: Op): EpilogueOp {
  switch (op.kind) {
    case 'clip':
      return { fn: 'clip', lo: op.lo, hi: op.hi }
    case 'shift-left':
      return { fn: 'shift-left', bits: op.bits }
    case 'shift-right':
      return { fn: `shift-right-${op.rounding}`, bits: op.bits }
    default:
      throw new BugError(`${op.kind} is no scalar op of one operand`)
  }
}

function scalarOp(kind: BinaryOp['kind'], value: number): EpilogueOp {
  switch (kind) {
    case 'add':
    case 'mul':
      return { fn: kind, value }
    case 'sub':
      return { fn: 'add', value: 0 - value }
    case 'min':
      return { fn: 'clip', lo: -MAX_SAFE_LANE, hi: value }
    case 'max':
      return { fn: 'clip', lo: value, hi: MAX_SAFE_LANE }
  }
}
