import type { ArgmaxOp, ReduceOp, ValueId } from '../graph.ts'
import { arithmeticDtypes, magnitude } from './dtypes.ts'
import { accumulationOf, type EmitContext, type EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import { range } from './layouts.ts'
import type { Form } from './value-forms.ts'

const REDUCE_OP_TYPES = { 'reduce-sum': 'ReduceSum', 'reduce-max': 'ReduceMax', 'reduce-min': 'ReduceMin' } as const

/** Sum, maximum or minimum over axes, in a type that holds every partial result. @returns the kernel's name. */
export function emitReduce(context: EmitContext, task: EmitTask<ReduceOp>): KernelName {
  const { model, values } = context
  const { kind, inputs, axes, keepDims } = task.op
  const [input] = inputs
  const facts = values.facts(input)
  const reach = kind === 'reduce-sum' ? Math.max(accumulationOf(context, task), magnitude(facts)) : magnitude(facts)
  const dtype = values.cheapest(inputs, arithmeticDtypes(reach))
  const spatial = range(2, facts.shape.length)
  const overSpatial = values.isChannelsLast(input) && axes.join() === spatial.join()
  const layout = overSpatial ? 'channels-last' : 'plain'
  const storedAxes = overSpatial ? spatial.map((axis) => axis - 1) : axes
  const operand = values.operand(input, { dtype, layout })
  const attributes = { keepdims: keepDims ? 1 : 0 }
  const reduced = model.node(REDUCE_OP_TYPES[kind], [operand, model.int64s(storedAxes)], { attributes })
  values.define(task.out, { dtype, layout: keepDims ? layout : 'plain' }, reduced)
  return `${kind}-${dtype}`
}

/** Index of the first greatest lane along an axis. @returns the kernel's name. */
export function emitArgmax(context: EmitContext, task: EmitTask<ArgmaxOp>): KernelName {
  const { model, values } = context
  const { inputs, axis, keepDims } = task.op
  const dtype = comparableDtype(context, inputs[0])
  const attributes = { axis, keepdims: keepDims ? 1 : 0, select_last_index: 0 }
  const index = model.node('ArgMax', [values.operand(inputs[0], { dtype, layout: 'plain' })], { attributes })
  const form: Form = { dtype: 'int64', layout: 'plain' }
  values.define(task.out, form, index)
  return `argmax-${dtype}`
}

function comparableDtype(context: EmitContext, input: ValueId): ReturnType<typeof arithmeticDtypes>[number] {
  return context.values.arithmetic([input], magnitude(context.values.facts(input)))
}
