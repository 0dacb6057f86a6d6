import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { type PerLane, simplify, zipLanes } from '../per-lane.ts'
import { tieAll } from './ties.ts'

const add: FloatOpHandler = {
  uses: (node, index, graph) =>
    graph.constants.has(node.inputs[index] ?? '')
      ? 'exact'
      : graph.constants.has(node.inputs[1 - index] ?? '')
        ? 'view'
        : 'stream',
  ties: tieAll,
  run(context) {
    const constant = [0, 1].findIndex((index) => context.constant(index) !== undefined)
    if (constant >= 0) addConstant(context, 1 - constant, perLane(context, constant))
    else addStreams(context)
  },
}

/** A constant moves the view; it is added where the value is rounded. */
function addConstant(context: NodeContext, index: number, constant: PerLane): void {
  const { limits, offset, ...view } = context.view(index)
  const moved = (value: PerLane) => zipLanes(value, constant, (a, b) => a + b)
  context.define({ ...view, offset: moved(offset), limits: { lo: moved(limits.lo), hi: moved(limits.hi) } })
}

/** All streams of a scale class have one step, so that a sum needs no conversion. */
function addStreams(context: NodeContext): void {
  const { step } = context.target()
  const [a, b] = [context.at(0, step), context.at(1, step)]
  context.define(context.integers(context.add({ kind: 'add', inputs: [a.id, b.id] }), step))
}

/** The constant operand at `index` as numbers that broadcast. */
export function perLane(context: NodeContext, index: number): PerLane {
  const { shape, data } = context.constant(index) as NonNullable<ReturnType<NodeContext['constant']>>
  return simplify({ shape, data: Float64Array.from(data) })
}

/** Sums of values and of constants. */
export const SUM_HANDLERS: HandlerTable = { Add: add }
