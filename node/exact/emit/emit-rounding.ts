import type { Bounds, ValueId } from '../graph.ts'
import { storedBytes } from './byte-operands.ts'
import { FLOAT32_BUDGET, INT32_BUDGET, magnitude } from './dtypes.ts'
import type { EmitContext } from './emit-context.ts'
import { emitBinary, workLayout } from './emit-elementwise.ts'
import type { KernelName } from './kernel-names.ts'
import type { Layout } from './layouts.ts'
import type { ByteRounding, ByteSum, ScaledDivision, ScaledProduct } from './rounding.ts'
import type { Form } from './value-forms.ts'

/**
 * Rounds lanes to bytes in one pass: QuantizeLinear divides by a power of two, rounds half to even and saturates; bytes that are
 * only clipped stay bytes. @returns the kernel's name.
 */
export function emitByteRounding(context: EmitContext, found: ByteRounding, out: ValueId): KernelName {
  const { model, values } = context
  const { source, unclipped, bits } = found
  const facts = values.facts(out)
  const held = values.heldBytes(source)
  if (held !== undefined && bits === 0) {
    values.define(out, held, clipBytes(context, values.operand(source, held), facts, held.offset ?? 0))
    return 'clip-uint8'
  }
  const layout = workLayout(context, out, [source])
  const { offset = 0, clips } = storedBytes(facts, values.facts(unclipped)) ?? {}
  const operands = [model.scalar('float32', 2 ** bits), model.scalar('uint8', offset)]
  const stored = model.node('QuantizeLinear', [saturatingWords(context, source, layout), ...operands])
  const form: Form = { dtype: 'uint8', layout, offset }
  values.define(out, form, clips ? clipBytes(context, stored, facts, offset) : stored)
  return 'quantize-uint8'
}

/** Clips stored elements to the values `lo` to `hi`. */
function clipBytes({ model }: EmitContext, stored: string, { lo, hi }: Bounds, offset: number): string {
  return model.node('Clip', [stored, model.scalar('uint8', lo + offset), model.scalar('uint8', hi + offset)])
}

/** A value as float32 for a kernel that saturates whatever float32 has to round. */
function saturatingWords({ model, values }: EmitContext, id: ValueId, layout: Layout): string {
  const reach = magnitude(values.facts(id))
  if (reach <= FLOAT32_BUDGET) return values.operand(id, { dtype: 'float32', layout })
  const dtype = values.cheapest([id], reach <= INT32_BUDGET ? (['int32', 'float64'] as const) : (['float64'] as const))
  return model.cast(values.operand(id, { dtype, layout }), 'float32')
}

/**
 * Adds two values held in bytes: QLinearAdd with all scales 1, which has nothing to round and saturates. Where they are not held so, the
 * sum is rounded as any other value. @returns the kernel's name.
 */
export function emitByteSum(context: EmitContext, found: ByteSum, out: ValueId): KernelName {
  const { model, values, search } = context
  const held = found.sum.inputs.map((id) => ({ id, form: values.heldBytes(id) }))
  const [layout, ...others] = held.map(({ form }) => form?.layout)
  if (layout === undefined || others.some((other) => other !== layout)) {
    emitBinary(context, { op: found.sum, index: search.indexOf(found.source), out: found.source })
    return emitByteRounding(context, found, out)
  }
  const facts = values.facts(out)
  const { offset = 0, clips } = storedBytes(facts, values.facts(found.unclipped)) ?? {}
  const one = model.scalar('float32', 1)
  const addends = held.flatMap(({ id }) => {
    const stored = { dtype: 'uint8', layout, offset: Math.max(0, -values.facts(id).lo) } as const
    return [values.operand(id, stored), one, model.scalar('uint8', stored.offset)]
  })
  const operands = [...addends, one, model.scalar('uint8', offset)]
  const stored = model.node('QLinearAdd', operands, { domain: 'com.microsoft' })
  values.define(out, { dtype: 'uint8', layout, offset }, clips ? clipBytes(context, stored, facts, offset) : stored)
  return 'qlinear-add-uint8'
}

/** A product, a sum and a shift, of which the shift is done on the narrow factor and the addend. @returns the kernel's name. */
export function emitScaledProduct(context: EmitContext, found: ScaledProduct, out: ValueId): KernelName {
  const { model, values } = context
  const { wide, narrow, addend, bits, rounding, reach } = found
  const rank = values.facts(out).shape.length
  const dtype = reach <= FLOAT32_BUDGET ? 'float32' : 'float64'
  const form: Form = { dtype, layout: workLayout(context, out, [wide, narrow]) }
  const scaled: Form = { ...form, scaleBits: bits }
  const product = model.node('Mul', [values.operand(wide, form, rank), values.operand(narrow, scaled, rank)])
  const sum = addend === undefined ? product : model.node('Add', [product, values.operand(addend, scaled, rank)])
  values.define(out, form, model.node(rounding === 'floor' ? 'Floor' : 'Round', [sum]))
  return `scaled-product-${dtype}`
}

/** A left shift and a division, of which the shift is done on the divisor. @returns the kernel's name. */
export function emitScaledDivision(context: EmitContext, found: ScaledDivision, out: ValueId): KernelName {
  const { model, values } = context
  const { dividend, divisor, bits, reach } = found
  const rank = values.facts(out).shape.length
  const dtype = reach <= FLOAT32_BUDGET ? 'float32' : 'float64'
  const form: Form = { dtype, layout: workLayout(context, out, [dividend, divisor]) }
  const operands = [values.operand(dividend, form, rank), values.operand(divisor, { ...form, scaleBits: bits }, rank)]
  values.define(out, form, model.node('Floor', [model.node('Div', operands)]))
  return `scaled-floordiv-${dtype}`
}
