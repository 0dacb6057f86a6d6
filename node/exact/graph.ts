/**
 * The ExactGraph: integer tensors with static shapes, joined by a closed set of ops. Plain data; nothing here computes.
 * The op semantics are defined by `reference.ts`, the validity rules by `ops.ts`, the bytes by `graph-codec.ts`.
 */

/** Extents of a tensor, outermost axis first (row-major). `[]` is a scalar. No extent is zero. */
export type Shape = readonly number[]

/** Width of a two's-complement lane in bytes. */
export type LaneBytes = 1 | 2 | 4 | 8

/** Row-major lanes of a tensor. Every lane is a safe integer, in an 8-byte lane too (hence Float64Array). */
export type TensorData = Int8Array | Int16Array | Int32Array | Float64Array

/** A concrete tensor: `data.length` equals the product of `shape`. */
export interface Tensor {
  readonly shape: Shape
  readonly data: TensorData
}

/** Inclusive bounds of every lane of a tensor. Both ends are safe integers, `lo <= hi`. */
export interface Bounds {
  readonly lo: number
  readonly hi: number
}

/** Index of a value: inputs first, then constants, then one value per op, in order. An op reads smaller ids only. */
export type ValueId = number

/** A declared input: callers send lanes of `laneBytes`, each within `[lo, hi]` (an inclusive range that fits the lane). */
export interface GraphInput extends Bounds {
  readonly shape: Shape
  readonly laneBytes: LaneBytes
}

/** A constant tensor. Its lane width is the smallest that holds its actual values. */
export interface GraphConstant {
  readonly shape: Shape
  readonly data: TensorData
}

/** A declared output: the value with this id, sent in lanes of `laneBytes` (checked to hold its bounds). */
export interface GraphOutput {
  readonly value: ValueId
  readonly laneBytes: LaneBytes
}

/** How a right shift by `bits` brings a value to an integer: towards −∞, or to the nearest with ties to even. */
export type ShiftRounding = 'floor' | 'half-even'

/** Window geometry over the spatial axes, shared by convolution and pooling. All arrays have one entry a spatial axis (1 to 3). */
export interface Window {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Zero lanes added before (`pads[i]`) and after (`pads[n + i]`) spatial axis i. */
  readonly pads: readonly number[]
}

/** Ops of two tensors, lane by lane under NumPy broadcasting. */
export interface BinaryOp {
  readonly kind: 'add' | 'sub' | 'mul' | 'min' | 'max'
  readonly inputs: readonly [ValueId, ValueId]
}
/** The quotient of two tensors rounded towards −∞, under NumPy broadcasting. The second is proven to be 1 or more. */
export interface FloordivOp {
  readonly kind: 'floordiv'
  readonly inputs: readonly [ValueId, ValueId]
}
/** The greatest integer whose square is at most the lane. Lanes are proven to lie in `[0, 2^52)`. */
export interface IsqrtOp {
  readonly kind: 'isqrt'
  readonly inputs: readonly [ValueId]
}
/** 1 where the first tensor's lane is less than (or equal to) the second's, else 0, under NumPy broadcasting. */
export interface CompareOp {
  readonly kind: 'less' | 'equal'
  readonly inputs: readonly [ValueId, ValueId]
}
/**
 * `[condition, a, b]`: a's lane where the condition is 1, b's where it is 0, all three under NumPy broadcasting. The condition
 * is proven to lie in `[0, 1]`, and a − b to be safe.
 */
export interface SelectOp {
  readonly kind: 'select'
  readonly inputs: readonly [ValueId, ValueId, ValueId]
}
/** Clamps every lane to `[lo, hi]`. */
export interface ClipOp extends Bounds {
  readonly kind: 'clip'
  readonly inputs: readonly [ValueId]
}
/** Multiplies every lane by 2^bits, 1 <= bits <= 52. */
export interface ShiftLeftOp {
  readonly kind: 'shift-left'
  readonly inputs: readonly [ValueId]
  readonly bits: number
}
/** Divides every lane by 2^bits with the stated rounding, 1 <= bits <= 52. */
export interface ShiftRightOp {
  readonly kind: 'shift-right'
  readonly inputs: readonly [ValueId]
  readonly bits: number
  readonly rounding: ShiftRounding
}
/** Batched matrix product `[…, m, k] × […, k, n] → […, m, n]`, batch axes broadcast; both ranks are at least 2. */
export interface MatmulOp {
  readonly kind: 'matmul'
  readonly inputs: readonly [ValueId, ValueId]
}
/** Cross-correlation `[n, c, …spatial] × [o, c/groups, …kernel] → [n, o, …spatial']`, as ONNX Conv; no bias (use add). */
export interface ConvOp extends Window {
  readonly kind: 'conv'
  readonly inputs: readonly [ValueId, ValueId]
  readonly groups: number
}
/** Pooling over `[n, c, …spatial]` windows. sum: padding counts as 0. max: padding is skipped, each window holds one lane at least. */
export interface PoolOp extends Window {
  readonly kind: 'sum-pool' | 'max-pool'
  readonly inputs: readonly [ValueId]
  readonly kernel: readonly number[]
}
/** Reduction over `axes` (sorted, distinct, non-negative, at least one). */
export interface ReduceOp {
  readonly kind: 'reduce-sum' | 'reduce-max' | 'reduce-min'
  readonly inputs: readonly [ValueId]
  readonly axes: readonly number[]
  readonly keepDims: boolean
}
/** Index of the greatest lane along `axis`; the first of equals wins. */
export interface ArgmaxOp {
  readonly kind: 'argmax'
  readonly inputs: readonly [ValueId]
  readonly axis: number
  readonly keepDims: boolean
}
/**
 * Reads `table` along `axis` at the lanes of `indices`: inputs are `[indices, table]`,
 * `out[…a, …i, …b] = table[…a, indices[…i], …b]` (ONNX Gather). Every index is proven to lie in `[0, table.shape[axis])`.
 */
