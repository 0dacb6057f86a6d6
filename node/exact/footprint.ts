import type { ExactGraph, Op, Shape, ValueFacts } from './graph.ts'
import { paddedExtents } from './ops/windows.ts'
import { shapeSize } from './tensor-data.ts'

/** Bytes of a lane while it is computed with: the widest. */
const WIDE_BYTES = 8

/**
 * Lanes that an op may need besides its operands and result: the padded input of a window op, and its windows unfolded
 * for one big matrix product (im2col). 0 for other ops.
 * @param input shape of the first operand. @param out shape of the result. @param fanIn terms folded into a lane.
 */
export function scratchLanes(op: Op, input: Shape, out: Shape, fanIn: number): number {
  if (op.kind !== 'conv' && op.kind !== 'sum-pool' && op.kind !== 'max-pool') return 0
  const padded = shapeSize([...input.slice(0, 2), ...paddedExtents(input.slice(2), op)])
  const unfolded =
    op.kind === 'conv' ? (shapeSize(out) / (out[1] as number)) * op.groups * fanIn : shapeSize(out) * fanIn
  return padded + unfolded
}

/** The greatest memory in use at once, and the index of the op that needs it. */
export interface PeakMemory {
  readonly bytes: number
  readonly op: number
}

/**
 * Greatest memory in use at once when the ops run in order, in bytes, on the safe side: inputs and results take 8 bytes a
 * lane from their making to their last use (outputs to the end); constants take their own width throughout and 8 bytes
 * a lane more while an op reads them; and each op adds its scratch.
 * @param scratch lanes by op index, from {@link scratchLanes}. Cost: linear in the values and operands.
 */
export function peakMemory(graph: ExactGraph, values: readonly ValueFacts[], scratch: readonly number[]): PeakMemory {
  const inputCount = graph.inputs.length
  const firstOp = inputCount + graph.constants.length
  const isConstant = (id: number) => id >= inputCount && id < firstOp
  const wideBytes = (id: number) => shapeSize((values[id] as ValueFacts).shape) * WIDE_BYTES
  const lastUse = lastUses(graph)
  let live = 0
  for (let id = 0; id < inputCount; id++) live += wideBytes(id)
  for (const constant of graph.constants) live += constant.data.byteLength
  let peak: PeakMemory = { bytes: live, op: 0 }
  graph.ops.forEach((op, index) => {
    const operands = [...new Set(op.inputs)]
    const constants = operands.filter(isConstant).reduce((sum, id) => sum + wideBytes(id), 0)
    live += wideBytes(firstOp + index)
    const bytes = live + constants + (scratch[index] as number) * WIDE_BYTES
    if (bytes > peak.bytes) peak = { bytes, op: index }
    for (const id of operands) if (lastUse.get(id) === index && !isConstant(id)) live -= wideBytes(id)
  })
  return peak
}

/** Index of the last op that reads each value; outputs are read after all ops. */
export function lastUses(graph: ExactGraph): Map<number, number> {
  const last = new Map<number, number>()
  graph.ops.forEach((op, index) => {
    for (const id of op.inputs) last.set(id, index)
  })
  for (const output of graph.outputs) last.set(output.value, graph.ops.length)
  return last
}
