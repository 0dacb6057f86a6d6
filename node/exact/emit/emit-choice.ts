import type { CompareOp, SelectOp } from '../graph.ts'
import { arithmeticDtypes, dtypeHolds, magnitude } from './dtypes.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import { workDtype, workLayout } from './emit-elementwise.ts'
import type { KernelName } from './kernel-names.ts'
import type { OnnxDtype } from './onnx-writer.ts'

const COMPARE_OP_TYPES = { less: 'Less', equal: 'Equal' } as const

/** less and equal, as booleans; whoever computes with them casts them. @returns the kernel's name. */
export function emitCompare(context: EmitContext, task: EmitTask<CompareOp>): KernelName {
  const { model, values } = context
  const { kind, inputs } = task.op
  const dtype = workDtype(context, inputs, inputs)
  const layout = workLayout(context, task.out, inputs)
  const rank = values.facts(task.out).shape.length
  const operands = inputs.map((id) => values.operand(id, { dtype, layout }, rank))
  values.define(task.out, { dtype: 'bool', layout }, model.node(COMPARE_OP_TYPES[kind], operands))
  return `${kind}-${dtype}`
}

/** select: Where, in whatever type the values already exist. @returns the kernel's name. */
export function emitSelect(context: EmitContext, task: EmitTask<SelectOp>): KernelName {
  const { model, values } = context
  const [condition, ...choices] = task.op.inputs
  const out = values.facts(task.out)
  const rank = out.shape.length
  const bytes: readonly OnnxDtype[] = dtypeHolds('uint8', out) ? ['uint8'] : []
  const dtype = values.cheapest(choices, [...arithmeticDtypes(magnitude(out)), 'int64', ...bytes])
  const layout = workLayout(context, task.out, task.op.inputs)
  const operands = [
    values.operand(condition, { dtype: 'bool', layout }, rank),
    ...choices.map((id) => values.operand(id, { dtype, layout }, rank)),
  ]
  values.define(task.out, { dtype, layout }, model.node('Where', operands))
  return 'where'
}
