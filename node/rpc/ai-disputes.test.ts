import { describe, expect, it } from 'vitest'
import type { DisputeReader } from '../l1/dispute-reader.ts'
import type { Game, Proposal } from '../l1/game-record.ts'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { aiDisputeMethods, aiWithoutDisputes } from './ai-disputes.ts'
import type { RpcMethod } from './method.ts'

const contract = (digit: string): Hex => `0x${digit.repeat(40)}`
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`
const PROPOSAL = contract('a')
const GAME: Hex = `${PROPOSAL}${'0'.repeat(24)}`

const PROPOSALS = [0, 1, 2].map((index): Proposal => {
  const facts = { index, proposer: contract('b'), rootClaim: hash('1'), l2Block: 10 + index, anchorBlock: 0 }
  const times = { createdAt: 100, closesAt: 200, resolvedAt: 0, l1Head: hash('2'), anchorRoot: hash('3') }
  const address = index === 2 ? PROPOSAL : contract(String(index))
  const counts = { bondWei: 10n ** 18n, games: 1, openGames: 1 }
  return { address, ...facts, ...times, ...counts, outcome: 'pending', flagged: undefined, winningGame: undefined }
})

const GAMES: readonly Game[] = [
  {
    id: GAME,
    proposal: PROPOSAL,
    proposer: contract('b'),
    challenger: contract('c'),
    index: 0,
    state: 'settled',
    rung: 'trace',
    turn: 'proposer',
    isStaked: true,
    deadline: 0,
    clocks: { proposer: 80, challenger: 81 },
    stage: { kind: 'roots', turn: 'proposer', dissection: { lo: 0, hi: 1, hashes: [] } },
    moves: [
      { kind: 'record-revealed', transaction: hash('4'), l1Block: 7, index: 3, record: undefined, clock: 80 },
      {
        kind: 'settled',
        transaction: hash('5'),
        l1Block: 9,
        toChallengerWei: 255n,
        toProposerWei: 0n,
        burnedWei: 16n,
      },
    ],
  },
]

function readerOf(changes: Partial<DisputeReader> = {}): DisputeReader {
  return {
    contracts: { disputeGameFactory: contract('d'), anchorStateRegistry: contract('e'), bisectionGame: contract('f') },
    proposals: async () => PROPOSALS,
    games: async () => GAMES,
    terms: async () => ({
      proposalBondWei: 1n,
      challengerBondWei: 2n,
      proposerStakeWei: 3n,
      flagBondWei: 4n,
      clockSeconds: 90,
      airGapSeconds: 5,
    }),
    anchor: async () => ({ root: hash('3'), l2Block: 0, proposal: undefined }),
    creditOf: async () => 0n,
    isProposerAllowed: async () => true,
    now: async () => 150,
    ...changes,
  }
}

async function call(methods: readonly RpcMethod[], name: string, ...params: unknown[]): Promise<unknown> {
  const found = methods.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no method ${name}`)
  const answer = await found.call(found.params.map((param, i) => param.parse(params[i], `params[${i}]`)))
  return JSON.parse(JSON.stringify(answer)) as unknown
}

describe('ai_syncDisputes', () => {
  it('tells contracts, anchor, terms and the newest proposals first', async () => {
    const methods = aiDisputeMethods(readerOf(), () => 0)
    expect(await call(methods, 'ai_syncDisputes', 2)).toMatchObject({
      l1Time: 150,
      anchor: { l2Block: 0, proposal: null },
      terms: { proposalBond: '0x1', challengerBond: '0x2', proposerStake: '0x3', flagBond: '0x4', clockSeconds: 90 },
      total: 3,
      proposals: [
        { index: 2, l2Block: 12, bond: '0xde0b6b3a7640000', flagged: null, gameCount: 1 },
        { index: 1, l2Block: 11 },
      ],
    })
    expect(await call(methods, 'ai_syncDisputes', 0)).toMatchObject({ total: 3, proposals: [] })
  })

  it('asks L1 once for clients that come together, and again after a failure', async () => {
    let asked = 0
    let nowMs = 0
    const proposals = async () => {
      if (asked++ === 0) throw new UnavailableError('L1Unavailable', 'not now')
      return PROPOSALS
    }
    const methods = aiDisputeMethods(readerOf({ proposals }), () => nowMs)
    await expect(call(methods, 'ai_syncDisputes')).rejects.toMatchObject({ code: 'L1Unavailable' })
    await Promise.all([call(methods, 'ai_syncDisputes'), call(methods, 'ai_syncDisputes')])
    expect(asked).toBe(2)
    nowMs = 2_000
    await call(methods, 'ai_syncDisputes')
    expect(asked).toBe(3)
  })
})

describe('ai_getDispute', () => {
  const methods = aiDisputeMethods(readerOf(), () => 0)

  it('tells the course of a proposal’s games, and of one game', async () => {
    const course = [
      { kind: 'record-revealed', index: 3, record: null },
      { kind: 'settled', toChallenger: '0xff', toProposer: '0x0', burned: '0x10' },
    ]
    expect(await call(methods, 'ai_getDispute', PROPOSAL)).toMatchObject({
      address: PROPOSAL,
      games: [{ id: GAME, moves: course }],
    })
    expect(await call(methods, 'ai_getDispute', GAME)).toMatchObject({ id: GAME, state: 'settled', moves: course })
  })

  it('answers null where there is none, and refuses what is no id', async () => {
    expect(await call(methods, 'ai_getDispute', contract('9'))).toBeNull()
    expect(await call(methods, 'ai_getDispute', `${PROPOSAL}${'1'.repeat(24)}`)).toBeNull()
    await expect(call(methods, 'ai_getDispute', '0x12')).rejects.toThrow(/invalid argument/)
  })
})

describe('a node that does not follow disputes', () => {
  it('says so', async () => {
    const methods = aiWithoutDisputes()
    for (const name of ['ai_syncDisputes', 'ai_getDispute']) {
      await expect(call(methods, name)).rejects.toThrow(/--l1.dispute-factory/)
    }
  })
})
