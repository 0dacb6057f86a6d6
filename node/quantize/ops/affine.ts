import { shapeEquals } from '../../exact/tensor-data.ts'
import type { FloatGraph, FloatNode } from '../float-graph.ts'
import type { View } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext, Tie } from '../handler.ts'
import { batchNormAffine } from '../passes/fold-batch-norm.ts'
import { type PerLane, simplify, zipLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { alongAxis } from '../recipes/weights.ts'

/*
 * Arithmetic with constants: it changes the view of a value, not its lanes, and costs nothing until the value is rounded.
 */

/** `view · factor + addend`, lane by lane. */
export function transform(view: View, factor: PerLane, addend: PerLane): View {
  const scaled = (value: PerLane) => zipLanes(value, factor, (a, b) => (b === 0 ? 0 : a * b))
  const moved = (value: PerLane) => zipLanes(scaled(value), addend, (a, b) => a + b)
  const [a, b] = [moved(view.limits.lo), moved(view.limits.hi)]
  const limits = { lo: zipLanes(a, b, Math.min), hi: zipLanes(a, b, Math.max) }
  return { id: view.id, step: scaled(view.step), offset: moved(view.offset), limits }
}

/** The constant operand at `index` as numbers that broadcast. */
export function perLane(context: NodeContext, index: number): PerLane {
  const { shape, data } =
    context.constant(index) ?? refuse('QuantiseUnsupported', `operand ${index} must be a constant`)
  return simplify({ shape, data: Float64Array.from(data) })
}

/** Index of the operand that is a constant; −1 where none is. */
export function constantIndex(node: FloatNode, graph: FloatGraph): number {
  return node.inputs.findIndex((name) => graph.constants.has(name))
}

/** The view of an operand, expanded where a constant broadcasts it to the result's shape. */
export function viewFor(context: NodeContext, index: number): View {
  const view = context.view(index)
  const { shape } = context.resultValue()
  if (shapeEquals(context.operandValue(index).shape, shape)) return view
  return { ...view, id: context.add({ kind: 'expand', inputs: [view.id], shape }) }
}

/** The constant's one number, where it has one. */
export function uniformConstant(graph: FloatGraph, name: string): number | undefined {
  const constant = graph.constants.get(name)
  const value = constant && simplify({ shape: constant.shape, data: Float64Array.from(constant.data) })
  return typeof value === 'number' ? value : undefined
}

/** Ties the operand of an affine op to its result by the factor between them. */
export function tieBy(node: FloatNode, index: number, factor: number | undefined): Tie[] {
  const [a, b] = [node.inputs[index] ?? '', node.outputs[0] ?? '']
  return factor === undefined || factor === 0 ? [] : [{ a, b, ratio: Math.abs(factor) }]
}

const negate: FloatOpHandler = {
  uses: () => 'view',
  ties: (node) => tieBy(node, 0, 1),
  run: (context) => context.define(transform(context.view(0), -1, 0)),
}

/** A BatchNormalization that no convolution took in. */
const batchNorm: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'view' : 'exact'),
  run(context) {
    const affine = batchNormAffine(context.graph, context.node)
    if (affine === undefined) refuse('QuantiseUnsupported', 'statistics must be constants: export in evaluation mode')
    const rank = context.operandValue(0).shape.length
    const along = (values: ArrayLike<number>) => alongAxis(values, rank, 1)
    const { factor, offset } = affine as NonNullable<typeof affine>
    context.define(transform(context.view(0), along(factor), along(offset)))
  },
}

/** Affine operators of one operand. */
export const AFFINE_HANDLERS: HandlerTable = { BatchNormalization: batchNorm, Neg: negate }
