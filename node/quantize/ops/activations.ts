import { attributeOf } from '../float-graph.ts'
import { UNLIMITED, type View } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { type PerLane, zipLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { constantIndex, perLane, viewFor } from './affine.ts'
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
    const { node } = context
    const lo = scalar(context, 1) ?? attributeOf(node, 'min', 'float') ?? Number.NEGATIVE_INFINITY
    const hi = scalar(context, 2) ?? attributeOf(node, 'max', 'float') ?? Number.POSITIVE_INFINITY
    context.define(limit(context.view(0), lo, hi))
  },
}

function scalar(context: NodeContext, index: number): number | undefined {
  if (!context.has(index)) return undefined
  const value = context.constant(index)?.data
  return value?.length === 1 ? value[0] : refuse('QuantiseUnsupported', `operand ${index} must be a constant scalar`)
}

/** Max and Min: with a constant they limit a view, else they pick lanes at one step. */
function extremum(kind: 'max' | 'min'): FloatOpHandler {
  return {
    uses(node, index, graph) {
      const constant = constantIndex(node, graph)
      if (constant === index) return 'exact'
      return constant >= 0 && node.inputs.length === 2 ? 'view' : 'stream'
    },
    ties: tieAll,
    run(context) {
      const { node, graph } = context
      const constant = constantIndex(node, graph)
      if (constant >= 0 && node.inputs.length === 2) {
        const bound = perLane(context, constant)
        const [lo, hi] = kind === 'max' ? [bound, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, bound]
        return context.define(limit(viewFor(context, 1 - constant), lo, hi))
      }
      const { step } = context.target()
      const ids = node.inputs.map((_, index) => context.at(index, step).id)
      const picked = ids.reduce((a, b) => context.add({ kind, inputs: [a, b] }))
      context.define(context.integers(picked, step))
    },
  }
}

/** `max(x, 0) + slope · min(x, 0)`, a slope a channel. */
const prelu: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'stream' : 'exact'),
  run(context) {
    const x = context.quantised(0)
    const zero = context.constantLanes([], [0])
    const positive = context.add({ kind: 'max', inputs: [x.id, zero] })
    const negative = context.add({ kind: 'min', inputs: [x.id, zero] })
    const { step } = context.target()
    const wide = { step, lo: -(2 ** 40), hi: 2 ** 40 }
    const slope = zipLanes(perLane(context, 1), x.step, (a, b) => a * b)
    const parts = [
      { id: positive, step: x.step },
      { id: negative, step: slope },
    ].map(({ id, step: own }) => context.materialise({ id, step: own, offset: 0, limits: UNLIMITED }, wide))
    const sum = context.add({ kind: 'add', inputs: [parts[0]?.id as number, parts[1]?.id as number] })
    context.define(context.integers(sum, step))
  },
}

/** Functions that only narrow a value's range, and become part of the clip that rounds it; and slopes a channel. */
export const ACTIVATION_HANDLERS: HandlerTable = {
  Clip: clip,
  Max: extremum('max'),
  Min: extremum('min'),
  PRelu: prelu,
  Relu: relu,
}
