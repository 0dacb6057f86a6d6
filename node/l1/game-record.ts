import type { Hex } from '../protocol/bytes.ts'
import type { LogRecord } from '../protocol/inference-log.ts'
import type { GameStage, Side } from '../prover/game-stage.ts'

/** Where a rollup's disputes live on L1. */
export interface DisputeContracts {
  readonly disputeGameFactory: Hex
  readonly anchorStateRegistry: Hex
  readonly bisectionGame: Hex
}

/** Game type of a proposal in the factory. */
export const PROPOSAL_GAME_TYPE = 7007

/** How a proposal ended; `pending` while it is not resolved. */
export type ProposalOutcome = 'pending' | 'upheld' | 'proven-false' | 'ruled-false' | 'lapsed'

/** Somebody holds a proposal false in a way that no game can prove. */
export interface ProposalFlag {
  readonly by: Hex
  /** Unix time until which the guardian can rule, in seconds. */
  readonly rulingDeadline: number
  /** Undefined while the guardian has not ruled. */
  readonly ruling: 'valid' | 'invalid' | undefined
}

/** A proposer's claim about one L2 block, as L1 has it. Times are Unix seconds. */
export interface Proposal {
  readonly address: Hex
  /** Its place in the factory. */
  readonly index: number
  readonly proposer: Hex
  readonly rootClaim: Hex
  readonly l2Block: number
  /** The anchor that it builds on. */
  readonly anchorBlock: number
  readonly anchorRoot: Hex
  readonly createdAt: number
  /** From here on no game can be opened and no flag raised. */
  readonly closesAt: number
  /** The L1 block before its creation: what the claim is judged by. */
  readonly l1Head: Hex
  readonly outcome: ProposalOutcome
  /** 0 while it is not resolved. */
  readonly resolvedAt: number
  /** Undefined where nobody flagged it. */
  readonly flagged: ProposalFlag | undefined
  /** The earliest opened game that a challenger won, of those paid out. */
  readonly winningGame: Hex | undefined
  /** What is still held of its bond, in wei. */
  readonly bondWei: bigint
  /** Games opened, and those not paid out yet. */
  readonly games: number
  readonly openGames: number
}

/** How a game stands. */
export type GameState = 'running' | 'challenger-won' | 'proposer-won' | 'escalated' | 'settled'

/** How far down a game is. */
export type GameRung = 'roots' | 'block' | 'log-opening' | 'log' | 'record' | 'trace-opening' | 'trace' | 'execution'

/** One game, as L1 has it. */
export interface Game {
  readonly id: Hex
  readonly proposal: Hex
  readonly proposer: Hex
  readonly challenger: Hex
  /** Its place among the games against the proposal. */
  readonly index: number
  readonly state: GameState
  readonly rung: GameRung
  readonly turn: Side
  /** Whether the proposer put its stake down. */
  readonly isStaked: boolean
  /** Unix time until which the player on turn can move; 0 where the game is not running. */
  readonly deadline: number
  /** Seconds that each side had left when the last move was made. */
  readonly clocks: Readonly<Record<Side, number>>
  /** What the player on turn answers. */
  readonly stage: GameStage
  /** Its course so far, oldest first. */
  readonly moves: readonly GameMove[]
}

/** Where a move is on L1. */
export interface MovePlace {
  readonly transaction: Hex
  readonly l1Block: number
}

/** What happened in a game, move by move. `clock`: seconds that the mover has left. */
export type GameMove = MovePlace &
  (
    | { readonly kind: 'opened'; readonly challenger: Hex; readonly rootClaim: Hex }
    | {
        readonly kind: 'dissected'
        readonly mover: Hex
        readonly rung: GameRung
        readonly segment: number
        readonly lo: number
        readonly hi: number
        readonly clock: number
        readonly start: Hex
        readonly hashes: readonly Hex[]
      }
    | {
        readonly kind: 'block-revealed'
        readonly l2Block: number
        readonly blockHash: Hex
        readonly logRoot: Hex
        readonly logCount: number
        readonly clock: number
      }
    | { readonly kind: 'log-opened'; readonly logCount: number }
    | {
        readonly kind: 'record-revealed'
        readonly index: number
        /** Undefined where the log ends before that place. */
        readonly record: LogRecord | undefined
        readonly clock: number
      }
    | { readonly kind: 'trace-opened'; readonly modelId: Hex; readonly programRoot: Hex; readonly steps: number }
    | {
        readonly kind: 'step-proven'
        readonly step: number
        readonly start: Hex
        readonly refuted: Hex
        readonly proven: Hex
      }
    | { readonly kind: 'escalated'; readonly clock: number }
    | { readonly kind: 'decided'; readonly winner: Side; readonly byTime: boolean }
    | {
        readonly kind: 'settled'
        readonly toChallengerWei: bigint
        readonly toProposerWei: bigint
        readonly burnedWei: bigint
      }
  )
