import type {
  ConcatOp,
  ExpandOp,
  GatherElementsOp,
  LaneBytes,
  LookupOp,
  PadOp,
  Shape,
  SliceOp,
  TransposeOp,
  ValueId,
} from '../graph.ts'
import { concatOperand, draftGatherElements, draftLookup, draftMove, type NestDraft, plainAxes } from './drafts.ts'
import { type AxisOrder, rowMajor } from './layouts.ts'
import {
  appendOp,
  factsOf,
  type Lowering,
  placeNest,
  type StoredSource,
  storageOf,
  type View,
  viewOf,
  widthOf,
} from './lowering.ts'
import { MAX_MOVE_OPERANDS } from './program.ts'
import { chooseLanesPerStep } from './steps.ts'

/** Appends the nest of a lookup, of either kind, and returns where its value is. */
export function lowerLookup(lowering: Lowering, op: LookupOp | GatherElementsOp, out: ValueId): View {
  const [indices, table] = op.inputs
  const { shape } = factsOf(lowering, out)
  const order = lowering.orders[out] as AxisOrder
  const [indexShape, tableShape] = [factsOf(lowering, indices).shape, factsOf(lowering, table).shape]
  const draft =
    op.kind === 'lookup' ? draftLookup(op, shape, indexShape, tableShape) : draftGatherElements(op, shape, tableShape)
  const views = [viewOf(lowering, indices), viewOf(lowering, table)] as const
  const { outLoops, operands } = placeNest(draft, views, order, [])
  const laneBytes = widthOf(lowering, out)
  const scattered = operands[0]?.address.strides.at(-1) !== 0
  const reading = operands.map((map, i) => ({
    map,
    value: storageOf(lowering, map.value),
    scattered: i === 1 && scattered,
  }))
  return appendOp(lowering, shape, { value: out, order }, laneBytes, (output) => ({
    kind: 'lookup',
    output,
    outLoops,
    operands,
    axisStride: views[1].strides[op.axis] as number,
    axisExtent: tableShape[op.axis] as number,
    lanesPerStep: chooseLanesPerStep(laneBytes, outLoops, reading),
  }))
}

/** Appends the Move of a transpose, slice, pad or expand, and returns where its value is. */
export function lowerMove(lowering: Lowering, op: TransposeOp | SliceOp | PadOp | ExpandOp, out: ValueId): View {
  const { shape } = factsOf(lowering, out)
  const draft = draftMove(op, shape, factsOf(lowering, op.inputs[0]).shape)
  const padValue = op.kind === 'pad' ? op.value : 0
  const source = { value: out, order: lowering.orders[out] as AxisOrder }
  return appendMove(lowering, draft, [viewOf(lowering, op.inputs[0])], shape, source, widthOf(lowering, out), padValue)
}

/**
 * Appends the Moves of a concatenation, and returns where its value is: one where the parts are few, otherwise neighbours are
 * joined first, {@link MAX_MOVE_OPERANDS} at a time.
 */
export function lowerConcat(lowering: Lowering, op: ConcatOp, out: ValueId): View {
  const order = lowering.orders[out] as AxisOrder
  let parts = op.inputs.map((id) => viewOf(lowering, id))
  while (parts.length > MAX_MOVE_OPERANDS) {
    const joined: View[] = []
    let start = 0
    for (let at = 0; at < parts.length; at += MAX_MOVE_OPERANDS) {
      const group = parts.slice(at, at + MAX_MOVE_OPERANDS)
      const size = group.reduce((sum, { shape }) => sum + (shape[op.axis] as number), 0)
      const source = { value: out, order: rowMajor(order.length), part: { axis: op.axis, start, size } }
      joined.push(join(lowering, group, op.axis, source, factsOf(lowering, out).laneBytes))
      start += size
    }
    parts = joined
  }
  return join(lowering, parts, op.axis, { value: out, order }, widthOf(lowering, out))
}

/** Appends a Move that copies the view of `id` row-major, in lanes of another width, and returns where the copy is. */
export function lowerCopy(lowering: Lowering, id: ValueId, view: View, laneBytes: LaneBytes): View {
  return join(lowering, [view], 0, { value: id, order: rowMajor(view.shape.length) }, laneBytes)
}

function join(
  lowering: Lowering,
  parts: readonly View[],
  axis: number,
  source: StoredSource,
  laneBytes: LaneBytes,
): View {
  let start = 0
  const operands = parts.map(({ shape }) => {
    const operand = concatOperand(0, shape, axis, start)
    start += shape[axis] ?? 0
    return operand
  })
  const first = (parts[0] as View).shape
  const shape = first.length === 0 ? first : first.with(axis, start)
  return appendMove(
    lowering,
    { outAxes: plainAxes(shape), foldLoops: [], operands },
    parts,
    shape,
    source,
    laneBytes,
    0,
  )
}

function appendMove(
  lowering: Lowering,
  draft: NestDraft,
  views: readonly View[],
  shape: Shape,
  source: StoredSource,
  laneBytes: LaneBytes,
  padValue: number,
): View {
  const { outLoops, operands } = placeNest(draft, views, source.order, [])
  const reading = operands.map((map) => ({ map, value: storageOf(lowering, map.value), scattered: false }))
  const lanesPerStep = chooseLanesPerStep(laneBytes, outLoops, reading)
  return appendOp(lowering, shape, source, laneBytes, (output) => ({
    kind: 'move',
    output,
    outLoops,
    operands,
    padValue,
    lanesPerStep,
  }))
}
