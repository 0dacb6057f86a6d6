import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { mapLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { divide } from '../recipes/divide.ts'
import { constantIndex, perLane, tieBy, transform, uniformConstant, viewFor } from './affine.ts'

const multiply: FloatOpHandler = {
  uses(node, index, graph) {
    const constant = constantIndex(node, graph)
    return constant === index ? 'exact' : constant >= 0 ? 'view' : 'index'
  },
  ties(node, graph) {
    const constant = constantIndex(node, graph)
    return constant < 0 ? [] : tieBy(node, 1 - constant, uniformConstant(graph, node.inputs[constant] ?? ''))
  },
  derives: (node, stepOf, graph) => (constantIndex(node, graph) < 0 ? stepOf(0) * stepOf(1) : undefined),
  run(context) {
    const constant = constantIndex(context.node, context.graph)
    if (constant >= 0) context.define(transform(viewFor(context, 1 - constant), perLane(context, constant), 0))
    else multiplyValues(context)
  },
}

function multiplyValues(context: NodeContext): void {
  const [a, b] = [context.quantised(0), context.quantised(1)]
  context.define(context.integers(context.add({ kind: 'mul', inputs: [a.id, b.id] }), a.step * b.step))
}

const quotient: FloatOpHandler = {
  uses(node, index, graph) {
    if (constantIndex(node, graph) === 1) return index === 0 ? 'view' : 'exact'
    return 'stream'
  },
  ties(node, graph) {
    const divisor = uniformConstant(graph, node.inputs[1] ?? '')
    return divisor === undefined || divisor === 0 ? [] : tieBy(node, 0, 1 / divisor)
  },
  run(context) {
    if (context.constant(1) !== undefined) {
      const divisor = perLane(context, 1)
      context.define(
        transform(
          viewFor(context, 0),
          mapLanes(divisor, (x) => 1 / x),
          0,
        ),
      )
    } else divideValues(context)
  },
}

/** The divisor must be of one sign, as calibration saw it: it is clipped away from zero. */
function divideValues(context: NodeContext): void {
  const { lo, hi } = context.plan.range(context.node.inputs[1] as string)
  if (lo < 0 && hi > 0)
    refuse('QuantiseUnsupported', 'divides by a value that is now positive, now negative: rewrite the model without it')
  const [a, b] = [context.quantised(0), context.quantised(1)]
  context.define(divide(context, a, b, context.target().step))
}

/** Products and quotients. */
export const PRODUCT_HANDLERS: HandlerTable = { Div: quotient, Mul: multiply }
