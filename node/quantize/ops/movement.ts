import { shapeEquals } from '../../exact/tensor-data.ts'
import { attributeOf } from '../float-graph.ts'
import type { Quantised } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { tieAll } from './ties.ts'

/** An op that moves lanes: done on whatever format the result is wanted in. */
function moving(run: (context: NodeContext, moved: Quantised) => Quantised): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'same' : 'exact'),
    ties: (node, graph) => tieAll({ ...node, inputs: node.inputs.slice(0, 1) }, graph),
    run: (context) => context.define(run(context, context.quantised(0))),
  }
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

/** Reshapes and transpositions. Shapes are static: what the result's shape says is all that a reshape needs. */
export const MOVEMENT_HANDLERS: HandlerTable = {
  Flatten: reshape,
  Reshape: reshape,
  Squeeze: reshape,
  Transpose: transpose,
  Unsqueeze: reshape,
}
