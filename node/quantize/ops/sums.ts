import type { FloatGraph, FloatNode } from '../float-graph.ts'
import type { FloatOpHandler, HandlerTable, NodeContext, Use } from '../handler.ts'
import { constantIndex, perLane, transform, viewFor } from './affine.ts'
import { tieAll } from './ties.ts'

/** How sums use an operand: with a constant they move its view, else they add streams. */
export function sumUse(node: FloatNode, index: number, graph: FloatGraph): Use {
  const constant = constantIndex(node, graph)
  if (constant === index || graph.values.get(node.inputs[index] ?? '')?.kind !== 'float') return 'exact'
  return constant >= 0 && node.inputs.length === 2 ? 'view' : 'stream'
}

const add: FloatOpHandler = {
  uses: sumUse,
  ties: tieAll,
  run(context) {
    const constant = constantIndex(context.node, context.graph)
    if (constant >= 0) context.define(transform(viewFor(context, 1 - constant), 1, perLane(context, constant)))
    else combine(context, 'add')
  },
}

const subtract: FloatOpHandler = {
  uses: sumUse,
  ties: tieAll,
  run(context) {
    const constant = constantIndex(context.node, context.graph)
    if (constant < 0) return combine(context, 'sub')
    const sign = constant === 1 ? 1 : -1
    const value = perLane(context, constant)
    const addend = typeof value === 'number' ? -sign * value : { ...value, data: value.data.map((x) => -sign * x) }
    context.define(transform(viewFor(context, 1 - constant), sign, addend))
  },
}

/** All streams of a scale class have one step, so that a sum needs no conversion. A narrow result is rounded once: after the sum. */
function combine(context: NodeContext, kind: 'add' | 'sub'): void {
  const step = Math.min(context.target().step, context.quantised(0).step, context.quantised(1).step)
  const [a, b] = [context.at(0, step), context.at(1, step)]
  context.define(context.integers(context.add({ kind, inputs: [a.id, b.id] }), step))
}

/** Sum of any number of values. */
const sum: FloatOpHandler = {
  uses: (node, index, graph) => (graph.values.get(node.inputs[index] ?? '')?.kind === 'float' ? 'stream' : 'exact'),
  ties: tieAll,
  run(context) {
    const { step } = context.target()
    const ids = context.node.inputs.map((_, index) => context.at(index, step).id)
    const total = ids.reduce((a, b) => context.add({ kind: 'add', inputs: [a, b] }))
    context.define(context.integers(total, step))
  },
}

/** Sums of values and of constants. */
export const SUM_HANDLERS: HandlerTable = { Add: add, Sub: subtract, Sum: sum }
