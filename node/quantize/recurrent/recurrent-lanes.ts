import type { Op, ValueId } from '../../exact/graph.ts'
import type { Quantised } from '../formats.ts'
import { formatOf, UNLIMITED } from '../formats.ts'
import type { NodeContext } from '../handler.ts'
import { mapLanes } from '../per-lane.ts'
import { lookUp } from '../recipes/table.ts'
import { alongAxis, quantiseWeights } from '../recipes/weights.ts'

/*
 * Fixed point of recurrent layers. A state is within ±1 (±2^5 for the cell of an LSTM), whatever calibration saw; functions of a
 * sum saturate beyond ±8. So no range has to be guessed, and rounding errors do not grow along a sequence.
 */

/** Fraction bits of states and of the values of gates. */
export const STATE_BITS = 15
/** Fraction bits of an LSTM's cell, and its greatest magnitude in bits. */
export const CELL_BITS = 14
export const CELL_RANGE_BITS = 5
/** Sums are clipped to this before a function of them is looked up. */
const SATURATION = 8
/** Fraction bits that a sum keeps beyond those of the table's index, until all its parts are added. */
const GUARD_BITS = 6
/** Sums of parts are clipped to this power of two times {@link SATURATION}. */
const SUM_ROOM_BITS = 3

/** Lanes of a state: integers of 2^-{@link STATE_BITS} within ±1. */
export function stateFormat() {
  return { step: 2 ** -STATE_BITS, lo: -(2 ** STATE_BITS), hi: 2 ** STATE_BITS - 1 }
}

/** Lanes of an LSTM's cell. */
export function cellFormat() {
  const reach = 2 ** (CELL_BITS + CELL_RANGE_BITS)
  return { step: 2 ** -CELL_BITS, lo: -reach, hi: reach }
}

/** Step of a table's index over ±8. */
export function indexStep(context: NodeContext): number {
  return (2 * SATURATION) / 2 ** context.precision.indexBits
}

/** Adds an op and gives its result a step. */
export function emit(context: NodeContext, op: Op, step: number): Quantised {
  return context.integers(context.add(op), step)
}

/**
 * `operand × weightsᵀ + bias` as fine integers, {@link GUARD_BITS} below the table's index, so that parts of a sum are rounded once.
 * @param weights `[rows, columns]`. @param operand `[…, columns]`.
 */
export function product(
  context: NodeContext,
  operand: Quantised,
  weights: Float64Array,
  bias: Float64Array,
): Quantised {
  const rows = bias.length
  const columns = weights.length / rows
  const turned = Float64Array.from(weights, (_, i) => weights[(i % rows) * columns + Math.floor(i / rows)] as number)
  const step = indexStep(context) * 2 ** -GUARD_BITS
  const { lanes, steps } = quantiseWeights(
    turned,
    rows,
    (i) => i % rows,
    step / operand.step,
    context.precision.weightBits,
  )
  const id = context.add({ kind: 'matmul', inputs: [operand.id, context.constantLanes([columns, rows], lanes)] })
  const rank = operand.shape.length
  const view = {
    id,
    step: mapLanes(alongAxis(steps, rank, rank - 1), (own) => own * operand.step),
    offset: alongAxis(bias, rank, rank - 1),
    limits: UNLIMITED,
  }
  const reach = SATURATION * 2 ** SUM_ROOM_BITS
  return context.materialise(view, formatOf(step, { lo: -reach, hi: reach }, 48))
}

/** A function of a fine sum by table, in integers of `step`. */
export function functionOf(context: NodeContext, sum: Quantised, f: (real: number) => number, step: number): Quantised {
  const unit = indexStep(context)
  const most = SATURATION / unit
  const bits = Math.round(Math.log2(unit / sum.step))
  const index =
    bits === 0 ? sum : emit(context, { kind: 'shift-right', inputs: [sum.id], bits, rounding: 'half-even' }, unit)
  const clipped = emit(context, { kind: 'clip', inputs: [index.id], lo: -most, hi: most - 1 }, unit)
  return lookUp(context, clipped, f, step)
}

/** Lanes `[first, first + count)` of the last axis. */
export function columnsOf(context: NodeContext, value: Quantised, first: number, count: number): Quantised {
  const starts = value.shape.map((_, axis) => (axis === value.shape.length - 1 ? first : 0))
  const sizes = value.shape.with(-1, count)
  const steps = value.shape.map(() => 1)
  return emit(context, { kind: 'slice', inputs: [value.id], starts, sizes, steps }, value.step)
}

/** The product of two values, exact. */
export function multiply(context: NodeContext, a: Quantised, b: Quantised): Quantised {
  return emit(context, { kind: 'mul', inputs: [a.id, b.id] }, a.step * b.step)
}

/** The sum of two values of one step. */
export function sum(context: NodeContext, a: Quantised, b: Quantised): Quantised {
  return emit(context, { kind: 'add', inputs: [a.id, b.id] }, a.step)
}

/** Rounds to a coarser step and clips. */
export function round(
  context: NodeContext,
  value: Quantised,
  format: { readonly step: number; readonly lo: number; readonly hi: number },
): Quantised {
  const bits = Math.round(Math.log2(format.step / value.step))
  const id: ValueId =
    bits === 0 ? value.id : context.add({ kind: 'shift-right', inputs: [value.id], bits, rounding: 'half-even' })
  return emit(context, { kind: 'clip', inputs: [id], lo: format.lo, hi: format.hi }, format.step)
}

/** The state as an operand of a contraction: symmetric integers of the precision's operand bits. */
export function narrow(context: NodeContext, state: Quantised): Quantised {
  const bits = context.precision.operandBits - 1
  return round(context, state, { step: 2 ** -bits, lo: 1 - 2 ** bits, hi: 2 ** bits - 1 })
}

/** The logistic function. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
