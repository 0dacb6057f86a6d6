import { anchorStateRegistryAbi } from '../../contracts/generated/anchor-state-registry.ts'
import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import { disputeGameFactoryAbi } from '../../contracts/generated/dispute-game-factory.ts'
import { proposalAbi } from '../../contracts/generated/proposal.ts'
import type { Hex } from '../protocol/bytes.ts'
import { readGames } from './game-reader.ts'
import { type DisputeContracts, type Game, PROPOSAL_GAME_TYPE, type Proposal } from './game-record.ts'
import type { L1Client } from './l1-client.ts'
import { createProposalReader } from './proposal-reader.ts'
import { withRetries } from './retry.ts'

/** What playing costs, in wei, and what time there is for it, in seconds. Fixed for good once deployed, but for the first. */
export interface DisputeTerms {
  /** Bond of a proposal. */
  readonly proposalBondWei: bigint
  readonly challengerBondWei: bigint
  readonly proposerStakeWei: bigint
  readonly flagBondWei: bigint
  readonly clockSeconds: number
  /** Between a proposal's resolution and its finality. */
  readonly airGapSeconds: number
}

/** The newest final output root. */
export interface Anchor {
  readonly root: Hex
  readonly l2Block: number
  /** The proposal that it is from; undefined at the chain's start. */
  readonly proposal: Hex | undefined
}

/**
 * Proposals and games as L1 has them in its latest block. Nothing is remembered between calls but what is final, so that
 * neither a restart nor a reorganisation of L1 matters. All of it rejects with UnavailableError when L1 does not answer.
 */
export interface DisputeReader {
  readonly contracts: DisputeContracts
  /** All proposals, oldest first. */
  proposals(): Promise<readonly Proposal[]>
  /** The games against a proposal, in the order of their opening. */
  games(proposal: Proposal): Promise<readonly Game[]>
  terms(): Promise<DisputeTerms>
  anchor(): Promise<Anchor>
  /** Wei that an account can claim. */
  creditOf(account: Hex): Promise<bigint>
  isProposerAllowed(account: Hex): Promise<boolean>
  /** Unix time of the latest L1 block, in seconds. */
  now(): Promise<number>
}

const RETRIES = { attempts: 3, delayMs: 100 }

/** Creates a reader. Cost of a listing: two requests, of games: at most four. */
export function createDisputeReader(client: L1Client, contracts: DisputeContracts): DisputeReader {
  const retry = <T>(what: string, action: () => Promise<T>) => withRetries(what, RETRIES, action)
  const { disputeGameFactory, bisectionGame, anchorStateRegistry } = contracts
  const proposals = createProposalReader(client, contracts)
  const game = { address: bisectionGame, abi: bisectionGameAbi } as const
  const registry = { address: anchorStateRegistry, abi: anchorStateRegistryAbi } as const
  return {
    contracts: { disputeGameFactory, bisectionGame, anchorStateRegistry },
    proposals: () => retry('its proposals', () => proposals.all()),
    games: (proposal) => retry(`the games against ${proposal.address}`, () => readGames(client, contracts, proposal)),
    terms: () => retry('the terms of disputes', () => readTerms(client, contracts)),
    anchor: () =>
      retry('the anchor', async () => {
        const [root, l2Block] = await client.readContract({ ...registry, functionName: 'getAnchorRoot' })
        const proposal = (await client.readContract({ ...registry, functionName: 'anchorGame' })).toLowerCase() as Hex
        return { root, l2Block: Number(l2Block), proposal: /^0x0*$/.test(proposal) ? undefined : proposal }
      }),
    creditOf: (account) =>
      retry('a credit', () => client.readContract({ ...game, functionName: 'credit', args: [account] })),
    isProposerAllowed: (account) =>
      retry('the allow-list', () =>
        client.readContract({ ...registry, functionName: 'isProposerAllowed', args: [account] }),
      ),
    now: () => retry('its latest block', async () => Number((await client.getBlock()).timestamp)),
  }
}

async function readTerms(client: L1Client, contracts: DisputeContracts): Promise<DisputeTerms> {
  const factory = { address: contracts.disputeGameFactory, abi: disputeGameFactoryAbi } as const
  const game = { address: contracts.bisectionGame, abi: bisectionGameAbi } as const
  const registry = { address: contracts.anchorStateRegistry, abi: anchorStateRegistryAbi } as const
  const args = [PROPOSAL_GAME_TYPE] as const
  const implementation = await client.readContract({ ...factory, functionName: 'gameImpls', args })
  const proposal = { address: implementation, abi: proposalAbi } as const
  const [proposalBondWei, challengerBondWei, proposerStakeWei, flagBondWei, clock, airGap] = await Promise.all([
    client.readContract({ ...factory, functionName: 'initBonds', args }),
    client.readContract({ ...game, functionName: 'challengerBond' }),
    client.readContract({ ...game, functionName: 'proposerStake' }),
    client.readContract({ ...proposal, functionName: 'flagBond' }),
    client.readContract({ ...game, functionName: 'maxClockDuration' }),
    client.readContract({ ...registry, functionName: 'disputeGameFinalityDelaySeconds' }),
  ])
  const seconds = { clockSeconds: Number(clock), airGapSeconds: Number(airGap) }
  return { proposalBondWei, challengerBondWei, proposerStakeWei, flagBondWei, ...seconds }
}
