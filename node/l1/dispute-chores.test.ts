import { describe, expect, it } from 'vitest'
import type { Hex } from '../protocol/bytes.ts'
import { type ChoreFacts, choresOf } from './dispute-chores.ts'
import type { Game, GameState, Proposal } from './game-record.ts'

const address = (digit: string): Hex => `0x${digit.repeat(40)}`
const ME = address('1')
const OTHER = address('2')
const PROPOSAL = address('a')
const gameId = (index: number): Hex => `${PROPOSAL}${String(index).padStart(24, '0')}`

function proposal(changes: Partial<Proposal> = {}): Proposal {
  return {
    address: PROPOSAL,
    index: 0,
    proposer: OTHER,
    rootClaim: `0x${'11'.repeat(32)}`,
    l2Block: 20,
    anchorBlock: 0,
    anchorRoot: `0x${'22'.repeat(32)}`,
    createdAt: 1_000,
    closesAt: 2_000,
    l1Head: `0x${'33'.repeat(32)}`,
    outcome: 'pending',
    resolvedAt: 0,
    flagged: undefined,
    winningGame: undefined,
    bondWei: 1n,
    games: 0,
    openGames: 0,
    ...changes,
  }
}

function game(state: GameState, changes: Partial<Game> = {}): Game {
  const dissection = { lo: 0, hi: 1, hashes: [] }
  return {
    id: gameId(changes.index ?? 0),
    proposal: PROPOSAL,
    proposer: OTHER,
    challenger: ME,
    index: 0,
    state,
    rung: 'roots',
    turn: 'proposer',
    isStaked: false,
    deadline: 1_500,
    clocks: { proposer: 500, challenger: 500 },
    stage: { kind: 'roots', turn: 'proposer', dissection },
    moves: [],
    ...changes,
  }
}

function chores(changes: Partial<ChoreFacts>) {
  const anchor = { root: `0x${'22'.repeat(32)}` as const, l2Block: 0, proposal: undefined }
  return choresOf({
    proposal: proposal(),
    games: [],
    anchor,
    nowSeconds: 1_200,
    airGapSeconds: 10,
    account: ME,
    ...changes,
  }).map((chore) => ('game' in chore ? `${chore.kind} ${Number(chore.game.slice(42))}` : chore.kind))
}

describe('chores of a game', () => {
  it('calls time only once a clock ran out', () => {
    expect(chores({ games: [game('running')], nowSeconds: 1_500 })).toEqual([])
    expect(chores({ games: [game('running')], nowSeconds: 1_501 })).toEqual(['call-time 0'])
  })

  it('settles what is decided', () => {
    expect(chores({ games: [game('challenger-won'), game('proposer-won', { index: 1 }), game('settled')] })).toEqual([
      'settle 0',
      'settle 1',
    ])
  })

  it('settles an escalated game once there is a ruling, or the proposal lapsed', () => {
    const flagged = { by: ME, rulingDeadline: 3_000, ruling: undefined }
    const games = [game('escalated')]
    expect(chores({ games, proposal: proposal({ flagged }) })).toEqual([])
    expect(chores({ games, proposal: proposal({ flagged: { ...flagged, ruling: 'valid' } }) })).toEqual(['settle 0'])
    expect(chores({ games, proposal: proposal({ flagged, outcome: 'lapsed' }) })).toEqual(['settle 0'])
  })

  it('leaves a game of its own once the proposal fell, unless it may still win the main reward', () => {
    const winner = game('settled', { index: 1, challenger: OTHER })
    const fallen = proposal({ outcome: 'proven-false', winningGame: gameId(1) })
    const mine = (index: number) => game('running', { index })
    expect(chores({ proposal: fallen, games: [winner, mine(2)] })).toEqual(['settle 2'])
    expect(chores({ proposal: fallen, games: [mine(0), winner] })).toEqual([])
    expect(chores({ proposal: fallen, games: [winner, game('running', { index: 2, challenger: OTHER })] })).toEqual([])
  })
})

describe('chores of a proposal', () => {
  it('resolves one whose window closed with every game paid out', () => {
    expect(chores({ nowSeconds: 1_999 })).toEqual([])
    expect(chores({ nowSeconds: 2_000 })).toEqual(['resolve'])
    expect(chores({ nowSeconds: 2_000, games: [game('running', { deadline: 9_999 })] })).toEqual([])
  })

  it('resolves one that a challenger or the guardian held false, at once', () => {
    const flagged = { by: ME, rulingDeadline: 3_000, ruling: 'invalid' } as const
    expect(chores({ proposal: proposal({ winningGame: gameId(0) }) })).toEqual(['resolve'])
    expect(chores({ proposal: proposal({ flagged }) })).toEqual(['resolve'])
  })

  it('waits for the guardian, and lets it lapse without one', () => {
    const flagged = proposal({ flagged: { by: ME, rulingDeadline: 3_000, ruling: undefined } })
    expect(chores({ proposal: flagged, nowSeconds: 3_000 })).toEqual([])
    expect(chores({ proposal: flagged, nowSeconds: 3_001 })).toEqual(['resolve'])
  })

  it('makes one that stood the anchor after the air gap', () => {
    const upheld = proposal({ outcome: 'upheld', resolvedAt: 2_000 })
    expect(chores({ proposal: upheld, nowSeconds: 2_010 })).toEqual([])
    expect(chores({ proposal: upheld, nowSeconds: 2_011 })).toEqual(['set-anchor'])
  })
})
