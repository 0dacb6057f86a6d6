import { attributeOf, type FloatGraph, type FloatNode, type FloatTensor } from '../float-graph.ts'
import { UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { mapLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { alongAxis, quantiseWeights } from '../recipes/weights.ts'

const uses: FloatOpHandler['uses'] = (node, index, graph) =>
  graph.constants.has(node.inputs[index] ?? '') ? 'exact' : 'operand'

const matmul: FloatOpHandler = {
  uses,
  derives: (node, stepOf, graph) => (isOfActivations(node, graph) ? stepOf(0) * stepOf(1) : undefined),
  run(context) {
    if (isOfActivations(context.node, context.graph)) return activationProduct(context)
    constantProduct(context, context.constant(1) ?? refuseConstant(context))
  },
}

const isOfActivations = ({ inputs }: FloatNode, graph: FloatGraph) => !inputs.some((name) => graph.constants.has(name))

/** The step of a product of two activations is the product of theirs. */
function activationProduct(context: NodeContext): void {
  const [a, b] = [context.quantised(0), context.quantised(1)]
  const id = context.add({ kind: 'matmul', inputs: [a.id, b.id] })
  context.define({ id, step: a.step * b.step, offset: 0, limits: UNLIMITED })
}

const gemm: FloatOpHandler = {
  uses,
  run(context) {
    const { node } = context
    if ((attributeOf(node, 'transA', 'int') ?? 0) !== 0)
      refuse('QuantiseUnsupported', 'attribute transA is not supported')
    const weights = context.constant(1) ?? refuseConstant(context)
    const alpha = attributeOf(node, 'alpha', 'float') ?? 1
    const beta = attributeOf(node, 'beta', 'float') ?? 1
    const [rows = 0, columns = 0] = weights.shape
    const turned = (attributeOf(node, 'transB', 'int') ?? 0) !== 0
    const shape = turned ? [columns, rows] : weights.shape
    const { data: stored } = weights
    const data = Float64Array.from(stored, (_, i) => {
      const at = turned ? (i % rows) * columns + Math.floor(i / rows) : i
      return (stored[at] as number) * alpha
    })
    constantProduct(context, { kind: 'float', shape, data }, context.has(2) ? [2, beta] : undefined)
  },
}

/** `operand × weights + factor · bias`: a view of the accumulator with a step for each column. */
function constantProduct(
  context: NodeContext,
  weights: FloatTensor,
  bias?: readonly [index: number, factor: number],
): void {
  const operand = context.quantised(0)
  const columns = weights.shape.at(-1) as number
  const unit = context.target().step / operand.step
  const { lanes, steps } = quantiseWeights(
    weights.data,
    columns,
    (i) => i % columns,
    unit,
    context.precision.weightBits,
  )
  const id = context.add({ kind: 'matmul', inputs: [operand.id, context.constantLanes(weights.shape, lanes)] })
  const rank = context.facts(id).shape.length
  const step = mapLanes(alongAxis(steps, rank, rank - 1), (own) => own * operand.step)
  const addend = bias === undefined ? undefined : context.constant(bias[0])
  if (bias !== undefined && addend === undefined) refuse('QuantiseUnsupported', 'the third operand must be a constant')
  const [, factor = 0] = bias ?? []
  const offset =
    addend === undefined
      ? 0
      : mapLanes({ shape: addend.shape, data: Float64Array.from(addend.data) }, (x) => x * factor)
  context.define({ id, step, offset, limits: UNLIMITED })
}

function refuseConstant(context: NodeContext): never {
  return refuse('QuantiseUnsupported', `${context.node.opType} needs constant weights as its second operand`)
}

/** Contractions with constant weights: rounded a channel at a time so that the combined scale is a power of two. */
export const CONTRACTION_HANDLERS: HandlerTable = { Gemm: gemm, MatMul: matmul }
