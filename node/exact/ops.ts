import { type FieldCodec, FLAG, INT_LIST, LANE, ROUNDING, UINT, UINT_LIST } from './fields.ts'
import type { Bounds, Op, OpKind, PoolOp, ReduceOp, Shape, ValueId } from './graph.ts'
import * as bounds from './ops/bounds.ts'
import * as shapes from './ops/shapes.ts'
import type { Operand } from './ops/sums.ts'
import * as sums from './ops/sums.ts'
import { shapeSize } from './tensor-data.ts'

/*
 * The closed op set: one entry a kind, with all that makes an op valid. The values that an op computes are defined in
 * `lane-functions.ts`. Opcodes and field orders are the canonical encoding; they never change within a profile.
 */

/** Bounds of a result; `accumulation` where the op sums (see `CheckedGraph.accumulations`). May exceed the caps. */
export interface ResultBounds extends Bounds {
  readonly accumulation?: number
}

/** The op of a kind. */
export type OpOf<K extends OpKind, O extends Op = Op> = O extends unknown ? (K extends O['kind'] ? O : never) : never

/** A parameter of an op and how it is encoded. */
export type FieldOf<O extends Op> = O extends unknown ? FieldPer<Omit<O, 'kind' | 'inputs'>> : never
type FieldPer<Parameters> = {
  [Name in keyof Parameters & string]: readonly [Name, FieldCodec<Parameters[Name]>]
}[keyof Parameters & string]

type OperandPer<Inputs extends readonly ValueId[]> = { readonly [I in keyof Inputs]: Operand }

/** One operand for each input of the op. */
export type Operands<O extends Op> = OperandPer<O['inputs']>

/** Everything that decides whether an op is valid. The rules throw InvalidError; the check caps what they return. */
export interface OpRule<O extends Op> {
  readonly opcode: number
  /** Number of operands; `'many'` is 1 or more. */
  readonly arity: 1 | 2 | 3 | 'many'
  /** The parameters, in encoding order, each with its range and bytes. */
  readonly fields: readonly FieldOf<O>[]
  /** Extents of the result. */
  shape(op: O, inputs: Operands<O>): Shape
  /** Bounds of the result and of its partial sums. */
  bounds(op: O, inputs: Operands<O>, columnSums: sums.ColumnSums): ResultBounds
  /** Terms folded into one lane of the result; absent where there is one. */
  fanIn?(op: O, inputs: Operands<O>): number
}

type Pair = readonly [Operand, Operand]
type One = readonly [Operand]

const pairShape = (_: Op, [a, b]: Pair) => shapes.broadcastShapes(a.shape, b.shape)
const sameShape = (_: Op, [a]: One) => a.shape
const sameBounds = (_: Op, [a]: One) => ({ lo: a.lo, hi: a.hi })
const reducedShape = (op: ReduceOp, [a]: One) => shapes.reduceShape(op, a.shape)
const reducedLanes = (op: ReduceOp, [a]: One) => shapeSize(op.axes.map((axis) => a.shape[axis] as number))
const windowLanes = (op: PoolOp) => shapeSize(op.kernel)

const WINDOW = [
  ['strides', UINT_LIST],
  ['dilations', UINT_LIST],
  ['pads', UINT_LIST],
] as const
const AXES = [
  ['axes', UINT_LIST],
  ['keepDims', FLAG],
] as const

