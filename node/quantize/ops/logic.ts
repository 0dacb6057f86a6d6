import type { ValueId } from '../../exact/graph.ts'
import type { FloatGraph, FloatNode } from '../float-graph.ts'
import type { FloatOpHandler, HandlerTable, NodeContext, Use } from '../handler.ts'
import { addScalar, scalar } from '../recipes/elementary.ts'
import { tieAll } from './ties.ts'

const isFloat = (node: FloatNode, index: number, graph: FloatGraph) =>
  graph.values.get(node.inputs[index] ?? '')?.kind === 'float'

const exact = (): Use => 'exact'

/** `1 − x` of a boolean. */
function negated(context: NodeContext, x: ValueId): ValueId {
  return context.add({ kind: 'sub', inputs: [scalar(context, 1), x] })
}

const not: FloatOpHandler = {
  uses: exact,
  run: (context) => context.define(context.integers(negated(context, context.quantised(0).id), 1)),
}

/** A boolean operator of two as arithmetic of 0 and 1. */
function connective(run: (context: NodeContext, a: ValueId, b: ValueId) => ValueId): FloatOpHandler {
  return {
    uses: exact,
    run(context) {
      const id = run(context, context.quantised(0).id, context.quantised(1).id)
      context.define(context.integers(id, 1))
    },
  }
}

const and = connective((context, a, b) => context.add({ kind: 'min', inputs: [a, b] }))
const or = connective((context, a, b) => context.add({ kind: 'max', inputs: [a, b] }))
const xor = connective((context, a, b) => negated(context, context.add({ kind: 'equal', inputs: [a, b] })))

/** A comparison: of integers as they are, of real values at one step. */
function comparison(
  kind: 'less' | 'equal',
  { swapped = false, negate = false }: { readonly swapped?: boolean; readonly negate?: boolean } = {},
): FloatOpHandler {
  return {
    uses: (node, index, graph) => (isFloat(node, index, graph) ? 'stream' : 'exact'),
    ties: (node, graph) => tieAll({ ...node, outputs: [] }, graph),
    run(context) {
      const [a, b] = comparable(context)
      const id = context.add({ kind, inputs: swapped ? [b, a] : [a, b] })
      context.define(context.integers(negate ? negated(context, id) : id, 1))
    },
  }
}

function comparable(context: NodeContext): readonly [ValueId, ValueId] {
  const { node, graph } = context
  if (!isFloat(node, 0, graph)) return [context.quantised(0).id, context.quantised(1).id]
  const { step } = context.quantised(context.constant(0) === undefined ? 0 : 1)
  return [context.at(0, step).id, context.at(1, step).id]
}

/** `condition ? a : b`, of real values at the step that the result is wanted in. */
const where: FloatOpHandler = {
  uses: (node, index, graph) =>
    index > 0 && isFloat(node, index, graph) && !graph.constants.has(node.inputs[index] ?? '') ? 'same' : 'exact',
  ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(1) }, graph),
  run(context) {
    const isReal = context.resultValue().kind === 'float'
    const step = isReal ? context.target().step : 1
    const [a, b] = [1, 2].map((index) => (isReal ? context.at(index, step) : context.quantised(index)).id)
    const inputs = [context.quantised(0).id, a as ValueId, b as ValueId] as const
    context.define(context.integers(context.add({ kind: 'select', inputs }), step))
  },
}

/** Whether an integer is not 0. */
export function isNotZero(context: NodeContext, x: ValueId): ValueId {
  const { lo, hi } = context.facts(x)
  if (lo >= 0 && hi <= 1) return x
  return negated(context, context.add({ kind: 'equal', inputs: [x, scalar(context, 0)] }))
}

/** Lanes of an index that may count from the end of an axis. */
export function fromStart(context: NodeContext, index: ValueId, extent: number): ValueId {
  if (context.facts(index).lo >= 0) return index
  const isNegative = context.add({ kind: 'less', inputs: [index, scalar(context, 0)] })
  const moved = addScalar(context, index, extent)
  return context.add({ kind: 'select', inputs: [isNegative, moved, index] })
}

/** Booleans, comparisons and choices. */
export const LOGIC_HANDLERS: HandlerTable = {
  And: and,
  Equal: comparison('equal'),
  Greater: comparison('less', { swapped: true }),
  GreaterOrEqual: comparison('less', { negate: true }),
  Less: comparison('less'),
  LessOrEqual: comparison('less', { swapped: true, negate: true }),
  Not: not,
  Or: or,
  Where: where,
  Xor: xor,
}
