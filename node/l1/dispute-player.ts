import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { GameOracle } from '../prover/game-oracle.ts'
import type { GameAction } from '../prover/game-solver.ts'
import type { Side } from '../prover/game-stage.ts'
import type { Log } from '../telemetry/logger.ts'
import type { DisputeActor } from './dispute-actor.ts'
import { choresOf } from './dispute-chores.ts'
import type { Anchor, DisputeReader, DisputeTerms } from './dispute-reader.ts'
import type { Game, Proposal } from './game-record.ts'
import { attempt } from './poll-loop.ts'
import type { SentTransaction } from './transaction-manager.ts'

/** What a player reports about its doings. */
export interface DisputeObserver {
  /** A transaction of a dispute was mined. @param kind the move or chore. */
  onSent(kind: string, sent: SentTransaction): void
  /** How the games that this account plays stand. */
  onGames(side: Side, games: readonly Game[], nowSeconds: number): void
  /** Ether of this account that is held on L1, or that it can claim. */
  onWei(kind: HeldEther, wei: bigint): void
}

/** What ether is held for: bonds of proposals, bonds and stakes in games, or nothing any more. */
export type HeldEther = 'proposal_bonds' | 'game_bonds' | 'credit'

/** What both kinds of players work with. */
export interface PlayerDeps {
  readonly reader: DisputeReader
  readonly actor: DisputeActor
  readonly oracle: GameOracle
  readonly log: Log
  readonly observer: DisputeObserver
  readonly signal: AbortSignal
}

/** What is the same for all that one look at L1 leads to. */
export interface Moment {
  readonly terms: DisputeTerms
  readonly anchor: Anchor
  readonly nowSeconds: number
}

/** Plays one side of games, and brings games and proposals to their end. */
export interface DisputePlayer {
  moment(): Promise<Moment>
  /** Makes the move that is due in each of these games, the one whose clock ends first before the others. */
  playAll(games: readonly Game[], moment: Moment): Promise<void>
  /** Does what anyone may do now for a proposal and its games. */
  tend(proposal: Proposal, games: readonly Game[], moment: Moment): Promise<void>
  /** Takes the ether that this account is owed. */
  claim(): Promise<void>
}

/** Creates the player of one side. It remembers nothing but what it has told already. */
export function createDisputePlayer(side: Side, deps: PlayerDeps): DisputePlayer {
  const { reader, actor, oracle, log, observer, signal } = deps
  const account = actor.address.toLowerCase() as Hex
  const conceded = new Set<Hex>()

  const report = (kind: string, fields: object, sent: SentTransaction) => {
    const { hash, gasUsed } = sent
    log.info({ ...fields, kind, transaction: hash, gasUsed: Number(gasUsed) }, 'acted in a dispute')
    observer.onSent(kind, sent)
  }

  const concede = (game: Game, action: GameAction) => {
    if (action.kind !== 'concede' || conceded.has(game.id)) return
    conceded.add(game.id)
    log.error({ game: game.id, rung: game.rung }, 'no move is left in a game: by our own chain the opponent is right')
  }

  const play = async (game: Game, { terms }: Moment) => {
    const { action, made } = await actor.play(game, side, oracle, terms)
    concede(game, action)
    if (made !== undefined) report(action.kind, { game: game.id, proposal: game.proposal, rung: game.rung }, made.sent)
  }

  return {
    async moment() {
      const [terms, anchor, nowSeconds] = await Promise.all([reader.terms(), reader.anchor(), reader.now()])
      return { terms, anchor, nowSeconds }
    },
    async playAll(games, moment) {
      const { nowSeconds, terms } = moment
      observer.onGames(side, games, nowSeconds)
      observer.onWei('game_bonds', heldIn(games, side, terms))
      const due = games.filter(
        ({ state, turn, deadline }) => state === 'running' && turn === side && nowSeconds <= deadline,
      )
      for (const game of due.sort((a, b) => a.deadline - b.deadline)) {
        if (signal.aborted) return
        await attempt(log, `could not move in game ${game.id}, trying again`, signal, () => play(game, moment))
      }
    },
    async tend(proposal, games, { anchor, nowSeconds, terms }) {
      const facts = { proposal, games, anchor, nowSeconds, airGapSeconds: terms.airGapSeconds, account }
      for (const chore of choresOf(facts)) {
        if (signal.aborted) return
        await attempt(log, `could not ${chore.kind}, trying again`, signal, async () => {
          const sent = await actor.do(chore).catch(unlessRefused)
          if (sent === undefined) log.debug(chore, 'somebody else was quicker')
          else report(chore.kind, chore, sent)
        })
      }
    },
    async claim() {
      const creditWei = await reader.creditOf(actor.address)
      observer.onWei('credit', creditWei)
      if (creditWei === 0n) return
      const sent = await actor.claimCredit().catch(unlessRefused)
      if (sent !== undefined) report('claim-credit', { account }, sent)
    },
  }
}

/** A chore that L1 refuses was done by somebody else, or cannot be done yet. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof UnavailableError && error.code === 'CallRefused') return undefined
  throw error
}

/** What one side has put down in games that are not paid out yet. */
function heldIn(games: readonly Game[], side: Side, { challengerBondWei, proposerStakeWei }: DisputeTerms): bigint {
  const held = games.filter(({ state, isStaked }) => state !== 'settled' && (side === 'challenger' || isStaked))
  return BigInt(held.length) * (side === 'challenger' ? challengerBondWei : proposerStakeWei)
}
