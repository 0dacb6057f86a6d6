import { parseEventLogs, type Log as ViemLog } from 'viem'
import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { GameMove, GameRung, GameState } from './game-record.ts'

/** Rungs in the order of the contract's `Rung`. */
export const RUNGS: readonly GameRung[] = [
  ...(['roots', 'block', 'log-opening', 'log', 'record', 'trace-opening', 'trace', 'execution'] as const),
]

/** States in the order of the contract's `GameState`; `undefined` where there is no such game. */
export const GAME_STATES: readonly (GameState | undefined)[] = [
  undefined,
  ...(['running', 'challenger-won', 'proposer-won', 'escalated', 'settled'] as const),
]

/** An event of the BisectionGame, decoded. */
type GameEvent = ReturnType<typeof parseEventLogs<typeof bisectionGameAbi, true, undefined>>[number]

/** Decodes the BisectionGame's logs into the moves of each game, by game id, oldest first. Logs of no game are left out. */
export function movesByGame(logs: readonly ViemLog[]): Map<Hex, GameMove[]> {
  const moves = new Map<Hex, GameMove[]>()
  for (const event of parseEventLogs({ abi: bisectionGameAbi, logs: [...logs], strict: true })) {
    const move = moveOf(event)
    if (move === undefined || !('gameId' in event.args)) continue
    const { gameId } = event.args
    const list = moves.get(gameId) ?? []
    list.push(move)
    moves.set(gameId, list)
  }
  return moves
}

/** An enum value of the contract. @throws UnavailableError where L1 answers with one that is unknown. */
export function named<T>(names: readonly (T | undefined)[], value: number, what: string): T {
  const name = names[value]
  if (name === undefined) throw new UnavailableError('L1Unavailable', `L1 has an unknown ${what}: ${value}`)
  return name
}

function moveOf(event: GameEvent): GameMove | undefined {
  if (event.blockNumber === null || event.transactionHash === null) return undefined
  const place = { transaction: event.transactionHash, l1Block: Number(event.blockNumber) }
  switch (event.eventName) {
    case 'GameOpened': {
      const { challenger, rootClaim } = event.args
      return { ...place, kind: 'opened', challenger: lower(challenger), rootClaim }
    }
    case 'Dissected': {
      const { mover, rung, segment, lo, hi, clock, start, hashes } = event.args
      const range = { segment: Number(segment), lo: Number(lo), hi: Number(hi), clock: Number(clock) }
      return {
        ...place,
        kind: 'dissected',
        mover: lower(mover),
        rung: named(RUNGS, rung, 'rung'),
        ...range,
        start,
        hashes,
      }
    }
    case 'BlockRevealed': {
      const { l2Block, blockHash, logRoot, logCount, clock } = event.args
      const numbers = { l2Block: Number(l2Block), logCount: Number(logCount), clock: Number(clock) }
      return { ...place, kind: 'block-revealed', blockHash, logRoot, ...numbers }
    }
    case 'LogOpened':
      return { ...place, kind: 'log-opened', logCount: Number(event.args.logCount) }
    case 'RecordRevealed': {
      const { recordIndex, record, clock } = event.args
      return { ...place, kind: 'record-revealed', index: Number(recordIndex), record, clock: Number(clock) }
    }
    case 'RecordAbsent': {
      const { recordIndex, clock } = event.args
      return { ...place, kind: 'record-revealed', index: Number(recordIndex), record: undefined, clock: Number(clock) }
    }
    default:
      return lateMoveOf(event, place)
  }
}

function lateMoveOf(event: GameEvent, place: { transaction: Hex; l1Block: number }): GameMove | undefined {
  switch (event.eventName) {
    case 'TraceOpened': {
      const { modelId, programRoot, steps } = event.args
      return { ...place, kind: 'trace-opened', modelId, programRoot, steps: Number(steps) }
    }
    case 'StepProven': {
      const { step, start, refuted, proven } = event.args
      return { ...place, kind: 'step-proven', step: Number(step), start, refuted, proven }
    }
    case 'Escalated':
      return { ...place, kind: 'escalated', clock: Number(event.args.clock) }
    case 'GameDecided': {
      const { challengerWon, byTime } = event.args
      return { ...place, kind: 'decided', winner: challengerWon ? 'challenger' : 'proposer', byTime }
    }
    case 'GameSettled': {
      const { toChallenger, toProposer, burned } = event.args
      return {
        ...place,
        kind: 'settled',
        toChallengerWei: toChallenger,
        toProposerWei: toProposer,
        burnedWei: burned,
      }
    }
    default:
      return undefined
  }
}

function lower(address: Hex): Hex {
  return address.toLowerCase() as Hex
}
