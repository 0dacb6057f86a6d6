import { encodeAbiParameters } from 'viem'
import type { ContractSender } from '../l1/contract-sender.ts'
import { createDisputeActor } from '../l1/dispute-actor.ts'
import { createDisputePlayer, type DisputeObserver, type Moment } from '../l1/dispute-player.ts'
import type { DisputeReader } from '../l1/dispute-reader.ts'
import type { Game, Proposal } from '../l1/game-record.ts'
import { attempt, type PollSettings, pollUntilAborted } from '../l1/poll-loop.ts'
import { bytesToHex, type Hex, uintToBytes } from '../protocol/bytes.ts'
import type { GameOracle } from '../prover/game-oracle.ts'
import type { Log } from '../telemetry/logger.ts'

/** How the proposer proposes. */
export interface ProposerSettings extends PollSettings {
  /** L2 blocks between two proposals, at least. */
  readonly intervalBlocks: number
  /** Whether to go on proposing after the newest proposal fell: for an operator who knows why it did. */
  readonly proposesAfterFall: boolean
}

/** Defaults for a public L1: a proposal each hour. */
export const DEFAULT_PROPOSER_SETTINGS: ProposerSettings = {
  pollMs: 6_000,
  retryDelayMs: 6_000,
  intervalBlocks: 3_600,
  proposesAfterFall: false,
}

/** What the proposer needs besides its settings. */
export interface ProposerDeps {
  readonly reader: DisputeReader
  readonly sender: ContractSender
  readonly oracle: GameOracle
  /** The newest L2 block that was derived from finalised L1. */
  finalizedL2Number(): number
  /** Computes all inferences of blocks `(lo, hi]` once more by other means. @throws BugError where one differs. */
  doubleCheck(lo: number, hi: number): Promise<void>
  readonly log: Log
  readonly observer: DisputeObserver
  /** Told when the proposer halts: its own check failed, or an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** The proposer service: posts output roots of its own chain to L1 and answers for them. */
export interface Proposer {
  start(): void
  /** Stops at once. The next run goes on with all games: what it does follows from L1 and its own chain alone. */
  close(): Promise<void>
}

/** Creates the proposer. */
export function createProposer(settings: ProposerSettings, deps: ProposerDeps): Proposer {
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

async function run(settings: ProposerSettings, deps: ProposerDeps, signal: AbortSignal): Promise<void> {
  const { reader, sender, oracle, log, observer } = deps
  const actor = createDisputeActor(reader.contracts, sender, signal)
  const player = createDisputePlayer('proposer', { reader, actor, oracle, log, observer, signal })
  const account = actor.address.toLowerCase()
  /** Up to here the records were computed twice. */
  let checkedL2Number = 0
  /** The fallen proposal that was told of. */
  let toldOf: Hex | undefined

  /** Whether the newest proposal was held false: the next one from the same chain would be too, and cost another bond. */
  const hasFallen = (mine: readonly Proposal[]): boolean => {
    const newest = mine.at(-1)
    if (settings.proposesAfterFall || newest === undefined) return false
    if (newest.outcome !== 'proven-false' && newest.outcome !== 'ruled-false') return false
    if (toldOf !== newest.address)
      log.error({ proposal: newest.address }, 'our newest proposal fell: proposing no more')
    toldOf = newest.address
    return true
  }

  const propose = async (mine: readonly Proposal[], { terms, anchor }: Moment) => {
    const standing = mine.filter(({ outcome }) => outcome === 'pending' || outcome === 'upheld')
    const proposedL2Number = Math.max(anchor.l2Block, ...standing.map(({ l2Block }) => l2Block))
    const l2Block = deps.finalizedL2Number()
    if (l2Block < proposedL2Number + settings.intervalBlocks || hasFallen(mine)) return
    if (!(await reader.isProposerAllowed(actor.address))) {
      log.warn({ account }, 'this account is not on the allow-list of proposers')
      return
    }
    await deps.doubleCheck(Math.max(checkedL2Number, proposedL2Number), l2Block)
    checkedL2Number = l2Block
    const rootClaim = await oracle.outputRootAt(l2Block)
    const attempts = mine.filter((proposal) => proposal.l2Block === l2Block).length
    const sent = await actor.propose(rootClaim, proposalData(l2Block, actor.address, attempts), terms)
    log.info({ l2Block, rootClaim, transaction: sent.hash }, 'proposed an output root')
    observer.onSent('propose', sent)
  }

  /** Defends one proposal, or brings it to its end. Returns the games to move in. */
  const attend = async (proposal: Proposal, moment: Moment): Promise<readonly Game[]> => {
    const games = await reader.games(proposal)
    await player.tend(proposal, games, moment)
    const isOpen = proposal.outcome === 'pending' && proposal.winningGame === undefined
    return isOpen ? games : []
  }

  await pollUntilAborted(settings, signal, log, async () => {
    const moment = await player.moment()
    const mine = (await reader.proposals()).filter(({ proposer }) => proposer === account)
    const games: Game[] = []
    for (const proposal of mine) {
      if (signal.aborted) return
      if (!needsAttention(proposal, moment)) continue
      const what = `could not attend to proposal ${proposal.address}, trying again`
      await attempt(log, what, signal, async () => games.push(...(await attend(proposal, moment))))
    }
    observer.onWei(
      'proposal_bonds',
      mine.reduce((sum, { bondWei }) => sum + bondWei, 0n),
    )
    await player.playAll(games, moment)
    await attempt(log, 'could not propose, trying again', signal, () => propose(mine, moment))
    await attempt(log, 'could not claim what we are owed, trying again', signal, () => player.claim())
  })
}

/** Unresolved, not paid out, or final and not the anchor yet. */
function needsAttention({ outcome, openGames, l2Block }: Proposal, { anchor }: Moment): boolean {
  return outcome === 'pending' || openGames > 0 || (outcome === 'upheld' && l2Block > anchor.l2Block)
}

/** abi.encode(uint256 l2Block, address proposer, bytes32 salt); the salt counts a proposer's attempts at one block. */
function proposalData(l2Block: number, proposer: Hex, attempts: number): Hex {
  const salt = bytesToHex(uintToBytes(attempts, 32))
  return encodeAbiParameters(
    [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }],
    [BigInt(l2Block), proposer, salt],
  )
}
