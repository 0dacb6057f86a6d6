import type { CheckedGraph, Op, Shape, ValueFacts, ValueId } from '../graph.ts'
import { shapeEquals } from '../tensor-data.ts'

/** An order of a tensor's axes in storage, outermost first. Row-major is 0, 1, 2, … */
export type AxisOrder = readonly number[]

/** The row-major order. */
export function rowMajor(rank: number): AxisOrder {
  return Array.from({ length: rank }, (_, axis) => axis)
}

/** Lanes between neighbours along each axis of a tensor stored in `order`. */
export function laneStrides(shape: Shape, order: AxisOrder): number[] {
  const strides = new Array<number>(shape.length).fill(0)
  let stride = 1
  for (const axis of order.toReversed()) {
    strides[axis] = stride
    stride *= shape[axis] as number
  }
  return strides
}

/**
 * The order in which each op's value is stored, by value id: such that the first op to contract it finds the reduced axes
 * innermost, which gives a dispute long runs. Lane by lane ops, pooling, pad and slice pass the wish of their result on to
 * their operands. Inputs, outputs and both sides of a reshape are row-major; so are constants here (they are laid out anew for
 * each reader). Cost: linear in the ops.
 */
export function chooseLayouts(checked: CheckedGraph): AxisOrder[] {
  const { graph, values } = checked
  const firstOp = graph.inputs.length + graph.constants.length
  const orders = values.map((facts) => rowMajor(facts.shape.length))
  const pinned = pinnedValues(checked)
  for (let index = graph.ops.length - 1; index >= 0; index--) {
    const op = graph.ops[index] as Op
    const outOrder = orders[firstOp + index] as AxisOrder
    op.inputs.forEach((id, position) => {
      if (id < firstOp || pinned.has(id)) return
      orders[id] = wishedOrder(op, position, id, firstOp + index, outOrder, values) ?? (orders[id] as AxisOrder)
    })
  }
  return orders
}

function pinnedValues({ graph }: CheckedGraph): ReadonlySet<ValueId> {
  const firstOp = graph.inputs.length + graph.constants.length
  const pinned = new Set(graph.outputs.map((output) => output.value))
  graph.ops.forEach((op, index) => {
    if (op.kind !== 'reshape') return
    pinned.add(op.inputs[0])
    pinned.add(firstOp + index)
  })
  return pinned
}

/** How operand `position` of an op would best be stored; undefined where the op does not care. */
function wishedOrder(
  op: Op,
  position: number,
  id: ValueId,
  out: ValueId,
  outOrder: AxisOrder,
  values: readonly ValueFacts[],
): AxisOrder | undefined {
  const shape = (values[id] as ValueFacts).shape
  const natural = rowMajor(shape.length)
  switch (op.kind) {
    case 'matmul':
      return position === 0 ? natural : axesLast(natural, [shape.length - 2])
    case 'conv':
      return position === 0 ? axesLast(natural, [1]) : undefined
    case 'reduce-sum':
    case 'reduce-max':
    case 'reduce-min':
      return axesLast(natural, op.axes)
    case 'argmax':
      return axesLast(natural, [op.axis])
    case 'lookup':
    case 'gather-elements':
    case 'reshape':
    case 'transpose':
    case 'concat':
    case 'expand':
      return undefined
    case 'sum-pool':
    case 'max-pool':
    case 'pad':
    case 'slice':
      return outOrder
    default:
      return shapeEquals(shape, (values[out] as ValueFacts).shape) ? outOrder : undefined
  }
}

function axesLast(order: AxisOrder, last: readonly number[]): AxisOrder {
  return [...order.filter((axis) => !last.includes(axis)), ...last]
}
