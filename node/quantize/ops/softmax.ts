import { normalizeAxis } from '../../exact/import/axes.ts'
import { attributeOf } from '../float-graph.ts'
import { type Quantised, UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { mapLanes, rangeOf, zipLanes } from '../per-lane.ts'
import { clipTo, scaleByPower } from '../recipes/elementary.ts'
import {
  divideBySum,
  divideRounded,
  logOfSum,
  type Powers,
  powersOfE,
  type SoftmaxPrecision,
} from '../recipes/softmax.ts'
import { perLane, transform } from './affine.ts'

/** Softmax is held in steps of 1 / 255, or of that by a power of two: 255 levels are all of 8 bits. */
const STEP = 1 / 255
/** Levels of powers that are divided at once, not multiplied first. */
const FINE: SoftmaxPrecision = { levels: 2 ** 16 - 1, indexBits: 14 }
/** Bits that a table of powers is read by: more cost nothing, as long as it stays in cache. */
const INDEX_BITS = { least: 12, most: 14 } as const

/** Scores to be added before softmax, and which of them take part: `[…, kept, bias]` from this operand on. */
function powersOf(context: NodeContext, axes: readonly number[], precision: SoftmaxPrecision, mask: number): Powers {
  const kept = context.has(mask) ? context.quantised(mask).id : undefined
  return powersOfE(context, scoresOf(context, mask + 1), axes, precision, kept)
}

/**
 * The scores in integers of one step. Accumulators are taken as they are: their step goes into the table, and what is added to all of them does not
 * matter.
 */
function scoresOf(context: NodeContext, bias: number): Quantised {
  const own = context.view(0)
  const view = context.has(bias) ? transform(own, 1, perLane(context, bias)) : own
  const { step, offset, limits } = view
  const isFree = limits.lo === UNLIMITED.lo && limits.hi === UNLIMITED.hi
  if (typeof step === 'number' && step > 0 && typeof offset === 'number' && isFree) {
    return context.integers(view.id, step)
  }
  if (context.has(bias) && typeof step === 'number') {
    const { lo, hi } = context.facts(view.id)
    const moved = zipLanes(
      mapLanes(offset, (x) => x / step),
      0,
      (a, b) => a + b,
    )
    const reach = rangeOf(moved)
    return context.materialise(view, { step, lo: Math.floor(lo + reach.lo), hi: Math.ceil(hi + reach.hi) })
  }
  const { plan, node, precision } = context
  const name = node.inputs[0] as string
  return context.rounded(0, plan.covering(name, plan.range(name), precision.streamBits))
}

/** The axes that are summed over: before operator set 13, all from `axis` on. */
function axesOf({ node, graph, operandValue }: NodeContext): number[] {
  const rank = operandValue(0).shape.length
  const isOld = graph.opset < 13
  const axis = normalizeAxis(attributeOf(node, 'axis', 'int') ?? (isOld ? 1 : -1), rank)
  return isOld ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis]
}

const softmax: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'view' : 'exact'),
  derives: () => STEP,
  run(context) {
    const powers = powersOf(context, axesOf(context), FINE, 1)
    context.define(divideBySum(context, powers, context.target().step))
  },
}

const logSoftmax: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'view' : 'exact'),
  run(context) {
    const { step, lo } = context.target()
    const x = scoresOf(context, 2)
    const powers = powersOfE(context, x, axesOf(context), FINE)
    const format = { step, lo: 2 * lo, hi: 0 }
    const view = { id: powers.distance, step: -x.step, offset: 0, limits: UNLIMITED }
    const distance = context.materialise(view, format)
    const log = logOfSum(context, powers, step)
    context.define(context.integers(context.add({ kind: 'sub', inputs: [distance.id, log] }), step))
  },
}

/**
 * `softmax(scores) · values`, with the division after the product: each row of powers uses all levels of its operand's width, its sum is that of the
 * rounded powers, and the result, a mean of the values, has their step or a finer one.
 */
const softmaxMatMul: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'view' : index === 1 ? 'operand' : 'exact'),
  derives: (_, stepOf) => stepOf(1),
  run(context) {
    const { operandBits, indexBits } = context.precision
    const most = Math.min(Math.max(indexBits, INDEX_BITS.least), INDEX_BITS.most)
    const rank = context.operandValue(0).shape.length
    const powers = powersOf(context, [rank - 1], { levels: 2 ** operandBits - 1, indexBits: most }, 2)
    const values = context.quantised(1)
    const target = context.target()
    const total = context.add({ kind: 'matmul', inputs: [powers.id, values.id] })
    const bits = Math.round(Math.log2(values.step / target.step))
    const dividend = scaleByPower(context, total, Math.max(bits, 0))
    const quotient = divideRounded(context, dividend, scaleByPower(context, powers.sum, Math.max(-bits, 0)))
    const step = values.step / 2 ** bits
    const { lo, hi } = target
    const limit = (bound: number) => Math.round((bound * target.step) / step)
    context.define(context.integers(clipTo(context, quotient, { lo: limit(lo), hi: limit(hi) }), step))
  },
}

/** Softmax, alone, masked, and with the values that it weighs. */
export const SOFTMAX_HANDLERS: HandlerTable = {
  LogSoftmax: logSoftmax,
  Softmax: softmax,
  'assay:MaskedSoftmax': softmax,
  'assay:SoftmaxMatMul': softmaxMatMul,
}
