import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GameModel, type Outcome, RuleBroken } from '../../test/support/game-model.ts'
import { type Lie, named, type WorldSize, worldOracle, worldVerifier } from '../../test/support/game-world.ts'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { boundariesOf, openSegment, partsOf } from './dissection.ts'
import type { GameOracle } from './game-oracle.ts'
import { type GameAction, nextAction, openingMove } from './game-solver.ts'
import type { GameStage, Side } from './game-stage.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 60)
const ANCHOR = 5

/** How a player chooses; undefined when it lets its clock run out. */
type Strategy = (stage: GameStage, side: Side) => Promise<GameAction | undefined>

function honest(oracle: GameOracle): Strategy {
  return (stage, side) => nextAction(stage, side, oracle)
}

interface Played {
  readonly outcome: Outcome
  readonly moves: number
  readonly stages: readonly GameStage['kind'][]
}

/** Plays a game to its end. A liar that has no legal move loses on time; an honest player always has one. */
async function play(
  size: WorldSize,
  lie: Lie,
  liar: Side,
  claims: { readonly [side in Side]: GameOracle },
  strategies: { readonly [side in Side]: Strategy },
): Promise<Played> {
  const l2Block = ANCHOR + size.blocks
  const proposal = {
    anchorBlock: ANCHOR,
    anchorRoot: await claims.challenger.outputRootAt(ANCHOR),
    l2Block,
    rootClaim: await claims.proposer.outputRootAt(l2Block),
  }
  const opening = await openingMove(proposal, claims.challenger)
  if (opening === undefined) throw new Error('nothing to dispute')
  const record = lie.fault.kind === 'state' ? 0 : lie.fault.record
  const game = new GameModel(proposal, worldVerifier(size, lie.block, record), opening)
  const stages: GameStage['kind'][] = []
  while (game.outcome === undefined) {
    const { stage } = game
    if (stage.kind === 'over') throw new Error('over without an outcome')
    if (stages.at(-1) !== stage.kind) stages.push(stage.kind)
    const action = await strategies[stage.turn](stage, stage.turn)
    if (action === undefined || action.kind === 'concede' || action.kind === 'wait') game.callTime()
    else if (stage.turn === liar) tryPlay(game, liar, action)
    else game.play(stage.turn, action)
    if (game.moves > 200) throw new Error('the game does not end')
  }
  return { outcome: game.outcome, moves: game.moves, stages }
}

function tryPlay(game: GameModel, liar: Side, action: GameAction): void {
  try {
    game.play(liar, action)
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error
    game.callTime()
  }
}

/** A liar, consistent from its first false step on, against an honest player. */
async function playLie(size: WorldSize, lie: Lie, liar: Side): Promise<Played> {
  const claims = claimsOf(worldOracle(size), worldOracle(size, lie), liar)
  return play(size, lie, liar, claims, { proposer: honest(claims.proposer), challenger: honest(claims.challenger) })
}

function claimsOf(truth: GameOracle, falsehood: GameOracle, liar: Side): { readonly [side in Side]: GameOracle } {
  return liar === 'proposer' ? { proposer: falsehood, challenger: truth } : { proposer: truth, challenger: falsehood }
}

const other = (side: Side): Side => (side === 'proposer' ? 'challenger' : 'proposer')
const sides: readonly Side[] = ['proposer', 'challenger']

describe.each(sides)('a consistent lie of the %s', (liar) => {
  it('at every step of a trace loses by one step', async () => {
    for (const steps of [1, 2, 31, 32, 33, 70]) {
      const size = { blocks: 1, records: 1, steps }
      for (let step = 0; step < steps; step++) {
        const lie: Lie = { block: ANCHOR + 1, fault: { kind: 'output', record: 0, step } }
        const { outcome, stages } = await playLie(size, lie, liar)
        expect([steps, step, outcome]).toEqual([steps, step, other(liar)])
        expect(stages.at(-1)).toBe('inference')
      }
    }
  })

  it('in every record of a log loses by one step', async () => {
    for (const records of [1, 2, 34]) {
      const size = { blocks: 1, records, steps: 3 }
      for (let record = 0; record < records; record++) {
        const lie: Lie = { block: ANCHOR + 1, fault: { kind: 'output', record, step: 1 } }
        const { outcome, stages } = await playLie(size, lie, liar)
        expect([records, record, outcome]).toEqual([records, record, other(liar)])
        expect(stages.at(-1)).toBe('inference')
      }
    }
  })

  it('in every block of a range loses by one step', async () => {
    for (const blocks of [1, 2, 32, 40]) {
      const size = { blocks, records: 2, steps: 3 }
      for (let block = 1; block <= blocks; block++) {
        const lie: Lie = { block: ANCHOR + block, fault: { kind: 'output', record: 1, step: 1 } }
        const { outcome, stages } = await playLie(size, lie, liar)
        expect([blocks, block, outcome]).toEqual([blocks, block, other(liar)])
        expect(stages.at(-1)).toBe('inference')
      }
    }
  })

  it('anywhere in a large world loses in few moves', async () => {
    const arbitrary = fc.record({
      blocks: fc.integer({ min: 1, max: 2_000 }),
      records: fc.integer({ min: 1, max: 40 }),
      steps: fc.integer({ min: 1, max: 3_000 }),
      at: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
    })
    const property = fc.asyncProperty(arbitrary, async ({ at: [block, record, step], ...size }) => {
      const fault = { kind: 'output', record: record % size.records, step: step % size.steps } as const
      const lie: Lie = { block: ANCHOR + 1 + (block % size.blocks), fault }
      const { outcome, moves } = await playLie(size, lie, liar)
      expect(outcome).toBe(other(liar))
      expect(moves).toBeLessThanOrEqual(16)
    })
    await fc.assert(property, { numRuns: Math.max(1, Math.floor(numRuns / 4)) })
  })
})

