import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import { align } from './align.ts'
import { BOOL } from './dtypes.ts'
import { refuse } from './import-error.ts'
import {
  addUnchecked,
  constantTensor,
  emit,
  factsOf,
  type NodeContext,
  operand,
  requireSource,
  type Tracked,
} from './node-context.ts'

/*
 * Comparisons and what is done with their booleans, which are lanes of 0 and 1.
 */

const AS_BOOL = { dtype: BOOL, frac: 0 } as const

/** Less, Greater, LessOrEqual and GreaterOrEqual. */
export function importOrder(context: NodeContext, order: '<' | '>' | '<=' | '>='): Tracked {
  const [x, y] = alignedPair(context, 0)
  const [a, b] = order === '<' || order === '<=' ? [x, y] : [y, x]
  if (order === '<' || order === '>') return less(context, a, b)
  // On integers a <= b is a < b + 1, which costs nothing where b is a constant.
  const above = stepped(context, b, 1)
  if (above !== undefined) return less(context, a, above)
  const below = stepped(context, a, -1)
  return below === undefined ? not(context, less(context, b, a)) : less(context, below, b)
}

/** Equal, of numbers or booleans. */
export function importEqual(context: NodeContext): Tracked {
  const [a, b] = alignedPair(context, 0)
  return emit(context, { kind: 'equal', inputs: [a.id, b.id] }, AS_BOOL)
}

/** Not. */
export function importNot(context: NodeContext): Tracked {
  return not(context, requireBool(operand(context, 0)))
}

/** And, as the lesser, and Or, as the greater. */
export function importJunction(context: NodeContext, kind: 'min' | 'max'): Tracked {
  const [a, b] = [requireBool(operand(context, 0)), requireBool(operand(context, 1))]
  return emit(context, { kind, inputs: [a.id, b.id] }, AS_BOOL)
}

/** Xor, as not equal. */
export function importXor(context: NodeContext): Tracked {
  const [a, b] = [requireBool(operand(context, 0)), requireBool(operand(context, 1))]
  return not(context, addUnchecked(context, { kind: 'equal', inputs: [a.id, b.id] }, AS_BOOL))
}

/** Where. */
export function importWhere(context: NodeContext): Tracked {
  const condition = requireBool(operand(context, 0))
  const [a, b] = alignedPair(context, 1)
  return emit(context, { kind: 'select', inputs: [condition.id, a.id, b.id] }, a)
}

/** `1 − x` of booleans. */
export function not(context: NodeContext, x: Tracked): Tracked {
  const one = constantTensor(context, [], [1], BOOL)
  return addUnchecked(context, { kind: 'sub', inputs: [one.id, x.id] }, AS_BOOL)
}

function less(context: NodeContext, a: Tracked, b: Tracked): Tracked {
  return emit(context, { kind: 'less', inputs: [a.id, b.id] }, AS_BOOL)
}

function alignedPair(context: NodeContext, first: number): [Tracked, Tracked] {
  return align(context, [requireSource(context, first), requireSource(context, first + 1)]) as [Tracked, Tracked]
}

/** A constant moved by `by`; undefined for what is none, or would leave the safe integers. */
function stepped(context: NodeContext, tensor: Tracked, by: number): Tracked | undefined {
  const { constant, lo, hi } = factsOf(context, tensor)
  if (!constant || lo + by < -MAX_SAFE_LANE || hi + by > MAX_SAFE_LANE) return undefined
  const lanes = Float64Array.from(constant.data, (lane) => lane + by)
  return { ...tensor, id: context.builder.addConstant(constant.shape, lanes) }
}

function requireBool(tensor: Tracked): Tracked {
  if (tensor.dtype !== BOOL)
    refuse('OnnxUnsupported', `reads ${tensor.dtype.name} where ONNX takes booleans: compare first`)
  return tensor
}
