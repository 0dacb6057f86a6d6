import type { Proposal } from '../l1/game-record.ts'
import type { GameOracle } from '../prover/game-oracle.ts'

/** What a challenger makes of a proposal. */
export type ProposalVerdict =
  /** By our own chain the root is that of the block. */
  | 'right'
  /** Our own chain has another root at that block. */
  | 'wrong'
  /** L1 up to the proposal's block does not yield that block at all. */
  | 'not-derivable'
  /** Our own chain has not got there: no verdict. */
  | 'unknown'

/** What a verdict is based on. */
export interface JudgeDeps {
  readonly oracle: Pick<GameOracle, 'outputRootAt'>
  /** The last block that was derived from L1. */
  safeL2Number(): number
  /** The last L1 block that was read; all that follows from those before it is in the chain. */
  derivedL1Number(): number | undefined
  /** Number of an L1 block. Rejects with UnavailableError where L1 does not know it. */
  l1NumberOf(hash: Proposal['l1Head']): Promise<number>
}

/**
 * Judges a proposal by our own derivation from L1 up to the block before it was made. Rejects with UnavailableError where the
 * facts cannot be had now; that is no verdict.
 */
export async function judgeProposal(proposal: Proposal, deps: JudgeDeps): Promise<ProposalVerdict> {
  if (deps.safeL2Number() >= proposal.l2Block) {
    const root = await deps.oracle.outputRootAt(proposal.l2Block)
    return root === proposal.rootClaim ? 'right' : 'wrong'
  }
  const l1Head = await deps.l1NumberOf(proposal.l1Head)
  const derived = deps.derivedL1Number()
  return derived !== undefined && derived > l1Head ? 'not-derivable' : 'unknown'
}
