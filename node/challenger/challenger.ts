import type { ContractSender } from '../l1/contract-sender.ts'
import { createDisputeActor } from '../l1/dispute-actor.ts'
import { createDisputePlayer, type DisputeObserver, type Moment } from '../l1/dispute-player.ts'
import type { DisputeReader } from '../l1/dispute-reader.ts'
import type { Game, Proposal } from '../l1/game-record.ts'
import { attempt, type PollSettings, pollUntilAborted } from '../l1/poll-loop.ts'
import type { GameOracle } from '../prover/game-oracle.ts'
import { openingMove } from '../prover/game-solver.ts'
import type { Log } from '../telemetry/logger.ts'
import { type JudgeDeps, judgeProposal } from './judge-proposal.ts'

/** Defaults for a public L1. */
export const DEFAULT_CHALLENGER_SETTINGS: PollSettings = { pollMs: 6_000, retryDelayMs: 6_000 }

/** What the challenger needs besides its settings. */
export interface ChallengerDeps extends Omit<JudgeDeps, 'oracle'> {
  readonly reader: DisputeReader
  readonly sender: ContractSender
  readonly oracle: GameOracle
  readonly log: Log
  readonly observer: DisputeObserver
  /** Told when the challenger halts because an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** The challenger service: holds every proposal against its own chain, and disputes what is false down to one step. */
export interface Challenger {
  start(): void
  /** Stops at once. The next run goes on with all games: what it does follows from L1 and its own chain alone. */
  close(): Promise<void>
}

/** Creates the challenger. */
export function createChallenger(settings: PollSettings, deps: ChallengerDeps): Challenger {
  const abort = new AbortController()
  let running: Promise<void> | undefined
  return {
    start: () => {
      running ??= run(settings, deps, abort.signal).catch(deps.onFatal)
    },
    close: async () => {
      abort.abort()
      await running
    },
  }
}

async function run(settings: PollSettings, deps: ChallengerDeps, signal: AbortSignal): Promise<void> {
  const { reader, sender, oracle, log, observer } = deps
  const actor = createDisputeActor(reader.contracts, sender, signal)
  const player = createDisputePlayer('challenger', { reader, actor, oracle, log, observer, signal })
  const account = actor.address.toLowerCase()
  const isMine = ({ challenger }: Game) => challenger === account

  /** Opens a game against a false proposal, or flags one that L1 does not yield. */
  const object = async (proposal: Proposal, games: readonly Game[], { terms, nowSeconds }: Moment) => {
    if (proposal.outcome !== 'pending' || nowSeconds >= proposal.closesAt || games.some(isMine)) return
    const verdict = await judgeProposal(proposal, deps)
    const { address, l2Block, rootClaim } = proposal
    if (verdict === 'not-derivable' && proposal.flagged === undefined) {
      log.warn({ proposal: address, l2Block }, 'a proposal is of a block that L1 does not yield: flagging it')
      observer.onSent('flag-proposal', await actor.flag(address, terms))
    }
    if (verdict !== 'wrong') return
    const hashes = await openingMove(proposal, oracle)
    if (hashes === undefined) return
    log.warn({ proposal: address, l2Block, rootClaim, ours: hashes.at(-1) }, 'a proposal is false: opening a game')
    observer.onSent('open', await actor.open(address, hashes, terms))
  }

  /** Everything that is ours to do for one proposal. Returns the games that we play. */
  const attend = async (proposal: Proposal, moment: Moment): Promise<readonly Game[]> => {
    const games = await reader.games(proposal)
    await object(proposal, games, moment)
    const mine = games.filter(isMine)
    if (mine.length > 0 || proposal.flagged?.by === account) await player.tend(proposal, games, moment)
    return proposal.outcome === 'pending' ? mine : []
  }

  await pollUntilAborted(settings, signal, log, async () => {
    const moment = await player.moment()
    const mine: Game[] = []
    for (const proposal of await reader.proposals()) {
      if (signal.aborted) return
      if (proposal.outcome !== 'pending' && proposal.openGames === 0) continue
      const what = `could not attend to proposal ${proposal.address}, trying again`
      await attempt(log, what, signal, async () => mine.push(...(await attend(proposal, moment))))
    }
    await player.playAll(mine, moment)
    await attempt(log, 'could not claim what we are owed, trying again', signal, () => player.claim())
  })
}