// biome-ignore format: a table, one op after the other
/** The op set: a rule for every kind. */
export const OPS: { readonly [K in OpKind]: OpRule<OpOf<K>> } = {
  // lane by lane
  add: { opcode: 1, arity: 2, fields: [], shape: pairShape, bounds: (_, [a, b]) => bounds.addBounds(a, b) },
  sub: { opcode: 2, arity: 2, fields: [], shape: pairShape, bounds: (_, [a, b]) => bounds.subBounds(a, b) },
  mul: { opcode: 3, arity: 2, fields: [], shape: pairShape,
    bounds: (op, [a, b]) => (op.inputs[0] === op.inputs[1] ? bounds.squareBounds(a) : bounds.mulBounds(a, b)) },
  min: { opcode: 4, arity: 2, fields: [], shape: pairShape, bounds: (_, [a, b]) => bounds.minBounds(a, b) },
  max: { opcode: 5, arity: 2, fields: [], shape: pairShape, bounds: (_, [a, b]) => bounds.maxBounds(a, b) },
  clip: { opcode: 6, arity: 1, fields: [['lo', LANE], ['hi', LANE]],
    shape: sameShape, bounds: (op, [a]) => bounds.clipBounds(op, a) },
  'shift-left': { opcode: 7, arity: 1, fields: [['bits', UINT]],
    shape: sameShape, bounds: (op, [a]) => bounds.shiftLeftBounds(op, a) },
  'shift-right': { opcode: 8, arity: 1, fields: [['bits', UINT], ['rounding', ROUNDING]],
    shape: sameShape, bounds: (op, [a]) => bounds.shiftRightBounds(op, a) },

  floordiv: { opcode: 9, arity: 2, fields: [], shape: pairShape, bounds: (_, [a, b]) => bounds.floordivBounds(a, b) },
  isqrt: { opcode: 10, arity: 1, fields: [], shape: sameShape, bounds: (_, [a]) => bounds.isqrtBounds(a) },
  less: { opcode: 11, arity: 2, fields: [], shape: pairShape, bounds: () => ({ lo: 0, hi: 1 }) },
  equal: { opcode: 12, arity: 2, fields: [], shape: pairShape, bounds: () => ({ lo: 0, hi: 1 }) },
  select: { opcode: 13, arity: 3, fields: [],
    shape: (_, [condition, a, b]) =>
      shapes.broadcastShapes(condition.shape, shapes.broadcastShapes(a.shape, b.shape)),
    bounds: (_, [condition, a, b]) => bounds.selectBounds(condition, a, b) },

  // contractions and pooling
  matmul: { opcode: 16, arity: 2, fields: [],
    shape: (_, [a, b]) => shapes.matmulShape(a.shape, b.shape),
    bounds: (_, [a, b], columnSums) => sums.matmulSums(a, b, columnSums),
    fanIn: (_, [a]) => a.shape.at(-1) as number },
  conv: { opcode: 17, arity: 2, fields: [...WINDOW, ['groups', UINT]],
    shape: (op, [input, weights]) => shapes.convShape(op, input.shape, weights.shape),
    bounds: (op, [input, weights], columnSums) => sums.convSums(op, input, weights, columnSums),
    fanIn: (_, [, weights]) => shapeSize(weights.shape.slice(1)) },
  'sum-pool': { opcode: 18, arity: 1, fields: [['kernel', UINT_LIST], ...WINDOW],
    shape: (op, [a]) => shapes.poolShape(op, a.shape), bounds: (op, [a]) => sums.poolSums(op, a), fanIn: windowLanes },
  'max-pool': { opcode: 19, arity: 1, fields: [['kernel', UINT_LIST], ...WINDOW],
    shape: (op, [a]) => shapes.maxPoolShape(op, a.shape), bounds: sameBounds, fanIn: windowLanes },

  // reductions
  'reduce-sum': { opcode: 24, arity: 1, fields: AXES, shape: reducedShape,
    bounds: (op, inputs) => sums.sumBounds(reducedLanes(op, inputs), inputs[0]), fanIn: reducedLanes },
  'reduce-max': { opcode: 25, arity: 1, fields: AXES, shape: reducedShape, bounds: sameBounds, fanIn: reducedLanes },
  'reduce-min': { opcode: 26, arity: 1, fields: AXES, shape: reducedShape, bounds: sameBounds, fanIn: reducedLanes },
  argmax: { opcode: 27, arity: 1, fields: [['axis', UINT], ['keepDims', FLAG]],
    shape: (op, [a]) => shapes.argmaxShape(op, a.shape),
    bounds: (op, [a]) => bounds.argmaxBounds(op, a.shape),
    fanIn: (op, [a]) => a.shape[op.axis] as number },

  // movement
  lookup: { opcode: 32, arity: 2, fields: [['axis', UINT]],
    shape: (op, [indices, table]) => shapes.lookupShape(op, indices.shape, table.shape),
    bounds: (op, [indices, table]) => bounds.lookupBounds(op, indices, table, table.shape) },
  'gather-elements': { opcode: 39, arity: 2, fields: [['axis', UINT]],
    shape: (op, [indices, table]) => shapes.gatherElementsShape(op, indices.shape, table.shape),
    bounds: (op, [indices, table]) => bounds.lookupBounds(op, indices, table, table.shape) },
  reshape: { opcode: 33, arity: 1, fields: [['shape', UINT_LIST]],
    shape: (op, [a]) => shapes.reshapeShape(op, a.shape), bounds: sameBounds },
  transpose: { opcode: 34, arity: 1, fields: [['permutation', UINT_LIST]],
    shape: (op, [a]) => shapes.transposeShape(op, a.shape), bounds: sameBounds },
  slice: { opcode: 35, arity: 1, fields: [['starts', UINT_LIST], ['sizes', UINT_LIST], ['steps', INT_LIST]],
    shape: (op, [a]) => shapes.sliceShape(op, a.shape), bounds: sameBounds },
  pad: { opcode: 36, arity: 1, fields: [['pads', UINT_LIST], ['value', LANE]],
    shape: (op, [a]) => shapes.padShape(op, a.shape), bounds: (op, [a]) => bounds.padBounds(op, a) },
  concat: { opcode: 37, arity: 'many', fields: [['axis', UINT]],
    shape: (op, inputs) => shapes.concatShape(op, inputs.map((input) => input.shape)),
    bounds: (_, inputs) => inputs.reduce<Bounds>((all, input) => bounds.hull(all, input), inputs[0] as Operand) },
  expand: { opcode: 38, arity: 1, fields: [['shape', UINT_LIST]],
    shape: (op, [a]) => shapes.expandShape(op, a.shape), bounds: sameBounds },
}

/** The rule of an op. Operands must match its arity. */
export function ruleOf(op: Op): OpRule<Op> {
  return OPS[op.kind] as OpRule<Op>
}
