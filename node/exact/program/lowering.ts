import { InvalidError } from '../../protocol/errors.ts'
import type { CheckedGraph, LaneBytes, Shape, ValueFacts, ValueId } from '../graph.ts'
import { laneBytesOf, shapeSize } from '../tensor-data.ts'
import { type LoopedOperands, mergeLoops, operandMap, reorderLoops } from './affine.ts'
import { type ConstantLayouts, createConstantLayouts } from './constant-layouts.ts'
import type { NestDraft } from './drafts.ts'
import { type AxisOrder, chooseLayouts, laneStrides, rowMajor } from './layouts.ts'
import { type ProgramOp, type ProgramValue, VALUE_TREE_DEPTH } from './program.ts'

/** Where the lanes of a graph value are: in a value of the Program, this many lanes between neighbours along each axis. */
export interface View {
  /** Provisional id: the final one for inputs, `−1 − i` for constant i, `inputCount + i` for op i. */
  readonly value: number
  readonly shape: Shape
  readonly strides: readonly number[]
}

/**
 * What a value that an op of the Program writes is in terms of the graph: the lanes of graph value `value`, stored in `order`; with
 * `part`, only those of a range along one axis. So whoever can compute the graph knows every value of the Program.
 */
export interface StoredSource {
  readonly value: ValueId
  readonly order: AxisOrder
  readonly part?: { readonly axis: number; readonly start: number; readonly size: number }
}

/** A Program in the making. Values have provisional ids ({@link View}), as the constants are not all known before the end. */
export interface Lowering {
  readonly checked: CheckedGraph
  readonly constants: ConstantLayouts
  /** Storage order of each op's value, by value id. */
  readonly orders: readonly AxisOrder[]
  /** Views of inputs, of stored op values and of reshapes. */
  readonly views: Map<ValueId, View>
  /** Inputs, then ops. */
  readonly values: ProgramValue[]
  readonly ops: ProgramOp[]
  /** What each op writes, by op index. */
  readonly sources: StoredSource[]
}

/** Starts with the inputs. */
export function startLowering(checked: CheckedGraph): Lowering {
  const { graph } = checked
  const views = new Map<ValueId, View>()
  const values = graph.inputs.map(({ shape, laneBytes }, id) => {
    views.set(id, rowMajorView(id, shape))
    return { laneBytes, lanes: shapeSize(shape) }
  })
  const constants = createConstantLayouts(graph.constants)
  return { checked, constants, orders: chooseLayouts(checked), views, values, ops: [], sources: [] }
}

/** A value of `shape` in row-major storage. */
export function rowMajorView(value: number, shape: Shape): View {
  return { value, shape, strides: laneStrides(shape, rowMajor(shape.length)) }
}

/** What the check proved of a value. */
export function factsOf(lowering: Lowering, id: ValueId): ValueFacts {
  return lowering.checked.values[id] as ValueFacts
}

/** Whether a value is a constant of the graph. */
export function isConstant({ checked: { graph } }: Lowering, id: ValueId): boolean {
  return id >= graph.inputs.length && id < graph.inputs.length + graph.constants.length
}

/** Where the lanes of a value are; a constant is laid out in `order` (row-major when absent) if it may be. */
export function viewOf(lowering: Lowering, id: ValueId, order?: AxisOrder): View {
  const { shape } = factsOf(lowering, id)
  if (!isConstant(lowering, id)) return lowering.views.get(id) as View
  const index = id - lowering.checked.graph.inputs.length
  const laid = lowering.constants.lay(index, order ?? rowMajor(shape.length))
  return { value: -1 - laid.index, shape, strides: laid.strides }
}

/** Width and lanes of a value by its provisional id. */
export function storageOf(lowering: Lowering, value: number): ProgramValue {
  if (value >= 0) return lowering.values[value] as ProgramValue
  const data = lowering.constants.laid[-1 - value] as { length: number } & Parameters<typeof laneBytesOf>[0]
  return { laneBytes: laneBytesOf(data), lanes: data.length }
}

/** Lane width of an op's value: as declared where it is an output (the first that names it), else the smallest. */
export function widthOf(lowering: Lowering, id: ValueId): LaneBytes {
  const output = lowering.checked.graph.outputs.find(({ value }) => value === id)
  return output?.laneBytes ?? factsOf(lowering, id).laneBytes
}

/**
 * Appends an op that writes a new value of this shape.
 * @param source what it writes, in which order.
 * @returns where the lanes are. @throws InvalidError `ProgramTooLarge` when the value tree is full.
 */
export function appendOp(
  lowering: Lowering,
  shape: Shape,
  source: StoredSource,
  laneBytes: LaneBytes,
  make: (output: number) => ProgramOp,
): View {
  const output = lowering.values.length
  if (output + lowering.constants.laid.length >= 2 ** VALUE_TREE_DEPTH) {
    const limit = 2 ** VALUE_TREE_DEPTH
    throw new InvalidError('ProgramTooLarge', `the Program has more than ${limit} values: join fewer tensors a concat`)
  }
  lowering.values.push({ laneBytes, lanes: shapeSize(shape) })
  lowering.ops.push(make(output))
  lowering.sources.push(source)
  return { value: output, shape, strides: laneStrides(shape, source.order) }
}

/**
 * The loops and operand maps of a draft whose result is stored in `order`, with as few loops as can be.
 * @param views where each of the draft's operands is. @param foldOrder order of the fold loops, outermost first.
 */
export function placeNest(
  draft: NestDraft,
  views: readonly View[],
  order: AxisOrder,
  foldOrder: readonly number[],
): LoopedOperands {
  const loops = [...draft.outAxes.flat(), ...draft.foldLoops]
  const foldStart = loops.length - draft.foldLoops.length
  const starts = axisLoops(draft)
  const outOrder = order.flatMap((axis) => starts[axis] as number[])
  const loopOrder = [...outOrder, ...foldOrder.map((loop) => foldStart + loop)]
  const operands = draft.operands.map(({ coordinates }, i) => {
    const view = views[i] as View
    return reorderLoops(operandMap(view.value, view.strides, coordinates, loops), loopOrder)
  })
  return mergeLoops({
    outLoops: outOrder.map((loop) => loops[loop] as number),
    foldLoops: foldOrder.map((loop) => draft.foldLoops[loop] as number),
    operands,
  })
}

/** The numbers of the loops that make up each axis of a draft's result. */
export function axisLoops(draft: NestDraft): number[][] {
  let next = 0
  return draft.outAxes.map((extents) => extents.map(() => next++))
}
