import { encodeFunctionData } from 'viem'
import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import type { BlockClaims } from '../prover/chain-claims.ts'
import type { SegmentOpening } from '../prover/dissection.ts'
import type { TraceOpening } from '../prover/game-oracle.ts'
import type { GameAction } from '../prover/game-solver.ts'
import type { GameStage, Pinned } from '../prover/game-stage.ts'
import type { ContractCall } from './contract-sender.ts'

const abi = bisectionGameAbi

/** An action that goes to L1 as a move; the others make none. */
export type GameMoveAction = Exclude<GameAction, { readonly kind: 'wait' | 'concede' }>

/** What a move needs besides the action. */
export interface MoveContext {
  readonly bisectionGame: Hex
  readonly gameId: Hex
  readonly stage: GameStage
  /** What the mover must put down with it: the proposer's stake with its first answer. */
  readonly valueWei: bigint
}

/** The call that makes a move. The trace's opening is asked for where the move needs it. */
export async function moveCall(action: GameMoveAction, context: MoveContext): Promise<ContractCall> {
  const { bisectionGame: to, valueWei } = context
  const data = await moveData(action, context)
  return { to, data, valueWei }
}

/** The call that opens a game. @param hashes the challenger's roots; @param bondWei its bond. */
export function openCall(bisectionGame: Hex, proposal: Hex, hashes: readonly Hex[], bondWei: bigint): ContractCall {
  const data = encodeFunctionData({ abi, functionName: 'open', args: [proposal, hashes] })
  return { to: bisectionGame, data, valueWei: bondWei }
}

async function moveData(action: GameMoveAction, { gameId, stage }: MoveContext): Promise<Hex> {
  switch (action.kind) {
    case 'dissect': {
      const args = [gameId, segmentArgument(action.segment), action.hashes] as const
      return encodeFunctionData({ abi, functionName: 'move', args })
    }
    case 'pick':
      return encodeFunctionData({ abi, functionName: 'pick', args: [gameId, segmentArgument(action.segment)] })
    case 'reveal-block': {
      const segment = shownSegment(action.segment, stage)
      const args = [gameId, segment, revealArgument(action.block)] as const
      return encodeFunctionData({ abi, functionName: 'revealBlock', args })
    }
    case 'open-log': {
      const args = [gameId, BigInt(action.block.log.logCount), action.hashes] as const
      return encodeFunctionData({ abi, functionName: 'openLog', args })
    }
    case 'reveal-record':
      return recordData(action, gameId, stage)
    case 'open-inference': {
      if (stage.kind !== 'open-inference' || stage.record === undefined) throw unfit(action, stage)
      const args = [gameId, stage.record, openingArgument(await action.trace.opening()), action.hashes] as const
      return encodeFunctionData({ abi, functionName: 'openTrace', args })
    }
    case 'prove': {
      const args = [gameId, segmentArgument(action.segment), bytesToHex(action.witness)] as const
      return encodeFunctionData({ abi, functionName: 'prove', args })
    }
    case 'flag':
      return encodeFunctionData({ abi, functionName: 'escalate', args: [gameId] })
  }
}

function recordData(action: Extract<GameAction, { kind: 'reveal-record' }>, gameId: Hex, stage: GameStage): Hex {
  const segment = shownSegment(action.segment, stage)
  const record = action.block.records[action.index]
  if (record === undefined) return encodeFunctionData({ abi, functionName: 'revealAbsence', args: [gameId, segment] })
  const args = [gameId, segment, record, action.siblings] as const
  return encodeFunctionData({ abi, functionName: 'revealRecord', args })
}

/** What is behind an output root, as the contracts take it. */
export function revealArgument({ output, headerRlp, log }: BlockClaims) {
  return {
    stateRoot: output.stateRoot,
    messagePasserStorageRoot: output.messagePasserStorageRoot,
    header: bytesToHex(headerRlp),
    logRoot: log.logRoot,
    logCount: BigInt(log.logCount),
    accumulatorRoot: log.accumulatorRoot,
  }
}

function openingArgument({ manifest, inputTensorRoots, siblings }: TraceOpening) {
  return { manifest: bytesToHex(manifest), inputTensorRoots, siblings }
}

function segmentArgument({ index, start, end, siblings }: Omit<SegmentOpening, 'lo' | 'hi'>) {
  return { index: BigInt(index), start, end, siblings }
}

/** The segment that a reveal is about: one that it picks itself, or the only one where the challenger picked. */
function shownSegment(segment: SegmentOpening | undefined, stage: GameStage) {
  if (segment !== undefined) return segmentArgument(segment)
  const pinned: Pinned | undefined =
    stage.kind === 'reveal-block' || stage.kind === 'reveal-record' ? stage.pinned : undefined
  if (pinned === undefined) throw new BugError(`nothing is picked at ${stage.kind}`)
  return segmentArgument({ index: 0, start: pinned.start, end: pinned.end, siblings: [] })
}

function unfit(action: GameAction, stage: GameStage): BugError {
  return new BugError(`${action.kind} is no move at ${stage.kind}`)
}
