import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import { disputeGameFactoryAbi } from '../../contracts/generated/dispute-game-factory.ts'
import { proposalAbi } from '../../contracts/generated/proposal.ts'
import type { Hex } from '../protocol/bytes.ts'
import { named } from './game-events.ts'
import { type DisputeContracts, PROPOSAL_GAME_TYPE, type Proposal, type ProposalOutcome } from './game-record.ts'
import type { L1Client } from './l1-client.ts'

/** Proposals that are asked for at once. */
const PAGE = 50

/** Outcomes in the order of the contract's `Outcome`. */
const OUTCOMES: readonly ProposalOutcome[] = ['pending', 'upheld', 'proven-false', 'ruled-false', 'lapsed']

/** Rulings in the order of the contract's `Ruling`. */
const RULINGS = [undefined, 'valid', 'invalid'] as const

interface Listed {
  readonly index: number
  readonly address: Hex
}

/** Reads the factory's proposals. */
export interface ProposalReader {
  /** All proposals, oldest first. The first call reads the whole history, later ones what is not over for good. */
  all(): Promise<readonly Proposal[]>
}

/**
 * Creates a reader. It remembers proposals that are resolved by finalised L1 blocks with all their games paid out: nothing changes in them
 * any more. Memory: about 1 KB a proposal.
 */
export function createProposalReader(client: L1Client, contracts: DisputeContracts): ProposalReader {
  const factory = { address: contracts.disputeGameFactory, abi: disputeGameFactoryAbi } as const
  const done = new Map<number, Proposal>()
  /** All proposals below this index are done. */
  let doneBelow = 0

  const readPage = async (start: number, finalizedTime: number): Promise<Proposal[]> => {
    const args = [PROPOSAL_GAME_TYPE, BigInt(start), BigInt(Math.min(PAGE, start - doneBelow + 1))] as const
    const listed = await client.readContract({ ...factory, functionName: 'findLatestGames', args })
    const page = listed.map(({ index, metadata }): Listed => ({ index: Number(index), address: addressIn(metadata) }))
    const proposals = await Promise.all(
      page.map((entry) => done.get(entry.index) ?? describe(client, contracts, entry)),
    )
    for (const proposal of proposals) if (isDone(proposal, finalizedTime)) done.set(proposal.index, proposal)
    return proposals
  }

  return {
    async all() {
      const count = Number(await client.readContract({ ...factory, functionName: 'gameCount' }))
      const finalizedTime = Number((await client.getBlock({ blockTag: 'finalized' })).timestamp)
      const found: Proposal[] = []
      for (let start = count - 1; start >= doneBelow; ) {
        const page = await readPage(start, finalizedTime)
        found.push(...page)
        const last = page.at(-1)
        if (last === undefined) break
        start = last.index - 1
      }
      const before = [...done.values()].filter(({ index }) => index < doneBelow)
      while (done.has(doneBelow)) doneBelow++
      return [...before, ...found].sort((a, b) => a.index - b.index)
    },
  }
}

function isDone({ outcome, openGames, resolvedAt }: Proposal, finalizedTime: number): boolean {
  return outcome !== 'pending' && openGames === 0 && resolvedAt <= finalizedTime
}

/** A GameId holds the game's address in its last 20 bytes. */
function addressIn(metadata: Hex): Hex {
  return `0x${metadata.slice(-40).toLowerCase()}`
}

async function describe(client: L1Client, contracts: DisputeContracts, { index, address }: Listed): Promise<Proposal> {
  const proposal = { address, abi: proposalAbi } as const
  const game = { address: contracts.bisectionGame, abi: bisectionGameAbi } as const
  const [facts, proposer, createdAt, l1Head, outcome, resolvedAt, flagger, deadline, ruling, standing] =
    await client.multicall({
      deployless: true,
      allowFailure: false,
      contracts: [
        { ...proposal, functionName: 'challengeable' },
        { ...proposal, functionName: 'proposer' },
        { ...proposal, functionName: 'createdAt' },
        { ...proposal, functionName: 'l1Head' },
        { ...proposal, functionName: 'outcome' },
        { ...proposal, functionName: 'resolvedAt' },
        { ...proposal, functionName: 'flagger' },
        { ...proposal, functionName: 'rulingDeadline' },
        { ...proposal, functionName: 'ruling' },
        { ...game, functionName: 'standing', args: [address] },
      ],
    })
  return {
    address,
    index,
    proposer: proposer.toLowerCase() as Hex,
    rootClaim: facts.endRoot,
    l2Block: Number(facts.endBlock),
    anchorBlock: Number(facts.startBlock),
    anchorRoot: facts.startRoot,
    createdAt: Number(createdAt),
    closesAt: Number(facts.closesAt),
    l1Head,
    outcome: named(OUTCOMES, outcome, 'outcome'),
    resolvedAt: Number(resolvedAt),
    flagged: isZero(flagger)
      ? undefined
      : { by: flagger.toLowerCase() as Hex, rulingDeadline: Number(deadline), ruling: RULINGS[ruling] },
    winningGame: isZero(standing.winningGame) ? undefined : standing.winningGame,
    bondWei: standing.bond,
    games: standing.games,
    openGames: standing.openGames,
  }
}

function isZero(word: Hex): boolean {
  return /^0x0*$/.test(word)
}
