import { InvalidError } from '../protocol/errors.ts'
import { UINT } from './fields.ts'
import { scratchLanes } from './footprint.ts'
import type { Op, Shape } from './graph.ts'
import * as limits from './limits.ts'
import type { ColumnSums, Operand } from './ops/sums.ts'
import { type Operands, ruleOf } from './ops.ts'
import { shapeSize, shapeText } from './tensor-data.ts'
import { requireAtMost } from './verdicts.ts'

/** What the check proves of the result of one op. */
export interface OpFacts extends Operand {
  /** Greatest partial sum of an op that sums; see `CheckedGraph.accumulations`. */
  readonly accumulation: number | undefined
  /** Terms folded by the op in all (multiply-accumulates, for a contraction); 0 for an op that folds nothing. */
  readonly terms: number
  /** Lanes needed besides operands and result; see `scratchLanes`. */
  readonly scratchLanes: number
}

/**
 * Applies the rules of one op and the caps on a single tensor.
 * @param values operands by value id; the op's parameters and ids were checked.
 * @throws InvalidError without the op's index, which the caller adds.
 */
export function inferOp(op: Op, values: readonly Operand[], columnSums: ColumnSums): OpFacts {
  const rule = ruleOf(op)
  const operands = op.inputs.map((id) => values[id]) as readonly Operand[] as Operands<Op>
  const shape = rule.shape(op, operands)
  requireTensorShape(shape)
  const fanIn = rule.fanIn?.(op, operands) ?? 0
  requireAtMost(fanIn, limits.MAX_FAN_IN, 'FanInTooLarge', 'terms folded into one lane', 'fold in two ops')
  const { lo, hi, accumulation } = rule.bounds(op, operands, columnSums)
  if (accumulation !== undefined) {
    requireSafe(accumulation, 'AccumulatorTooLarge', 'greatest partial sum', 'use narrower operands or shift before')
  }
  requireSafe(Math.max(-lo, hi), 'BoundTooLarge', 'greatest magnitude of a lane', 'clip or shift before')
  const terms = fanIn * shapeSize(shape)
  const scratch = scratchLanes(op, operands[0].shape, shape, fanIn)
  return { shape, lo, hi, constant: undefined, accumulation, terms, scratchLanes: scratch }
}

/** Caps on one tensor. @throws InvalidError `RankTooLarge`, `ExtentInvalid`, `ZeroSize`, `TensorTooLarge`. */
export function requireTensorShape(shape: Shape): void {
  requireAtMost(shape.length, limits.MAX_RANK, 'RankTooLarge', 'axes of a tensor', 'merge axes')
  for (const extent of shape) {
    if (!UINT.valid(extent))
      throw new InvalidError('ExtentInvalid', `an extent of ${shapeText(shape)} is no 32-bit integer`)
    if (extent === 0) throw new InvalidError('ZeroSize', `the shape ${shapeText(shape)} has no lanes`)
  }
  requireAtMost(shapeSize(shape), limits.MAX_LANES, 'TensorTooLarge', 'lanes of a tensor', 'use smaller tensors')
}

function requireSafe(magnitude: number, code: string, what: string, mend: string): void {
  requireAtMost(magnitude, Number.MAX_SAFE_INTEGER, code, what, mend)
}
