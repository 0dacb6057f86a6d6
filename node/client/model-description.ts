import type { Hex } from '../protocol/bytes.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'

/**
 * What the lanes of a tensor are: real values; indices of classes; or, of outputs, one lane a class along an axis: scores (the greatest wins),
 * logits (softmax makes them probabilities; sigmoid, where the axis has one lane) or probabilities.
 */
export type LaneKind = 'value' | 'class' | 'scores' | 'logits' | 'probabilities'

/** What one lane means to people. Reals are texts that `parseReal` reads, so that no parser rounds them: `"0.0001"`, `"2^-12"`. */
export interface LaneMeaning {
  /** A phrase that says what it is. */
  readonly about?: string
  readonly unit?: string
  /** What one more in the lane adds to the real value: positive. */
  readonly step: string
  /** The real value of lane 0. */
  readonly offset: string
  /** The least real value that the model tells apart; without it, that of `lo`. */
  readonly min?: string
  /** The greatest real value that the model tells apart; without it, that of `hi`. */
  readonly max?: string
  /** Of inputs: whether values beyond `min` and `max` count as the nearest end (`clip`) or are refused (`strict`, also when absent). */
  readonly range?: 'clip' | 'strict'
  /** Names of the classes, in order. */
  readonly labels?: readonly string[]
}

/** One column of a tensor: the lanes of one index along its axis. */
export interface ColumnDescription extends LaneMeaning {
  readonly name: string
  readonly kind: 'value' | 'class'
}

/** An input or output: what the modelId binds (shape, lane width in bytes, inclusive bounds of lanes), and what it means. */
export interface TensorDescription extends TensorSpec, LaneMeaning {
  readonly name: string
  readonly kind: LaneKind
  /** The axis of the columns, or of the classes of scores, logits and probabilities; not negative. */
  readonly axis?: number
  /** One for each index along `axis`. */
  readonly columns?: readonly ColumnDescription[]
}

/**
 * All that a caller of a model needs to know: one JSON document, which `assay model describe` prints. Declared `as const`, it also gives the
 * types of what `encodeInputs` takes and `decodeOutputs` gives.
 */
export interface ModelDescription {
  readonly modelId: Hex
  readonly title?: string
  /** In the order of their bytes. */
  readonly inputs: readonly TensorDescription[]
  /** In the order of their bytes. */
  readonly outputs: readonly TensorDescription[]
}
