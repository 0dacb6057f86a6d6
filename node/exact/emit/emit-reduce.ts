import type { ArgmaxOp, ReduceOp, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { arithmeticDtypes, FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import { accumulationOf, type EmitContext, type EmitTask } from './emit-context.ts'
import type { GraphSearch } from './graph-search.ts'
import type { KernelName } from './kernel-names.ts'
import { type Layout, layoutShape, range, storedAxes } from './layouts.ts'
import type { Form } from './value-forms.ts'

const REDUCE_OP_TYPES = { 'reduce-sum': 'ReduceSum', 'reduce-max': 'ReduceMax', 'reduce-min': 'ReduceMin' } as const

/** Sum, maximum or minimum over axes, in a type that holds every partial result. @returns the kernel's name. */
export function emitReduce(context: EmitContext, task: EmitTask<ReduceOp>): KernelName {
  const { model, values } = context
  const { kind, inputs, axes, keepDims } = task.op
  const [input] = inputs
  const facts = values.facts(input)
  const layout = reducedLayout(context, task.op)
  const mayCut = kind === 'reduce-sum' && context.kernelSet === 'fast'
  const parts = mayCut ? partsWithinFloat32(context, task, layout) : undefined
  if (parts !== undefined) return emitSumOfParts(context, task, layout, parts)
  const reach = kind === 'reduce-sum' ? Math.max(accumulationOf(context, task), magnitude(facts)) : magnitude(facts)
  const dtype = values.cheapest(inputs, arithmeticDtypes(reach))
  const operand = values.operand(input, { dtype, layout })
  const attributes = { keepdims: keepDims ? 1 : 0 }
  const stored = axes.map((axis) => storedAxes(layout, facts.shape.length).indexOf(axis))
  const reduced = model.node(REDUCE_OP_TYPES[kind], [operand, model.int64s(stored)], { attributes })
  values.define(task.out, { dtype, layout: keepDims ? layout : 'plain' }, reduced)
  return `${kind}-${dtype}`
}

/** channels-last where the operand lies so and the axes that are left keep their order. */
function reducedLayout({ values }: EmitContext, { inputs, axes, keepDims }: ReduceOp): Layout {
  const spatial = range(2, values.facts(inputs[0]).shape.length)
  return values.isChannelsLast(inputs[0]) && (keepDims || axes.join() === spatial.join()) ? 'channels-last' : 'plain'
}

/** Sums of fewer lanes than this are cast as a whole: a node costs as much. */
const LEAST_SPLIT_LANES = 4096

/**
 * Into how many parts the last stored axis is to be cut, so that float32 holds the sum of each although it does not hold the whole:
 * that saves casting every lane. Undefined where that does not serve.
 */
function partsWithinFloat32(context: EmitContext, task: EmitTask<ReduceOp>, layout: Layout): number | undefined {
  const { values } = context
  const { inputs, axes } = task.op
  const facts = values.facts(inputs[0])
  const last = storedAxes(layout, facts.shape.length).at(-1)
  const extent = facts.shape[last ?? 0] ?? 1
  const isWords = values.cheapest(inputs, ['float32', 'int32', 'float64']) === 'float32'
  if (accumulationOf(context, task) <= FLOAT32_BUDGET || !isWords || shapeSize(facts.shape) < LEAST_SPLIT_LANES) {
    return undefined
  }
  if (axes.length !== 1 || axes[0] !== last) return undefined
  for (let parts = 2; parts <= 64; parts++) {
    const fits = (extent / parts) * magnitude(facts) <= FLOAT32_BUDGET
    if (extent % parts === 0 && fits) return parts
  }
  return undefined
}

function emitSumOfParts(context: EmitContext, task: EmitTask<ReduceOp>, layout: Layout, parts: number): KernelName {
  const { model, values } = context
  const { inputs, keepDims } = task.op
  const words = values.operand(inputs[0], { dtype: 'float32', layout })
  const stored = layoutShape(values.facts(inputs[0]).shape, layout)
  const [leading, extent] = [stored.slice(0, -1), stored.at(-1) ?? 1]
  const cut = model.reshape(words, [...leading, parts, extent / parts])
  const sums = model.node('ReduceSum', [cut, model.int64s([stored.length])], { attributes: { keepdims: 0 } })
  const [dtype = 'float64'] = arithmeticDtypes(accumulationOf(context, task))
  const axes = model.int64s([stored.length - 1])
  const sum = model.node('ReduceSum', [model.cast(sums, dtype), axes], { attributes: { keepdims: keepDims ? 1 : 0 } })
  values.define(task.out, { dtype, layout: keepDims ? layout : 'plain' }, sum)
  return 'reduce-sum-of-parts'
}

/** reduce-sum ← mul of a value with itself. */
export interface SquareSum {
  readonly source: ValueId
  readonly sum: ReduceOp
  /** Op indices of the product and the sum. */
  readonly ops: readonly [number, number]
}

/** Matches a {@link SquareSum} whose operand is computed. */
export function matchSquareSum(search: GraphSearch, out: ValueId): SquareSum | undefined {
  const sum = search.makerOf(out)
  if (sum?.kind !== 'reduce-sum') return undefined
  const square = search.privateMakerOf(sum.inputs[0])
  if (square?.kind !== 'mul' || square.inputs[0] !== square.inputs[1]) return undefined
  return { source: square.inputs[0], sum, ops: [search.indexOf(sum.inputs[0]), search.indexOf(out)] }
}

/** Squares and sums in one kernel, in a float type that holds every partial sum. @returns the kernel's name. */
export function emitSquareSum(context: EmitContext, found: SquareSum, out: ValueId): KernelName {
  const { model, values } = context
  const { source, sum, ops } = found
  const index = ops[1]
  const reach = Math.max(accumulationOf(context, { op: sum, index, out }), magnitude(values.facts(source)))
  const dtype = reach <= FLOAT32_BUDGET ? 'float32' : 'float64'
  const form: Form = { dtype, layout: 'plain' }
  const attributes = { keepdims: sum.keepDims ? 1 : 0 }
  const operands = [values.operand(source, form), model.int64s(sum.axes)]
  values.define(out, form, model.node('ReduceSumSquare', operands, { attributes }))
  return `reduce-sum-square-${dtype}`
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
