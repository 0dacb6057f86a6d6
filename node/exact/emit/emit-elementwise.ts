import type { BinaryOp, Bounds, ClipOp, ShiftLeftOp, ShiftRightOp, ValueId } from '../graph.ts'
import { shapeEquals } from '../tensor-data.ts'
import { type ArithmeticDtype, FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import type { Layout } from './layouts.ts'
import type { Form } from './value-forms.ts'

const BINARY_OP_TYPES = { add: 'Add', sub: 'Sub', mul: 'Mul', min: 'Min', max: 'Max' } as const

/**
 * add, sub, mul, min, max: in the cheapest type that holds operands and result; a scalar added to bytes moves their zero point only.
 * @returns the kernel's name.
 */
export function emitBinary(context: EmitContext, task: EmitTask<BinaryOp>): KernelName {
  const { model, values } = context
  if (moveZeroPoint(context, task)) return 'offset-uint8'
  const { kind, inputs } = task.op
  const form = {
    dtype: workDtype(context, [...inputs, task.out], inputs),
    layout: workLayout(context, task.out, inputs),
  }
  const rank = values.facts(task.out).shape.length
  const [a, b] = inputs.map((id) => values.operand(id, form, rank)) as [string, string]
  values.define(task.out, form, model.node(BINARY_OP_TYPES[kind], [a, b]))
  return `${kind}-${form.dtype}`
}

/** Records bytes plus or minus a scalar as the same bytes with another offset. @returns false where the operands are others. */
function moveZeroPoint({ values }: EmitContext, { op, out }: EmitTask<BinaryOp>): boolean {
  if (op.kind !== 'add' && op.kind !== 'sub') return false
  const [a, b] = op.kind === 'add' && values.isConstant(op.inputs[0]) ? op.inputs.toReversed() : op.inputs
  const { data } = values.constant(b as ValueId) ?? {}
  const bytes = values.heldBytes(a as ValueId)
  const isSameShape = shapeEquals(values.facts(a as ValueId).shape, values.facts(out).shape)
  if (data?.length !== 1 || bytes === undefined || !isSameShape) return false
  const addend = (data[0] as number) * (op.kind === 'add' ? 1 : -1)
  const offset = (bytes.offset ?? 0) - addend
  values.define(out, { ...bytes, offset }, values.operand(a as ValueId, bytes))
  return true
}

/**
 * Clip, to the bounds of the *result*: on values within the input's bounds that is the same as the op's own range, which
 * may lie far outside of what the element type holds.
 */
export function emitClip(context: EmitContext, task: EmitTask<ClipOp>): KernelName {
  const { model, values } = context
  const [input] = task.op.inputs
  const out = values.facts(task.out)
  const form = { dtype: workDtype(context, [input, task.out], [input]), layout: workLayout(context, task.out, [input]) }
  const range = [model.scalar(form.dtype, out.lo), model.scalar(form.dtype, out.hi)]
  values.define(task.out, form, model.node('Clip', [values.operand(input, form), ...range]))
  return `clip-${form.dtype}`
}

/** Left shift: a product with 2^bits. */
export function emitShiftLeft(context: EmitContext, task: EmitTask<ShiftLeftOp>): KernelName {
  const { model, values } = context
  const [input] = task.op.inputs
  const factor = 2 ** task.op.bits
  const reach: Bounds = { lo: 0, hi: factor }
  const form = {
    dtype: workDtype(context, [input, task.out], [input], reach),
    layout: workLayout(context, task.out, [input]),
  }
  values.define(task.out, form, model.node('Mul', [values.operand(input, form), model.scalar(form.dtype, factor)]))
  return `shift-left-${form.dtype}`
}

/** Right shift: a product with 2^−bits, which floats hold exactly, then Floor or Round (half to even). */
export function emitShiftRight(context: EmitContext, task: EmitTask<ShiftRightOp>): KernelName {
  const { model, values } = context
  const { inputs, bits, rounding } = task.op
  const [input] = inputs
  const narrow = magnitude(values.facts(input)) <= FLOAT32_BUDGET
  const dtype = values.cheapest(inputs, narrow ? (['float32', 'float64'] as const) : (['float64'] as const))
  const form: Form = { dtype, layout: workLayout(context, task.out, inputs) }
  const scaled = model.node('Mul', [values.operand(input, form), model.scalar(dtype, 2 ** -bits)])
  values.define(task.out, form, model.node(rounding === 'floor' ? 'Floor' : 'Round', [scaled]))
  return `shift-right-${dtype}`
}

/** The cheapest type that holds every value of `held` (and `extra`), judged by what `sources` already exist in. */
export function workDtype(
  context: EmitContext,
  held: readonly ValueId[],
  sources: readonly ValueId[],
  extra: Bounds = { lo: 0, hi: 0 },
): ArithmeticDtype {
  const reach = held.map((id) => magnitude(context.values.facts(id)))
  return context.values.arithmetic(sources, Math.max(magnitude(extra), ...reach))
}

/** channels-last when a computed operand is, and every other computed operand has the result's rank (constants follow). */
export function workLayout(context: EmitContext, out: ValueId, inputs: readonly ValueId[]): Layout {
  const { values } = context
  const rank = values.facts(out).shape.length
  const computed = inputs.filter((id) => !values.isConstant(id))
  const aligned = computed.every((id) => values.facts(id).shape.length === rank)
  const follows = rank >= 3 && aligned && computed.some((id) => values.isChannelsLast(id))
  return follows ? 'channels-last' : 'plain'
}
