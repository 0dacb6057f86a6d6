import type { FloordivOp, IsqrtOp, ValueId } from '../graph.ts'
import { FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import { workLayout } from './emit-elementwise.ts'
import type { KernelName } from './kernel-names.ts'
import type { Form } from './value-forms.ts'

/*
 * Quotients and roots round in floats, but by less than lies between them and the next integer, so Floor is right. With
 * p bits of mantissa (24, 53) and a, b >= 1 exact, a correctly rounded result r can only err by reaching the integer N above
 * the true value, or for a negative quotient the one towards 0, from less than half a step: 2^(e − p), where 2^e < N <= 2^(e + 1).
 *
 * - A quotient a / b that is no integer lies at least 1 / b away from N. To be rounded to N it would need b >= 2^(p − e). From below,
 *   N >= 2 is at least 2^e + 1, so N·b >= 2^p + b, but N·b < a + b; and N = 1 would need b > 2^p. From above, the magnitude m of the
 *   integer towards 0 is at least 2^e, so m·b >= 2^p, but m·b < |a|. So it is not, for |a| and b <= 2^p.
 * - The root of a <= N² − 1 lies more than 1 / 2N away from N. To be rounded to N it would need 2N·2^e > 2^p, so N > 2^(p / 2).
 *   So it is not, for a < 2^p where p is even (2^24), and for a < 2^(p − 1) where it is odd (2^52).
 */

/** Floor of a quotient, in float32 within 2^24, else in float64. @returns the kernel's name. */
export function emitFloordiv(context: EmitContext, task: EmitTask<FloordivOp>): KernelName {
  const { model, values } = context
  const { inputs } = task.op
  const form = floatForm(context, task.out, inputs)
  const rank = values.facts(task.out).shape.length
  const quotient = model.node(
    'Div',
    inputs.map((id) => values.operand(id, form, rank)),
  )
  values.define(task.out, form, model.node('Floor', [quotient]))
  return `floordiv-${form.dtype}`
}

/** Floor of a square root, in float32 up to 2^24, else in float64. @returns the kernel's name. */
export function emitIsqrt(context: EmitContext, task: EmitTask<IsqrtOp>): KernelName {
  const { model, values } = context
  const [input] = task.op.inputs
  const form = floatForm(context, task.out, [input])
  values.define(task.out, form, model.node('Floor', [model.node('Sqrt', [values.operand(input, form)])]))
  return `isqrt-${form.dtype}`
}

/** The cheapest float type that holds every operand (results are no greater). */
function floatForm(context: EmitContext, out: ValueId, inputs: readonly ValueId[]): Form & { dtype: FloatDtype } {
  const { values } = context
  const reach = Math.max(...inputs.map((id) => magnitude(values.facts(id))))
  const dtypes: readonly FloatDtype[] = reach <= FLOAT32_BUDGET ? ['float32', 'float64'] : ['float64']
  return { dtype: values.cheapest(inputs, dtypes), layout: workLayout(context, out, inputs) }
}

type FloatDtype = 'float32' | 'float64'
