import type { Shape, Window } from '../../exact/graph.ts'
import { readWindow } from '../../exact/import/windows.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatGraph, type FloatNode } from '../float-graph.ts'
import { UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { mapLanes, type PerLane, simplify } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { tieBy } from './affine.ts'
import { tieAll } from './ties.ts'

/** The window of a pooling node, with padding after the last lane where `ceil_mode` needs a partial window. */
function poolWindow(context: NodeContext): Window & { readonly kernel: Shape } {
  const { node } = context
  const spatial = context.operandValue(0).shape.slice(2)
  const kernel = kernelOf(node)
  const window = readWindow(node, spatial, kernel)
  const result = context.resultValue().shape.slice(2)
  const pads = window.pads.map((pad, i) => {
    const axis = i - spatial.length
    if (axis < 0) return pad
    const [stride, dilation] = [window.strides[axis] as number, window.dilations[axis] as number]
    const span = ((result[axis] as number) - 1) * stride + ((kernel[axis] as number) - 1) * dilation + 1
    return Math.max(pad, span - (spatial[axis] as number) - (window.pads[axis] as number))
  })
  return { ...window, pads, kernel }
}

function kernelOf(node: FloatNode): Shape {
  return attributeOf(node, 'kernel_shape', 'ints') ?? refuse('QuantiseModel', 'attribute kernel_shape is missing')
}

const maxPool: FloatOpHandler = {
  uses: () => 'same',
  ties: tieAll,
  run(context) {
    if ((context.node.outputs[1] ?? '') !== '') refuse('QuantiseUnsupported', 'indices of MaxPool are not supported')
    const x = context.quantised(0)
    const id = context.add({ kind: 'max-pool', inputs: [x.id], ...poolWindow(context) })
    context.define(context.integers(id, x.step))
  },
}

/** A sum whose step absorbs the division; where windows at the edge hold fewer lanes, each place has a step of its own. */
const averagePool: FloatOpHandler = {
  uses: () => 'operand',
  ties: (node) => tieBy(node, 0, 1 / shapeSize(kernelOf(node))),
  run(context) {
    const x = context.quantised(0)
    const window = poolWindow(context)
    const id = context.add({ kind: 'sum-pool', inputs: [x.id], ...window })
    const step = mapLanes(windowCounts(context, window), (count) => x.step / count)
    context.define({ id, step, offset: 0, limits: UNLIMITED })
  },
}

/** By how many lanes each window divides. */
function windowCounts(context: NodeContext, window: Window & { readonly kernel: Shape }): PerLane {
  const spatial = context.operandValue(0).shape.slice(2)
  const result = context.resultValue().shape.slice(2)
  const declared = readWindow(context.node, spatial, window.kernel).pads
  const counted = (attributeOf(context.node, 'count_include_pad', 'int') ?? 0) === 1
  const perAxis = result.map((extent, axis) => {
    // Padding that ceil_mode adds never counts.
    const first = counted ? -(declared[axis] as number) : 0
    const last = (spatial[axis] as number) + (counted ? (declared[spatial.length + axis] as number) : 0)
    return Array.from({ length: extent }, (_, at) => {
      const start = at * (window.strides[axis] as number) - (window.pads[axis] as number)
      const lanes = Array.from(
        { length: window.kernel[axis] as number },
        (_, k) => start + k * (window.dilations[axis] as number),
      )
      return lanes.filter((lane) => lane >= first && lane < last).length
    })
  })
  const counts = perAxis.reduce<number[]>((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1])
  return simplify({ shape: [1, 1, ...result], data: Float64Array.from(counts) })
}

const spatialAxes = (graph: FloatGraph, node: FloatNode) =>
  (graph.values.get(node.inputs[0] ?? '')?.shape ?? []).map((_, axis) => axis).slice(2)

const globalAveragePool: FloatOpHandler = {
  uses: () => 'operand',
  ties: (node, graph) => tieBy(node, 0, 1 / spatialSize(node, graph)),
  run(context) {
    const x = context.quantised(0)
    const axes = spatialAxes(context.graph, context.node)
    const id = context.add({ kind: 'reduce-sum', inputs: [x.id], axes, keepDims: true })
    context.define(context.integers(id, x.step / spatialSize(context.node, context.graph)))
  },
}

const globalMaxPool: FloatOpHandler = {
  uses: () => 'same',
  ties: tieAll,
  run(context) {
    const x = context.quantised(0)
    const axes = spatialAxes(context.graph, context.node)
    context.define(context.integers(context.add({ kind: 'reduce-max', inputs: [x.id], axes, keepDims: true }), x.step))
  },
}

function spatialSize(node: FloatNode, graph: FloatGraph): number {
  return shapeSize((graph.values.get(node.inputs[0] ?? '')?.shape ?? []).slice(2))
}

/** Pooling. */
export const POOLING_HANDLERS: HandlerTable = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  MaxPool: maxPool,
}
