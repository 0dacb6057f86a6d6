import type { View } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { type PerLane, zipLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { tieAll } from './ties.ts'

/** Narrows what a view may be, lane by lane. */
function limit(view: View, lo: PerLane, hi: PerLane): View {
  const clamp = (own: PerLane) => zipLanes(zipLanes(own, lo, Math.max), hi, Math.min)
  return { ...view, limits: { lo: clamp(view.limits.lo), hi: clamp(view.limits.hi) } }
}

const relu: FloatOpHandler = {
  uses: () => 'view',
  ties: tieAll,
  run: (context) => context.define(limit(context.view(0), 0, Number.POSITIVE_INFINITY)),
}

const clip: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'view' : 'exact'),
  ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(0, 1) }, graph),
  run(context) {
    const lo = scalar(context, 1) ?? Number.NEGATIVE_INFINITY
    const hi = scalar(context, 2) ?? Number.POSITIVE_INFINITY
    context.define(limit(context.view(0), lo, hi))
  },
}

function scalar(context: NodeContext, index: number): number | undefined {
  if (!context.has(index)) return undefined
  const value = context.constant(index)?.data
  return value?.length === 1 ? value[0] : refuse('QuantiseUnsupported', `operand ${index} must be a constant scalar`)
}

/** Functions that only narrow a value's range: they become part of the clip that rounds it. */
export const ACTIVATION_HANDLERS: HandlerTable = { Clip: clip, Relu: relu }
