import type { Op, Shape, ValueId } from '../graph.ts'
import { operandMap } from './affine.ts'
import { broadcastOperand, type DraftOperand, draftFold, type FoldDraft, type NestDraft, plainAxes } from './drafts.ts'
import { epilogueOf } from './epilogue.ts'
import type { Chain } from './fusion.ts'
import type { AxisOrder } from './layouts.ts'
import {
  appendOp,
  axisLoops,
  factsOf,
  isConstant,
  type Lowering,
  placeNest,
  storageOf,
  type View,
  viewOf,
  widthOf,
} from './lowering.ts'
import type { ProgramOp } from './program.ts'
import { chooseLanesPerStep, chooseRun } from './steps.ts'

/** Appends the nest of a chain of ops, and returns where its value is. @param last id of the chain's last value. */
export function lowerChain(lowering: Lowering, chain: Chain, last: ValueId): View {
  const { shape } = factsOf(lowering, last)
  const order = lowering.orders[last] as AxisOrder
  const head = draftHead(lowering, chain, shape)
  const foldOrder = chooseFoldOrder(lowering, head)
  const { epilogue, reads } = epilogueOf(lowering.checked, chain.links, head.operands.length)
  const draft: NestDraft = {
    ...head,
    operands: [...head.operands, ...reads.map((id) => readAlong(lowering, id, head, shape))],
  }
  const views = draft.operands.map((operand, i) => {
    const isFolded = chain.fold !== undefined && i < head.operands.length
    const wish = isFolded
      ? foldedOrder(operand, head, foldOrder)
      : alignedOrder(factsOf(lowering, operand.id).shape.length, order)
    return viewOf(lowering, operand.id, wish)
  })
  const nest = placeNest(draft, views, order, foldOrder)
  const laneBytes = widthOf(lowering, last)
  return appendOp(lowering, shape, { value: last, order }, laneBytes, (output): ProgramOp => {
    if (chain.fold !== undefined) {
      const { reduction, product } = head as FoldDraft
      const run = chooseRun(nest.foldLoops, nest.operands.slice(0, head.operands.length))
      return { kind: 'fold', output, ...nest, reduction, product, epilogue, run }
    }
    const { outLoops, operands } = nest
    const reading = operands.map((map) => ({ map, value: storageOf(lowering, map.value), scattered: false }))
    const lanesPerStep = chooseLanesPerStep(laneBytes, outLoops, reading)
    return { kind: 'map', output, outLoops, operands, epilogue, lanesPerStep }
  })
}

function draftHead(lowering: Lowering, chain: Chain, out: Shape): NestDraft | FoldDraft {
  const { graph } = lowering.checked
  const shapeOf = (id: ValueId) => factsOf(lowering, id).shape
  if (chain.fold !== undefined) {
    const op = graph.ops[chain.fold] as Op
    return draftFold(op, out, op.inputs.map(shapeOf))
  }
  const first = chain.links[0] as Chain['links'][number]
  const id = (graph.ops[first.op] as Op).inputs[first.accumulator] as ValueId
  return { outAxes: plainAxes(out), foldLoops: [], operands: [broadcastOperand(id, shapeOf(id), out)] }
}

/**
 * Order of the fold loops, outermost first: by falling stride in the first operand that is no constant, so that the
 * innermost runs along its lanes. A constant then follows: see {@link foldedOrder}.
 */
function chooseFoldOrder(lowering: Lowering, head: NestDraft): number[] {
  const natural = head.foldLoops.map((_, loop) => loop)
  const primary = head.operands.find(({ id }) => !isConstant(lowering, id))
  if (primary === undefined) return natural
  const loops = [...head.outAxes.flat(), ...head.foldLoops]
  const view = viewOf(lowering, primary.id)
  const { strides } = operandMap(view.value, view.strides, primary.coordinates, loops).address
  const foldStart = loops.length - head.foldLoops.length
  const strideOf = (loop: number) => Math.abs(strides[foldStart + loop] as number)
  return natural.sort((a, b) => strideOf(b) - strideOf(a))
}

/** Axes that no fold loop moves, then the others in the order of the fold loops. */
function foldedOrder(operand: DraftOperand, head: NestDraft, foldOrder: readonly number[]): AxisOrder {
  const foldStart = head.outAxes.flat().length
  const moves = (axis: number, loop: number) =>
    operand.coordinates[axis]?.terms.some(([number]) => number === foldStart + loop) === true
  const axes = operand.coordinates.map((_, axis) => axis)
  const folded = foldOrder.flatMap((loop) => axes.filter((axis) => moves(axis, loop)))
  return [...axes.filter((axis) => !folded.includes(axis)), ...folded]
}

/** The storage order of a result, for an operand of fewer axes that broadcasts to it. */
function alignedOrder(rank: number, order: AxisOrder): AxisOrder {
  return order.map((axis) => axis - (order.length - rank)).filter((axis) => axis >= 0)
}

/** Reads a value along the result of a nest whose axes may be split in several loops. */
function readAlong(lowering: Lowering, id: ValueId, head: NestDraft, out: Shape): DraftOperand {
  const loops = axisLoops(head)
  const { coordinates } = broadcastOperand(id, factsOf(lowering, id).shape, out)
  return {
    id,
    coordinates: coordinates.map((coordinate) => ({
      ...coordinate,
      terms: coordinate.terms.flatMap(([axis]) => splitTerms(loops[axis] as number[], head.outAxes[axis] as number[])),
    })),
  }
}

/** Mixed-radix terms of an axis that is made up of these loops. */
function splitTerms(loops: readonly number[], extents: readonly number[]): [loop: number, stride: number][] {
  return loops.map((loop, i) => [loop, extents.slice(i + 1).reduce((stride, extent) => stride * extent, 1)])
}