export interface LookupOp {
  readonly kind: 'lookup'
  readonly inputs: readonly [ValueId, ValueId]
  readonly axis: number
}
/**
 * Reads `table` along `axis` lane by lane: inputs are `[indices, table]`, of equal extents but for `axis`, and
 * `out[…a, i, …b] = table[…a, indices[…a, i, …b], …b]` (ONNX GatherElements). Every index is proven to lie in `[0, table.shape[axis])`.
 */
export interface GatherElementsOp {
  readonly kind: 'gather-elements'
  readonly inputs: readonly [ValueId, ValueId]
  readonly axis: number
}
/** The same lanes under another shape of equal size. */
export interface ReshapeOp {
  readonly kind: 'reshape'
  readonly inputs: readonly [ValueId]
  readonly shape: Shape
}
/** `out` axis i is the input's axis `permutation[i]`. */
export interface TransposeOp {
  readonly kind: 'transpose'
  readonly inputs: readonly [ValueId]
  readonly permutation: readonly number[]
}
/** `out[i…] = in[starts + i·steps …]`, one entry an axis: `starts` in range, `steps` non-zero (negative reverses), `sizes` >= 1. */
export interface SliceOp {
  readonly kind: 'slice'
  readonly inputs: readonly [ValueId]
  readonly starts: readonly number[]
  readonly sizes: readonly number[]
  readonly steps: readonly number[]
}
/** Surrounds the tensor with `value`: `pads[i]` lanes before and `pads[rank + i]` after axis i. */
export interface PadOp {
  readonly kind: 'pad'
  readonly inputs: readonly [ValueId]
  readonly pads: readonly number[]
  readonly value: number
}
/** Joins one or more tensors along `axis`; the other extents are equal. */
export interface ConcatOp {
  readonly kind: 'concat'
  readonly inputs: readonly ValueId[]
  readonly axis: number
}
/** Broadcasts the tensor to `shape` (NumPy rules). */
export interface ExpandOp {
  readonly kind: 'expand'
  readonly inputs: readonly [ValueId]
  readonly shape: Shape
}

/** One op; it yields exactly one value. */
export type Op =
  | BinaryOp
  | FloordivOp
  | IsqrtOp
  | CompareOp
  | SelectOp
  | ClipOp
  | ShiftLeftOp
  | ShiftRightOp
  | MatmulOp
  | ConvOp
  | PoolOp
  | ReduceOp
  | ArgmaxOp
  | LookupOp
  | GatherElementsOp
  | ReshapeOp
  | TransposeOp
  | SliceOp
  | PadOp
  | ConcatOp
  | ExpandOp

/** The discriminant of {@link Op}. */
export type OpKind = Op['kind']

/** A whole model as consensus sees it. Not yet checked: see `check.ts`. */
export interface ExactGraph {
  /** Version of the op set, check and lowering rules that the graph is judged by. */
  readonly profile: number
  readonly inputs: readonly GraphInput[]
  readonly constants: readonly GraphConstant[]
  readonly ops: readonly Op[]
  readonly outputs: readonly GraphOutput[]
}

/** What the check proves of one value. `laneBytes` is the smallest lane that holds the bounds. */
export interface ValueFacts extends Bounds {
  readonly shape: Shape
  readonly laneBytes: LaneBytes
}

/** A graph that passed `checkGraph`; only such a graph is run, emitted or lowered. */
export interface CheckedGraph {
  readonly graph: ExactGraph
  /** Facts of every value, by {@link ValueId}. */
  readonly values: readonly ValueFacts[]
  /**
   * For each op that accumulates (matmul, conv, sum-pool, reduce-sum; by op index) the greatest magnitude that any partial
   * sum, in any order, can reach: max(Σ positive products, Σ |negative products|). At most 2^53 − 1. Absent for other ops.
   */
  readonly accumulations: ReadonlyMap<number, number>
}
