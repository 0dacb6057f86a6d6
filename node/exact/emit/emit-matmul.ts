import type { MatmulOp } from '../graph.ts'
import { type BytePair, bytePair } from './byte-operands.ts'
import { FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import { accumulationOf, type EmitContext, type EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'

/** Matrix product: MatMulInteger on bytes, else float32 within 2^24, else float64. @returns the kernel's name. */
export function emitMatmul(context: EmitContext, task: EmitTask<MatmulOp>): KernelName {
  const { model, values } = context
  const [a, b] = task.op.inputs
  const left = values.facts(a)
  const right = values.facts(b)
  const pair = context.kernelSet === 'fast' ? bytePair(left, right, left.shape.at(-1) ?? 1) : undefined
  if (pair !== undefined) {
    const product = matmulInteger(
      context,
      values.operand(a, { ...pair.left, layout: 'plain' }),
      values.operand(b, { ...pair.right, layout: 'plain' }),
      pair,
    )
    values.define(task.out, { dtype: 'int32', layout: 'plain' }, product)
    return `matmul-integer-${pair.kernel}`
  }
  const reach = Math.max(accumulationOf(context, task), magnitude(left), magnitude(right))
  const form = { dtype: reach <= FLOAT32_BUDGET ? 'float32' : 'float64', layout: 'plain' } as const
  values.define(task.out, form, model.node('MatMul', [values.operand(a, form), values.operand(b, form)]))
  return `matmul-${form.dtype}`
}

/** MatMulInteger on stored operands, with the zero points of `pair`. @returns an int32 tensor. */
export function matmulInteger(context: EmitContext, left: string, right: string, pair: BytePair): string {
  const { model } = context
  const zeroPoints = [model.scalar('uint8', pair.left.offset), model.scalar(pair.right.dtype, pair.right.offset)]
  return model.node('MatMulInteger', [left, right, ...zeroPoints])
}
