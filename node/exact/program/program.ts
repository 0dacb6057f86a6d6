import type { LaneBytes, Shape, TensorData } from '../graph.ts'

/*
 * The Program: a checked graph lowered to loop nests of four kinds, which is what a dispute proves step by step. Plain data;
 * `interpret.ts` is its definition, `program-codec.ts` its bytes, `steps.ts` its trace. All numbers are safe integers.
 */

/** Depth of the value tree, fixed for the profile: a Program has at most 2^16 values. */
export const VALUE_TREE_DEPTH = 16
/** Most loops of a nest, output and fold loops together. */
export const MAX_LOOPS = 12
/** Most scalar ops after a Map or Fold. */
export const MAX_EPILOGUE_OPS = 8
/** Most operands of a Map or Fold, those of the epilogue included, and of a Lookup (exactly 2). */
export const MAX_NEST_OPERANDS = 4
/** Most operands of a Move. */
export const MAX_MOVE_OPERANDS = 8
/** Most bound checks of one operand: one a coordinate. */
export const MAX_CHECKS = 6
/** Lanes that one step of a Map, Lookup or Move writes at most. */
export const MAX_STEP_LANES = 64
/** Terms that one step of a Fold adds at most. */
export const MAX_RUN = 128

/** An affine form over a nest's loop indices: `offset + Σ strides[i] · index[i]`; output loops first, then fold loops. */
export interface Affine {
  readonly offset: number
  readonly strides: readonly number[]
}

/** A coordinate that may leave its axis: in range where `0 <= form < extent`. */
export interface BoundCheck extends Affine {
  readonly extent: number
}

/** How a nest reads a value: the lane at `address` where every check holds; otherwise the operand is out of range. */
export interface OperandMap {
  readonly value: number
  readonly address: Affine
  readonly checks: readonly BoundCheck[]
}

/** One scalar op on the accumulator. `operand` is an index into the nest's operands; those are never out of range. */
export type EpilogueOp =
  | {
      readonly fn:
        | 'add-tensor'
        | 'sub-tensor'
        | 'mul-tensor'
        | 'min-tensor'
        | 'max-tensor'
        | 'floordiv-tensor'
        | 'less-tensor'
        | 'greater-tensor'
        | 'equal-tensor'
      readonly operand: number
    }
  | { readonly fn: 'add' | 'mul' | 'floordiv' | 'less' | 'greater' | 'equal'; readonly value: number }
  | { readonly fn: 'clip'; readonly lo: number; readonly hi: number }
  | { readonly fn: 'shift-left' | 'shift-right-floor' | 'shift-right-half-even'; readonly bits: number }
  | { readonly fn: 'isqrt' }

/** What every nest has: it writes all lanes of `output`, lane o at mixed-radix index o of `outLoops` (outermost first). */
interface Nest {
  /** Value that the nest writes; it reads lower ones only. */
  readonly output: number
  readonly outLoops: readonly number[]
  readonly operands: readonly OperandMap[]
}

/** `out[o] = epilogue(A[α(o)])`; operand 0 is A, the others belong to the epilogue. */
export interface MapOp extends Nest {
  readonly kind: 'map'
  readonly epilogue: readonly EpilogueOp[]
  /** Lanes that one step writes: a power of two that divides the lanes of a chunk. */
  readonly lanesPerStep: number
}

/** How a Fold joins its terms. Sum starts at 0; argmax yields the first index r of the greatest term. */
export type Reduction = 'sum' | 'max' | 'min' | 'argmax'

/**
 * `out[o] = epilogue(⊕_r h(A[α(o,r)], B[β(o,r)]))` with r over `foldLoops` (outermost first). h is A alone or the product
 * A·B of operands 0 and 1; a term with an operand out of range is skipped. The others belong to the epilogue.
 */
export interface FoldOp extends Nest {
  readonly kind: 'fold'
  readonly foldLoops: readonly number[]
  readonly reduction: Reduction
  /** Whether the terms are products of two operands. */
  readonly product: boolean
  readonly epilogue: readonly EpilogueOp[]
  /** Terms of one step at most, along the innermost fold loop. */
  readonly run: number
}

/** `out[o] = B[β(o) + axisStride · i]` with `i = A[α(o)]`, `0 <= i < axisExtent`; operands are A and B. */
export interface LookupOp extends Nest {
  readonly kind: 'lookup'
  readonly axisStride: number
  readonly axisExtent: number
  readonly lanesPerStep: number
}

/** `out[o]` = the first operand in range at o, or `padValue` where none is. */
export interface MoveOp extends Nest {
  readonly kind: 'move'
  readonly padValue: number
  readonly lanesPerStep: number
}

/** One loop nest. */
export type ProgramOp = MapOp | FoldOp | LookupOp | MoveOp

/** How a value is stored: row-major over its writer's output loops, in lanes of this width. */
export interface ProgramValue {
  readonly laneBytes: LaneBytes
  readonly lanes: number
}

/** An output: a value whose lanes are the tensor of this shape, row-major, in the model's declared lane width. */
export interface ProgramOutput {
  readonly value: number
  readonly shape: Shape
}

/** A lowered model. Values are numbered inputs first, then constants, then one for each op. */
export interface Program {
  readonly profile: number
  /** By value id. */
  readonly values: readonly ProgramValue[]
  readonly inputCount: number
  /** Laid out for the ops that read them, so not the graph's constants lane for lane. */
  readonly constants: readonly TensorData[]
  readonly ops: readonly ProgramOp[]
  readonly outputs: readonly ProgramOutput[]
}
