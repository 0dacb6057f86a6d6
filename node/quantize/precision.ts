/** Widths in bits, of one node or of a whole model. Signs count: 7-bit weights are within ±64. */
export interface Precision {
  /** Weights of a contraction, within ±2^(bits − 1). */
  readonly weightBits: number
  /** Operands of contractions. */
  readonly operandBits: number
  /** Operands of lookup tables. */
  readonly indexBits: number
  /** What is summed over many layers or normalised: residual streams, recurrent state, results. */
  readonly streamBits: number
}

/** Named precisions; `auto` starts from `fast` and raises single nodes. */
export type Preset = 'fast' | 'precise' | 'auto'

/** `fast`: pairs of u8 × 7-bit products never saturate 16 bits, on any CPU. `precise`: float32 and digit budgets. */
export const PRECISIONS: Readonly<Record<'fast' | 'precise', Precision>> = {
  fast: { weightBits: 7, operandBits: 8, indexBits: 10, streamBits: 16 },
  precise: { weightBits: 10, operandBits: 12, indexBits: 14, streamBits: 18 },
}
