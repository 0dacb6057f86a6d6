import type { Hex } from '../protocol/bytes.ts'
import type { LogCommitment, LogRecord } from '../protocol/inference-log.ts'
import type { Dissection } from './dissection.ts'

/** The two players of a game. */
export type Side = 'proposer' | 'challenger'

/** The player who is not `side`. */
export function otherSide(side: Side): Side {
  return side === 'proposer' ? 'challenger' : 'proposer'
}

/** A single position that both players narrowed a range down to; `end` is what its claimant says and the other rejects. */
export interface Pinned {
  /** The block, record or step: its claim is the one at `position + 1`. */
  readonly position: number
  readonly start: Hex
  readonly end: Hex
}

/** What the proposer showed of its block's log. */
export type RevealedLog = Pick<LogCommitment, 'logRoot' | 'logCount'>

/** The inference that a game is about. */
export interface DisputedInference {
  readonly block: number
  /** Place of the record in the block's log. */
  readonly index: number
  /** As the proposer revealed it. */
  readonly record: LogRecord
}

/**
 * Where a game stands, as L1 has it: what is asked of whom. The rungs in order: output roots, the block, its log, the record, the
 * inference. `dissection` is always that of the player who is not to move.
 */
export type GameStage =
  | { readonly kind: 'roots'; readonly turn: Side; readonly dissection: Dissection }
  /** The challenger picked the proposer's root of one block: the proposer owes its preimage. */
  | { readonly kind: 'reveal-block'; readonly turn: 'proposer'; readonly pinned: Pinned }
  | {
      readonly kind: 'open-log'
      readonly turn: 'challenger'
      readonly block: number
      readonly revealed: RevealedLog
    }
  | { readonly kind: 'log'; readonly turn: Side; readonly block: number; readonly dissection: Dissection }
  /** The challenger picked the proposer's prefix of the log up to one record: the proposer owes that record. */
  | { readonly kind: 'reveal-record'; readonly turn: 'proposer'; readonly block: number; readonly pinned: Pinned }
  | {
      readonly kind: 'open-inference'
      readonly turn: 'challenger'
      readonly block: number
      readonly index: number
      /** Undefined where the proposer showed that its log has no such record. */
      readonly record: LogRecord | undefined
    }
  | {
      readonly kind: 'inference'
      readonly turn: Side
      readonly disputed: DisputedInference
      readonly dissection: Dissection
    }
  | { readonly kind: 'over'; readonly winner: Side }
