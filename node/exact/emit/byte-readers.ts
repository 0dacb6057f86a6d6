import type { Bounds, CheckedGraph, Op, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { storedBytes } from './byte-operands.ts'

/** Ops that hand lanes on as they are, or all shifted alike: they want of their operands what is wanted of their results. */
const MOVING = new Set<Op['kind']>(['reshape', 'transpose', 'slice', 'pad', 'concat', 'expand', 'max-pool'])

/**
 * Values of at most 8 bits that some kernel reads as bytes: operands of contractions with bytes, and indices of tables, directly or
 * after being moved. Cost: one pass over the ops, from the last.
 */
export function findByteReaders({ graph, values }: CheckedGraph): ReadonlySet<ValueId> {
  const firstConstant = graph.inputs.length
  const firstOp = firstConstant + graph.constants.length
  const wanted = new Set<ValueId>()
  const isByte = (id: ValueId): boolean => storedBytes(values[id] as Bounds, values[id] as Bounds) !== undefined
  const isScalar = (id: ValueId): boolean =>
    id >= firstConstant && id < firstOp && shapeSize(values[id]?.shape ?? []) === 1
  const handsOn = ({ kind, inputs }: Op): boolean =>
    MOVING.has(kind) || ((kind === 'add' || kind === 'sub') && isScalar(inputs[1]))
  for (let index = graph.ops.length - 1; index >= 0; index--) {
    const op = graph.ops[index] as Op
    if (op.kind === 'lookup') {
      if (isByte(op.inputs[0])) wanted.add(op.inputs[0])
    } else if (op.kind === 'matmul' || op.kind === 'conv') {
      if (op.inputs.every(isByte)) for (const id of op.inputs) wanted.add(id)
    } else if (handsOn(op) && wanted.has(firstOp + index)) {
      for (const id of op.inputs) if (isByte(id)) wanted.add(id)
    }
  }
  return wanted
}
