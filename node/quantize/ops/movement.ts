import { normalizeAxis } from '../../exact/import/axes.ts'
import { shapeEquals } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatNode } from '../float-graph.ts'
import type { Quantised } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { refuse } from '../quantise-error.ts'
import { isNotZero } from './logic.ts'
import { tieAll } from './ties.ts'

/** An op that moves lanes: done on whatever format the result is wanted in. */
export function moving(run: (context: NodeContext, moved: Quantised) => Quantised): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'same' : 'exact'),
    ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(0, 1) }, graph),
    run: (context) => context.define(run(context, context.quantised(0))),
  }
}

/** Integers of a constant parameter: an operand, or an attribute in older operator sets. */
export function listParameter(context: NodeContext, index: number, name: string): number[] | undefined {
  const { node } = context
  if (!context.has(index)) return attributeOf(node, name, 'ints')?.slice()
  const constant = context.constant(index) ?? refuse('QuantiseUnsupported', `operand ${index} must be a constant`)
  return Array.from(constant.data)
}

const reshape = moving((context, moved) => {
  const { shape } = context.resultValue()
  if (shapeEquals(shape, moved.shape)) return moved
  return context.integers(context.add({ kind: 'reshape', inputs: [moved.id], shape }), moved.step)
})

const transpose = moving((context, moved) => {
  const permutation = attributeOf(context.node, 'perm', 'ints') ?? moved.shape.map((_, axis) => axis).reverse()
  return context.integers(context.add({ kind: 'transpose', inputs: [moved.id], permutation }), moved.step)
})

const expand = moving((context, moved) => {
  const { shape } = context.resultValue()
  if (shapeEquals(shape, moved.shape)) return moved
  return context.integers(context.add({ kind: 'expand', inputs: [moved.id], shape }), moved.step)
})

const slice = moving((context, moved) => {
  const { shape } = moved
  const required = (index: number, name: string) =>
    listParameter(context, index, name) ?? refuse('QuantiseModel', `${name} are missing`)
  const [from, to] = [required(1, 'starts'), required(2, 'ends')]
  const axes = listParameter(context, 3, 'axes') ?? from.map((_, i) => i)
  const by = listParameter(context, 4, 'steps') ?? from.map(() => 1)
  const starts = shape.map(() => 0)
  const steps = shape.map(() => 1)
  for (const [i, given] of axes.entries()) {
    const axis = normalizeAxis(given, shape.length)
    const [extent, step] = [shape[axis] as number, by[i] ?? 1]
    const start = from[i] as number
    const most = step > 0 ? extent : extent - 1
    starts[axis] = Math.min(Math.max(start < 0 ? start + extent : start, 0), most)
    steps[axis] = Math.max(-extent, Math.min(step, extent))
  }
  if (to.length !== from.length) refuse('QuantiseModel', 'starts and ends must be of one length')
  const sizes = context.resultValue().shape
  return context.integers(context.add({ kind: 'slice', inputs: [moved.id], starts, sizes, steps }), moved.step)
})

const split: FloatOpHandler = {
  ...moving((_, moved) => moved),
  run(context) {
    const moved = context.quantised(0)
    const axis = normalizeAxis(attributeOf(context.node, 'axis', 'int') ?? 0, moved.shape.length)
    let start = 0
    for (const [index, name] of context.node.outputs.entries()) {
      if (name === '') continue
      const sizes = context.resultValue(index).shape
      const starts = sizes.map((_, i) => (i === axis ? start : 0))
      const id = context.add({ kind: 'slice', inputs: [moved.id], starts, sizes, steps: sizes.map(() => 1) })
      context.define(context.integers(id, moved.step), index)
      start += sizes[axis] as number
    }
  },
}

const concat: FloatOpHandler = {
  uses: (node, index, graph) => (graph.constants.has(node.inputs[index] ?? '') ? 'exact' : 'same'),
  ties: tieAll,
  run(context) {
    const { node } = context
    const axis = attributeOf(node, 'axis', 'int') ?? refuse('QuantiseModel', 'attribute axis is missing')
    const isFloat = context.resultValue().kind === 'float'
    const step = isFloat ? context.target().step : 1
    const inputs = node.inputs.map((_, index) => (isFloat ? context.at(index, step) : context.quantised(index)).id)
    const id = context.add({ kind: 'concat', inputs, axis: normalizeAxis(axis, context.resultValue().shape.length) })
    context.define(context.integers(id, step))
  },
}

const gather: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'same' : 'exact'),
  ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(0, 1) }, graph),
  run(context) {
    const table = context.quantised(0)
    const axis = normalizeAxis(attributeOf(context.node, 'axis', 'int') ?? 0, table.shape.length)
    const extent = table.shape[axis] as number
    const constant = context.constant(1)
    const indices =
      constant === undefined
        ? context.quantised(1).id
        : context.constantLanes(
            constant.shape,
            Array.from(constant.data, (i) => (i < 0 ? i + extent : i)),
          )
    context.define(context.integers(context.add({ kind: 'lookup', inputs: [indices, table.id], axis }), table.step))
  },
}

/** Casts keep the value: integers become reals of step 1. Reals are cut towards zero. */
const cast: FloatOpHandler = {
  uses: () => 'stream',
  run(context) {
    const [from, to] = [context.operandValue(0).kind, context.resultValue().kind]
    if (from === 'float' && to === 'boolean') refuse('QuantiseUnsupported', 'casts reals to booleans')
    if (from === 'float') return context.define(truncated(context))
    const { id } = context.quantised(0)
    context.define(context.integers(to === 'boolean' ? isNotZero(context, id) : id, 1))
  },
}

function truncated(context: NodeContext): Quantised {
  const x = context.quantised(0)
  const bits = Math.max(0, Math.ceil(-Math.log2(x.step)))
  const unit = { step: 2 ** -bits, lo: -(2 ** 40), hi: 2 ** 40 }
  const fine = context.materialise({ id: x.id, step: x.step, offset: 0, limits: { lo: -Infinity, hi: Infinity } }, unit)
  if (bits === 0) return fine
  // floor(|x|) with the sign of x: floor of the positive part less floor of the negative part.
  const zero = context.constantLanes([], [0])
  const minus = context.constantLanes([], [-1])
  const floor = (id: number) => context.add({ kind: 'shift-right', inputs: [id], bits, rounding: 'floor' })
  const positive = floor(context.add({ kind: 'max', inputs: [fine.id, zero] }))
  const negated = context.add({ kind: 'mul', inputs: [fine.id, minus] })
  const negative = floor(context.add({ kind: 'max', inputs: [negated, zero] }))
  return context.integers(context.add({ kind: 'sub', inputs: [positive, negative] }), 1)
}

/** Whether a node only gives its operand another shape. */
export function isReshape({ opType, domain }: FloatNode): boolean {
  return domain === '' && ['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze'].includes(opType)
}

/** Movements. Shapes are static: what the result's shape says is all that many of them need. */
export const MOVEMENT_HANDLERS: HandlerTable = {
  Cast: cast,
  Concat: concat,
  Expand: expand,
  Flatten: reshape,
  Gather: gather,
  Identity: moving((_, moved) => moved),
  Reshape: reshape,
  Slice: slice,
  Split: split,
  Squeeze: reshape,
  Transpose: transpose,
  Unsqueeze: reshape,
}
