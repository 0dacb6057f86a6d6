import { normalizeAxes, normalizeAxis } from '../../exact/import/axes.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatGraph, type FloatNode } from '../float-graph.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { refuse } from '../quantise-error.ts'
import { tieBy } from './affine.ts'
import { tieAll } from './ties.ts'

/** Axes of a reduction: an attribute in older operator sets, a constant operand in newer ones; empty where it does nothing. */
export function reducedAxes(node: FloatNode, graph: FloatGraph): number[] {
  const { shape } = graph.values.get(node.inputs[0] ?? '') ?? { shape: [] }
  const [, name = ''] = node.inputs
  const operand = graph.constants.get(name)
  if (name !== '' && operand === undefined) refuse('QuantiseUnsupported', 'axes must be constants')
  const given = operand === undefined ? (attributeOf(node, 'axes', 'ints') ?? []) : Array.from(operand.data)
  if (given.length === 0 && attributeOf(node, 'noop_with_empty_axes', 'int') === 1) return []
  return given.length === 0 ? shape.map((_, axis) => axis) : normalizeAxes(given, shape.length)
}

function keepsDims(node: FloatNode): boolean {
  return (attributeOf(node, 'keepdims', 'int') ?? 1) === 1
}

function reduce(
  context: NodeContext,
  kind: 'reduce-sum' | 'reduce-max' | 'reduce-min',
  step: number,
  id: number,
): void {
  const axes = reducedAxes(context.node, context.graph)
  const keepDims = keepsDims(context.node)
  const reduced = axes.length === 0 ? id : context.add({ kind, inputs: [id], axes, keepDims })
  context.define(context.integers(reduced, step))
}

function picking(kind: 'reduce-max' | 'reduce-min'): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'same' : 'exact'),
    ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(0, 1) }, graph),
    run(context) {
      const x = context.quantised(0)
      reduce(context, kind, x.step, x.id)
    },
  }
}

const count = (node: FloatNode, graph: FloatGraph) =>
  shapeSize(reducedAxes(node, graph).map((axis) => graph.values.get(node.inputs[0] ?? '')?.shape[axis] ?? 1))

/** Sums, with the division of a mean in the step. */
function summing(divisor: (node: FloatNode, graph: FloatGraph) => number): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'stream' : 'exact'),
    ties: (node, graph) => tieBy(node, 0, 1 / divisor(node, graph)),
    run(context) {
      const x = context.quantised(0)
      reduce(context, 'reduce-sum', x.step / divisor(context.node, context.graph), x.id)
    },
  }
}

/** Root of a sum of squares, or the sum itself. */
function squares(root: boolean): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'stream' : 'exact'),
    run(context) {
      const x = context.quantised(0)
      const square = context.add({ kind: 'mul', inputs: [x.id, x.id] })
      const axes = reducedAxes(context.node, context.graph)
      const sum = context.add({ kind: 'reduce-sum', inputs: [square], axes, keepDims: keepsDims(context.node) })
      if (!root) return context.define(context.integers(sum, x.step ** 2))
      const bits = 2 * Math.max(0, Math.min(4, Math.floor((51 - Math.log2(context.facts(sum).hi + 1)) / 2)))
      const scaled = bits === 0 ? sum : context.add({ kind: 'shift-left', inputs: [sum], bits })
      context.define(context.integers(context.add({ kind: 'isqrt', inputs: [scaled] }), x.step / 2 ** (bits / 2)))
    },
  }
}

const argmax: FloatOpHandler = {
  uses: () => 'stream',
  run(context) {
    const { node } = context
    if (attributeOf(node, 'select_last_index', 'int') === 1)
      refuse('QuantiseUnsupported', 'the last of equals cannot be picked')
    const x = context.quantised(0)
    const axis = normalizeAxis(attributeOf(node, 'axis', 'int') ?? 0, x.shape.length)
    const operand =
      node.opType === 'ArgMin' ? context.add({ kind: 'mul', inputs: [x.id, context.constantLanes([], [-1])] }) : x.id
    const id = context.add({ kind: 'argmax', inputs: [operand], axis, keepDims: keepsDims(node) })
    context.define(context.integers(id, 1))
  },
}

/** Reductions along axes. */
export const REDUCTION_HANDLERS: HandlerTable = {
  ArgMax: argmax,
  ArgMin: argmax,
  ReduceL2: squares(true),
  ReduceMax: picking('reduce-max'),
  ReduceMean: summing(count),
  ReduceMin: picking('reduce-min'),
  ReduceSum: summing(() => 1),
  ReduceSumSquare: squares(false),
}
