import type { Affine, OperandMap, ProgramOp } from '../exact/program/program.ts'
import { createOpenedValues } from './opened-values.ts'
import type { StepRun } from './step-run.ts'
import { Trapped } from './step-tape.ts'

/** Reads the operands of one step of an op. Each operand opens its value once, and each chunk that it meets once. */
export interface OperandReader {
  /** Whether all checks of operand `operand` hold at these loop indices. */
  isInRange(operand: number, index: readonly number[]): boolean
  /** The lane that an operand reads at these indices, or `beyond` lanes further. Out of range is a trap. */
  readInRange(operand: number, index: readonly number[], beyond?: bigint): bigint
}

/** A reader for a step of `op`. It throws {@link Trapped} where the step breaks a rule. */
export function createOperandReader(run: StepRun, op: ProgramOp): OperandReader {
  const values = createOpenedValues(run, op.output)
  const mapOf = (operand: number) => op.operands[operand] as OperandMap

  function isInRange(operand: number, index: readonly number[]): boolean {
    return mapOf(operand).checks.every((check) => {
      const coordinate = affineAt(check, index)
      return coordinate >= 0n && coordinate < BigInt(check.extent)
    })
  }

  function readInRange(operand: number, index: readonly number[], beyond = 0n): bigint {
    if (!isInRange(operand, index)) throw new Trapped(`operand ${operand} is out of range`)
    const { value, address } = mapOf(operand)
    return values.laneAt(operand, value, affineAt(address, index) + beyond)
  }

  return { isInRange, readInRange }
}

/** A form's value: a big integer, since a descriptor that nobody checked may take it past 2^53. */
function affineAt({ offset, strides }: Affine, index: readonly number[]): bigint {
  return strides.reduce((sum, stride, loop) => sum + BigInt(stride) * BigInt(index[loop] as number), BigInt(offset))
}
