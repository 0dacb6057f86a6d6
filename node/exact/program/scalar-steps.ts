import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import { BugError } from '../../protocol/errors.ts'
import type { CheckedGraph, Op, OpKind, SelectOp, ValueId } from '../graph.ts'
import type { EpilogueOp } from './program.ts'

/** A scalar op on the accumulator that reads, where it reads a tensor, the value of this id. */
export type ScalarStep = Exclude<EpilogueOp, { operand: number }> | { readonly fn: TensorFn; readonly id: ValueId }

type TensorFn = Extract<EpilogueOp, { operand: number }>['fn']
type BinaryFn = TensorFn extends `${infer Fn}-tensor` ? Fn : never

/** By kind, the positions among an op's inputs that the accumulator may have, best first. Other kinds are no scalar ops. */
const ACCUMULATORS: ReadonlyMap<OpKind, readonly number[]> = new Map([
  ['add', [0, 1]],
  ['sub', [0, 1]],
  ['mul', [0, 1]],
  ['min', [0, 1]],
  ['max', [0, 1]],
  ['less', [0, 1]],
  ['equal', [0, 1]],
  ['floordiv', [0]],
  ['clip', [0]],
  ['shift-left', [0]],
  ['shift-right', [0]],
  ['isqrt', [0]],
  ['select', [1]],
])

/** Where among an op's inputs the value that a nest already holds may stand; nowhere where the op is no scalar op. */
export function accumulatorPositions(checked: CheckedGraph, op: Op): readonly number[] {
  if (op.kind === 'select' && scalarChoices(checked, op) !== undefined) return [0]
  return ACCUMULATORS.get(op.kind) ?? []
}

/** The lane of a constant that has just one; undefined for any other value. Such a constant is written into the descriptor. */
export function scalarConstant({ graph }: CheckedGraph, id: ValueId): number | undefined {
  const constant = graph.constants[id - graph.inputs.length]
  return constant?.data.length === 1 ? constant.data[0] : undefined
}

/** The steps that turn the accumulator, standing at one of {@link accumulatorPositions}, into the op's result. */
export function scalarSteps(checked: CheckedGraph, op: Op, accumulator: number): ScalarStep[] {
  switch (op.kind) {
    case 'clip':
      return [{ fn: 'clip', lo: op.lo, hi: op.hi }]
    case 'shift-left':
      return [{ fn: 'shift-left', bits: op.bits }]
    case 'shift-right':
      return [{ fn: `shift-right-${op.rounding}`, bits: op.bits }]
    case 'isqrt':
      return [{ fn: 'isqrt' }]
    case 'select':
      return selectSteps(checked, op)
    case 'sub':
      if (accumulator === 0) return [binaryStep(checked, 'sub', op.inputs[1])]
      return [{ fn: 'mul', value: -1 }, binaryStep(checked, 'add', op.inputs[0])]
    case 'less':
      return [binaryStep(checked, accumulator === 0 ? 'less' : 'greater', op.inputs[1 - accumulator] as ValueId)]
    case 'add':
    case 'mul':
    case 'min':
    case 'max':
    case 'equal':
    case 'floordiv':
      return [binaryStep(checked, op.kind, op.inputs[1 - accumulator] as ValueId)]
    default:
      throw new BugError(`${op.kind} is no scalar op`)
  }
}

/** `b + condition · (a − b)`, from a, or from the condition where a and b are scalar constants. The check proved a − b safe. */
function selectSteps(checked: CheckedGraph, op: SelectOp): ScalarStep[] {
  const [condition, , b] = op.inputs
  const scalars = scalarChoices(checked, op)
  if (scalars !== undefined) {
    return [
      { fn: 'mul', value: scalars.a - scalars.b },
      { fn: 'add', value: scalars.b },
    ]
  }
  return [binaryStep(checked, 'sub', b), binaryStep(checked, 'mul', condition), binaryStep(checked, 'add', b)]
}

function scalarChoices(checked: CheckedGraph, op: SelectOp): { readonly a: number; readonly b: number } | undefined {
  const [a, b] = [scalarConstant(checked, op.inputs[1]), scalarConstant(checked, op.inputs[2])]
  return a === undefined || b === undefined ? undefined : { a, b }
}

function binaryStep(checked: CheckedGraph, fn: BinaryFn, other: ValueId): ScalarStep {
  const value = scalarConstant(checked, other)
  if (value === undefined) return { fn: `${fn}-tensor`, id: other }
  switch (fn) {
    case 'sub':
      return { fn: 'add', value: 0 - value }
    case 'min':
      return { fn: 'clip', lo: -MAX_SAFE_LANE, hi: value }
    case 'max':
      return { fn: 'clip', lo: value, hi: MAX_SAFE_LANE }
    default:
      return { fn, value }
  }
}