describe('a chain that differs otherwise than by an answer', () => {
  const size = { blocks: 40, records: 5, steps: 8 }

  it.each(['missing-record', 'extra-record'] as const)('%s: the challenger flags it', async (kind) => {
    for (let record = 0; record < size.records; record++) {
      const lie: Lie = { block: ANCHOR + 17, fault: { kind, record } }
      const { outcome, stages } = await playLie(size, lie, 'proposer')
      expect([outcome, stages.at(-1)]).toEqual(['flagged', 'open-inference'])
    }
  })

  it('state: the challenger flags it', async () => {
    const { outcome, stages } = await playLie(size, { block: ANCHOR + 3, fault: { kind: 'state' } }, 'proposer')
    expect([outcome, stages.at(-1)]).toEqual(['flagged', 'open-log'])
  })
})

describe('an honest player against one that plays at random', () => {
  /** A player that mixes truth, lies and noise at every choice it has. */
  function randomStrategy(truth: GameOracle, falsehood: GameOracle, next: () => number): Strategy {
    const pick = <T>(items: readonly T[]): T => items[next() % items.length] as T
    const mixed = async (positions: readonly number[], range: number): Promise<Hex[]> =>
      Promise.all(positions.map((position) => pick([truth, falsehood]).outputRootAt(range + position)))
    return async (stage, side) => {
      const oracle = pick([truth, falsehood])
      if (stage.kind !== 'roots' && stage.kind !== 'log' && stage.kind !== 'inference')
        return nextAction(stage, side, oracle)
      const { dissection } = stage
      const segment = openSegment(dissection, next() % (dissection.hashes.length - 1))
      if (segment.hi - segment.lo === 1) {
        const honestMove = await nextAction(
          { ...stage, dissection: { ...segment, hashes: [segment.start, segment.end] } },
          side,
          oracle,
        )
        return 'segment' in honestMove ? ({ ...honestMove, segment } as GameAction) : honestMove
      }
      const hashes =
        stage.kind === 'roots'
          ? await mixed(boundariesOf(segment).slice(1), 0)
          : Array.from({ length: partsOf(segment) }, (_, i) => named('noise', next() % 4, i))
      if (hashes.at(-1) === segment.end) hashes[hashes.length - 1] = named('noise')
      return { kind: 'dissect', segment, hashes }
    }
  }

  it.each(sides)('the random %s never wins', async (liar) => {
    const arbitrary = fc.record({
      blocks: fc.integer({ min: 1, max: 100 }),
      records: fc.integer({ min: 1, max: 40 }),
      steps: fc.integer({ min: 1, max: 100 }),
      at: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
      choices: fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
    })
    const property = fc.asyncProperty(arbitrary, async ({ at: [block, record, step], choices, ...size }) => {
      const fault = { kind: 'output', record: record % size.records, step: step % size.steps } as const
      const lie: Lie = { block: ANCHOR + 1 + (block % size.blocks), fault }
      const [truth, falsehood] = [worldOracle(size), worldOracle(size, lie)]
      let at = 0
      const next = () => choices[at++ % choices.length] as number
      const random = randomStrategy(truth, falsehood, next)
      const strategies = { proposer: honest(truth), challenger: honest(truth), [liar]: random }
      const { outcome } = await play(size, lie, liar, claimsOf(truth, falsehood, liar), strategies)
      expect(outcome).not.toBe(liar)
    })
    await fc.assert(property, { numRuns })
  })
})

describe('openingMove', () => {
  it('leaves a true proposal alone', async () => {
    const truth = worldOracle({ blocks: 4, records: 1, steps: 2 })
    const l2Block = ANCHOR + 4
    const proposal = { anchorBlock: ANCHOR, anchorRoot: await truth.outputRootAt(ANCHOR), l2Block }
    const rootClaim = await truth.outputRootAt(l2Block)
    expect(await openingMove({ ...proposal, rootClaim }, truth)).toBeUndefined()
    expect(await openingMove({ ...proposal, rootClaim: named('lie') }, truth)).toHaveLength(4)
    expect(hexToBytes(rootClaim)).toHaveLength(32)
  })
})
