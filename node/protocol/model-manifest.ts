import type { Hex } from './bytes.ts'

/** Shape, lane width and inclusive bounds of one model input or output, as bound into the modelId. */
export interface TensorSpec {
  readonly shape: readonly number[]
  readonly laneBytes: 1 | 2 | 4 | 8
  readonly lo: number
  readonly hi: number
}

/**
 * Facts about a model's cost, from shapes and bounds only; gas is a fork's schedule over them. All are safe integers.
 * The class of a contraction follows from its proven bounds: narrow = 8-bit operands and an int32 accumulator, medium =
 * accumulator within 2^24, wide = within 2^53. Contractions of few terms or columns, poolings and reductions count as wide.
 */
export interface ModelCounters {
  /** Micro-steps T of the Program: what a dispute bisects over. */
  readonly steps: number
  /** Ops of the graph; one of more than 8 operands counts once for each 8 begun, a convolution once more for each 2 of up to 64 taps. */
  readonly opCount: number
  readonly macsNarrow: number
  readonly macsMedium: number
  readonly macsWide: number
  /** Lanes written by all ops. */
  readonly elements: number
  /** Σ over contractions of batch × groups: small kernels have a fixed price each. */
  readonly kernelCalls: number
  readonly gatheredBytes: number
  readonly movedBytes: number
  /** Bytes of inputs and outputs, which every node hashes. */
  readonly hashedBytes: number
  readonly constantBytes: number
  /** Size of the ExactGraph's canonical bytes. */
  readonly graphBytes: number
  /** Greatest memory in use at once, im2col and widening included. */
  readonly peakBytes: number
  /** Σ over convolutions and poolings of the padded input and the unfolded windows, in the element type that their bounds ask for. */
  readonly scratchBytes: number
}

/** The preimage of a modelId, decoded: all that consensus needs to price and validate an inference without the model's bytes. */
export interface ModelManifest {
  readonly modelId: Hex
  readonly profile: number
  /** keccak256 of the ExactGraph's canonical bytes. */
  readonly graphHash: Hex
  readonly programRoot: Hex
  readonly constantsRoot: Hex
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly counters: ModelCounters
}

/**
 * Runs an active model: canonical input bytes (all inputs, in order) → canonical output bytes. Range and length were checked.
 * @throws UnavailableError when this node cannot run it now; the caller must never turn that into a verdict.
 */
export type Infer = (manifest: ModelManifest, input: Uint8Array) => Promise<Uint8Array>
