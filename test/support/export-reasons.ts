import { bytePair } from '../../node/exact/emit/byte-operands.ts'
import { FLOAT32_BUDGET, magnitude } from '../../node/exact/emit/dtypes.ts'
import type { CheckedGraph, GraphConstant, Op, ValueFacts } from '../../node/exact/graph.ts'
import { isPadded } from '../../node/exact/ops/windows.ts'
import { ruleOf } from '../../node/exact/ops.ts'
import { boundsOf, shapeEquals, shapeSize } from '../../node/exact/tensor-data.ts'

/** Why a graph that was exported and read again is not the same graph, though it computes the same. */
export type ExportReason =
  | 'an output of constants alone'
  | 'an op of constants alone'
  | 'constants in another order'
  | 'an op that does nothing'
  | 'a quotient by a power of two'
  | 'a window that no kernel takes'
  | 'a sum written as a convolution'
  | 'a slice of one lane in odd steps'

/** The reasons that apply to a graph; none where it must be read back byte for byte. */
export function reasonsToDiffer(checked: CheckedGraph): ExportReason[] {
  const { graph, values } = checked
  const firstOp = graph.inputs.length + graph.constants.length
  const reasons = new Set<ExportReason>()
  const isConstant = (id: number) => id >= graph.inputs.length && id < firstOp
  const folded = new Set<number>()
  graph.ops.forEach((op, index) => {
    const fanIn = ruleOf(op).fanIn !== undefined
    if (op.inputs.every((id) => isConstant(id) || folded.has(id)) && !fanIn) folded.add(firstOp + index)
    const reason = opReason(checked, op, index, values[firstOp + index] as ValueFacts)
    if (reason !== undefined) reasons.add(reason)
  })
  if (folded.size > 0) reasons.add('an op of constants alone')
  if (graph.outputs.some(({ value }) => folded.has(value))) reasons.add('an output of constants alone')
  const reads = [...new Set(graph.ops.flatMap(({ inputs }) => [...inputs]))].filter(isConstant)
  if (reads.some((id, i) => id !== graph.inputs.length + i)) reasons.add('constants in another order')
  return [...reasons]
}

function opReason(checked: CheckedGraph, op: Op, index: number, out: ValueFacts): ExportReason | undefined {
  const { graph, values, accumulations } = checked
  const facts = op.inputs.map((id) => values[id] as ValueFacts)
  const [input, other] = facts as [ValueFacts, ValueFacts]
  const constantOf = (position: number): GraphConstant | undefined =>
    graph.constants[(op.inputs[position] as number) - graph.inputs.length]
  const reach = Math.max(accumulations.get(index) ?? 0, ...facts.map(magnitude))
  switch (op.kind) {
    case 'reshape':
    case 'expand':
      return shapeEquals(input.shape, out.shape) ? 'an op that does nothing' : undefined
    case 'slice':
      if (out.shape.length === 0) return 'an op that does nothing'
      return op.steps.some((step, axis) => op.sizes[axis] === 1 && Math.abs(step) > (input.shape[axis] ?? 0))
        ? 'a slice of one lane in odd steps'
        : undefined
    case 'pad':
      return op.pads.length === 0 ? 'an op that does nothing' : undefined
    case 'floordiv':
      return isPowerOfTwo(constantOf(1)) ? 'a quotient by a power of two' : undefined
    case 'sum-pool':
      return reach > FLOAT32_BUDGET ? 'a window that no kernel takes' : undefined
    case 'max-pool':
      return op.pads.some((pad, i) => pad >= (op.kernel[i % op.kernel.length] ?? 1))
        ? 'a window that no kernel takes'
        : undefined
    case 'conv': {
      const weights = constantOf(1)
      const ones = weights?.data.every((lane) => lane === 1)
      if (ones && op.groups === other.shape[0] && other.shape[1] === 1) return 'a sum written as a convolution'
      const padded = isPadded(op) ? { lo: Math.min(input.lo, 0), hi: Math.max(input.hi, 0) } : input
      const onBytes = bytePair(padded, other, shapeSize(other.shape.slice(1))) !== undefined
      return reach > FLOAT32_BUDGET && !onBytes ? 'a window that no kernel takes' : undefined
    }
    default:
      return undefined
  }
}

function isPowerOfTwo(constant: GraphConstant | undefined): boolean {
  if (constant === undefined) return false
  const { lo, hi } = boundsOf(constant.data)
  return lo === hi && lo >= 1 && Number.isInteger(Math.log2(lo))
}
