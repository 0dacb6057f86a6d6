import type { Hex } from '../protocol/bytes.ts'
import type { ChainClaims } from './chain-claims.ts'
import type { DisputedInference } from './game-stage.ts'

/** What a player holds true of one inference's trace. */
export interface TraceClaims {
  /** Micro-steps T. */
  readonly steps: number
  readonly outputRoot: Hex
  /** The state before step `t`, 0 ≤ t ≤ T. Cost: at most one inference and its hashing. */
  stateAt(t: number): Promise<Hex>
  /** What proves step `t` on L1. */
  witnessAt(t: number): Promise<Uint8Array>
  /** What binds the trace's first state to the record: see {@link TraceOpening}. */
  opening(): Promise<TraceOpening>
}

/** Ties a model and an input to the first state of a trace. */
export interface TraceOpening {
  /** Preimage of the modelId. */
  readonly manifest: Uint8Array
  readonly inputTensorRoots: readonly Hex[]
  /** Siblings that set the inputs into the tree of constants. */
  readonly siblings: readonly Hex[]
}

/**
 * All that a player knows. Its strategy is a pure function of this and of the game as L1 has it, so that a player may be restarted
 * at any point. Every method rejects with UnavailableError when it cannot know now: the player then waits, and never guesses.
 */
export interface GameOracle extends ChainClaims {
  /** The trace of an inference of a block, by the revealed model and input. */
  traceOf(disputed: DisputedInference): Promise<TraceClaims>
}
