import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { GameStage, Pinned, Side } from '../prover/game-stage.ts'
import type { GameMove, GameRung } from './game-record.ts'

type MoveOf<Kind extends GameMove['kind']> = Extract<GameMove, { readonly kind: Kind }>

/**
 * The stage of a game, from its course. @param rung and @param turn as the contract states them.
 * @throws UnavailableError `GameIncomplete` where L1 has not told all of the course yet (a lagging node, a move just made): read again.
 */
export function stageOf(moves: readonly GameMove[], rung: GameRung, turn: Side): GameStage {
  const last = <Kind extends GameMove['kind']>(kind: Kind): MoveOf<Kind> => {
    const found = moves.findLast((move) => move.kind === kind)
    if (found === undefined) throw incomplete(`no ${kind} yet on the rung ${rung}`)
    return found as MoveOf<Kind>
  }
  const dissection = (): MoveOf<'dissected'> => {
    const found = last('dissected')
    if (found.rung !== rung) throw incomplete(`its last dissection is of the rung ${found.rung}, not ${rung}`)
    return found
  }
  switch (rung) {
    case 'roots':
      return { kind: 'roots', turn, dissection: dissectionOf(dissection()) }
    case 'block':
      return { kind: 'reveal-block', turn: 'proposer', pinned: pinnedOf(dissection()) }
    case 'log-opening': {
      const { l2Block, logRoot, logCount } = last('block-revealed')
      return { kind: 'open-log', turn: 'challenger', block: l2Block, revealed: { logRoot, logCount } }
    }
    case 'log':
      return { kind: 'log', turn, block: last('block-revealed').l2Block, dissection: dissectionOf(dissection()) }
    case 'record':
      return {
        kind: 'reveal-record',
        turn: 'proposer',
        block: last('block-revealed').l2Block,
        pinned: pinnedOf(dissection()),
      }
    case 'trace-opening':
    case 'execution': {
      const { index, record } = last('record-revealed')
      return { kind: 'open-inference', turn: 'challenger', block: last('block-revealed').l2Block, index, record }
    }
    case 'trace': {
      const { index, record } = last('record-revealed')
      if (record === undefined) throw incomplete('its trace is of no record')
      const disputed = { block: last('block-revealed').l2Block, index, record }
      return { kind: 'inference', turn, disputed, dissection: dissectionOf(dissection()) }
    }
  }
}

function dissectionOf({ lo, hi, start, hashes }: MoveOf<'dissected'>) {
  return { lo, hi, hashes: [start, ...hashes] }
}

function pinnedOf({ lo, start, hashes }: MoveOf<'dissected'>): Pinned {
  return { position: lo, start, end: hashes[0] as Hex }
}

function incomplete(what: string): UnavailableError<'GameIncomplete'> {
  return new UnavailableError('GameIncomplete', `L1 has not told a game's whole course: ${what}`)
}
