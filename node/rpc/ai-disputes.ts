import type { DisputeReader } from '../l1/dispute-reader.ts'
import type { Game, GameMove, Proposal } from '../l1/game-record.ts'
import type { Hex } from '../protocol/bytes.ts'
import { pattern } from './codec.ts'
import { safeQuantity } from './ethereum-codecs.ts'
import type { RpcObject } from './format-transaction.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import { toQuantity } from './quantity.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Proposals of one `ai_syncDisputes` answer. */
const DEFAULT_LISTED = 20
const MAX_LISTED = 200
/** How long an answer of L1 is used for other clients, in milliseconds. */
const FRESH_MS = 1_000

const disputeId = pattern(
  'the address of a proposal or the id of a game',
  /^0x([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/,
  (text) => text.toLowerCase() as Hex,
)

/** Proposals and games on L1, as this node sees them. @param nowMs a monotonic clock. */
export function aiDisputeMethods(reader: DisputeReader, nowMs: () => number): RpcMethod[] {
  const proposals = shared(nowMs, () => reader.proposals())
  const standing = shared(nowMs, async () => {
    const [anchor, terms, nowSeconds] = await Promise.all([reader.anchor(), reader.terms(), reader.now()])
    return { anchor, terms, nowSeconds }
  })
  return [
    method(
      'ai_syncDisputes',
      {
        summary: 'Where disputes stand on L1: contracts, anchor, terms, and the newest proposals with their games.',
        params: [optional('count', safeQuantity, DEFAULT_LISTED)],
      },
      async (count) => {
        const { anchor, terms, nowSeconds } = await standing()
        const all = await proposals()
        const newest = count === 0 ? [] : all.slice(-Math.min(count, MAX_LISTED)).reverse()
        return {
          contracts: reader.contracts,
          l1Time: nowSeconds,
          anchor: { ...anchor, proposal: anchor.proposal ?? null },
          terms: formatTerms(terms),
          total: all.length,
          proposals: newest.map(formatProposal),
        }
      },
    ),
    method(
      'ai_getDispute',
      {
        summary: 'A proposal with the whole course of each game against it, or one game; null where there is none.',
        params: [required('id', disputeId)],
      },
      async (id) => {
        // A game's id begins with its proposal's address.
        const address = id.slice(0, 42)
        const proposal = (await proposals()).find((one) => one.address === address)
        if (proposal === undefined) return null
        const games = await reader.games(proposal)
        if (id.length === 42) return { ...formatProposal(proposal), games: games.map(formatGame) }
        const game = games.find((one) => one.id === id)
        return game === undefined ? null : formatGame(game)
      },
    ),
  ]
}

/** The methods of a node that was not told where its rollup's disputes are. */
export function aiWithoutDisputes(): RpcMethod[] {
  const refuse = () => {
    throw new RpcError(RPC_CODES.resourceNotFound, 'this node does not follow disputes: give it --l1.dispute-factory')
  }
  return [
    method('ai_syncDisputes', { summary: 'Where disputes stand on L1.' }, refuse),
    method('ai_getDispute', { summary: 'A proposal and its games.' }, refuse),
  ]
}

/** Asks once for all clients that come within {@link FRESH_MS}. */
function shared<T>(nowMs: () => number, ask: () => Promise<T>): () => Promise<T> {
  let answer: { readonly value: Promise<T>; readonly atMs: number } | undefined
  return () => {
    if (answer === undefined || nowMs() - answer.atMs > FRESH_MS) {
      const value = ask()
      answer = { value, atMs: nowMs() }
      value.catch(() => {
        answer = undefined
      })
    }
    return answer.value
  }
}

function formatTerms(terms: Awaited<ReturnType<DisputeReader['terms']>>): RpcObject {
  const { proposalBondWei, challengerBondWei, proposerStakeWei, flagBondWei, clockSeconds, airGapSeconds } = terms
  return {
    proposalBond: toQuantity(proposalBondWei),
    challengerBond: toQuantity(challengerBondWei),
    proposerStake: toQuantity(proposerStakeWei),
    flagBond: toQuantity(flagBondWei),
    clockSeconds,
    airGapSeconds,
  }
}

function formatProposal({ bondWei, games, flagged, winningGame, ...facts }: Proposal): RpcObject {
  const { openGames, ...rest } = facts
  return {
    ...rest,
    bond: toQuantity(bondWei),
    flagged: flagged === undefined ? null : { ...flagged, ruling: flagged.ruling ?? null },
    winningGame: winningGame ?? null,
    gameCount: games,
    openGameCount: openGames,
  }
}

function formatGame({ stage: _, moves, ...facts }: Game): RpcObject {
  return { ...facts, moves: moves.map(formatMove) }
}

function formatMove(move: GameMove): RpcObject {
  if (move.kind === 'record-revealed') return { ...move, record: move.record ?? null }
  if (move.kind !== 'settled') return { ...move }
  const { toChallengerWei, toProposerWei, burnedWei, ...facts } = move
  const wei = { toChallenger: toChallengerWei, toProposer: toProposerWei, burned: burnedWei }
  return { ...facts, ...Object.fromEntries(Object.entries(wei).map(([name, value]) => [name, toQuantity(value)])) }
}
