import type { Hex } from '../protocol/bytes.ts'
import type { BlockClaims } from './chain-claims.ts'
import { type Dissection, dissect, findDisagreement, openSegment, type SegmentOpening } from './dissection.ts'
import type { GameOracle, TraceClaims } from './game-oracle.ts'
import type { GameStage, Side } from './game-stage.ts'
import { createLogPrefixes, type LogPrefixes } from './log-prefixes.ts'

/** What a player does next. */
export type GameAction =
  /** It is not this player's turn. */
  | { readonly kind: 'wait' }
  /** Cuts a segment of the opponent's dissection anew. */
  | { readonly kind: 'dissect'; readonly segment: SegmentOpening; readonly hashes: readonly Hex[] }
  /** Picks a segment of width 1 of the proposer's dissection, so that the proposer must reveal what lies there. */
  | { readonly kind: 'pick'; readonly segment: SegmentOpening }
  /** Reveals a block; with `segment` it also picks that block out of the challenger's dissection. */
  | { readonly kind: 'reveal-block'; readonly segment?: SegmentOpening; readonly block: BlockClaims }
  /** States the challenger's log and cuts it. `range` is (0, hi]. */
  | { readonly kind: 'open-log'; readonly block: BlockClaims; readonly hashes: readonly Hex[] }
  /** Reveals record `index` of the proposer's log, or that there is none; with `segment` it also picks it. */
  | {
      readonly kind: 'reveal-record'
      readonly segment?: SegmentOpening
      readonly block: BlockClaims
      readonly index: number
      readonly siblings: readonly Hex[]
    }
  /** States the challenger's output and cuts the trace. */
  | { readonly kind: 'open-inference'; readonly trace: TraceClaims; readonly hashes: readonly Hex[] }
  /** Executes the one step that is left. */
  | { readonly kind: 'prove'; readonly segment: SegmentOpening; readonly witness: Uint8Array }
  /** The blocks differ otherwise than by the answer of a listed inference: a matter for execution proofs, or the guardian. */
  | { readonly kind: 'flag'; readonly block: number; readonly reason: FlagReason }
  /** By this player's own claims the opponent is right: it makes no further move. */
  | { readonly kind: 'concede' }

/** Why a dispute cannot be settled by an inference game. */
export type FlagReason =
  /** The logs are equal, so that the transactions must differ. */
  | 'logs-equal'
  /** One side lists an inference that the other does not. */
  | 'records-differ'

/**
 * The honest strategy: what `side` does next in a game that stands at `stage`. Pure but for its oracle.
 * Cost: at most 38 hashes of the oracle. Rejects with the oracle's UnavailableError: ask again later.
 */
export async function nextAction(stage: GameStage, side: Side, oracle: GameOracle): Promise<GameAction> {
  if (stage.kind === 'over' || stage.turn !== side) return { kind: 'wait' }
  switch (stage.kind) {
    case 'roots':
      return answerRoots(stage.dissection, side, oracle)
    case 'reveal-block':
      return revealBlock(stage.pinned.position + 1, oracle)
    case 'open-log':
      return openLog(stage, oracle)
    case 'log':
      return answerLog(stage.block, stage.dissection, side, oracle)
    case 'reveal-record':
      return revealRecord(await oracle.blockAt(stage.block), stage.pinned.position)
    case 'open-inference':
      return openInference(stage, oracle)
    case 'inference':
      return answerTrace(stage.dissection, await oracle.traceOf(stage.disputed))
  }
}

/** A challenger's first move against a proposal: its own roots over (anchor, l2Block]. Undefined when the proposal is right. */
export async function openingMove(
  proposal: {
    readonly anchorBlock: number
    readonly anchorRoot: Hex
    readonly l2Block: number
    readonly rootClaim: Hex
  },
  oracle: GameOracle,
): Promise<readonly Hex[] | undefined> {
  if ((await oracle.outputRootAt(proposal.l2Block)) === proposal.rootClaim) return undefined
  const range = { lo: proposal.anchorBlock, hi: proposal.l2Block }
  const { hashes } = await dissect(range, proposal.anchorRoot, oracle.outputRootAt)
  return hashes.slice(1)
}

async function answerRoots(dissection: Dissection, side: Side, oracle: GameOracle): Promise<GameAction> {
  const segment = await disagreement(dissection, oracle.outputRootAt)
  if (segment === undefined) return { kind: 'concede' }
  if (segment.hi - segment.lo > 1) return cut(segment, oracle.outputRootAt)
  return side === 'challenger' ? { kind: 'pick', segment } : revealBlock(segment.hi, oracle, segment)
}

async function revealBlock(number: number, oracle: GameOracle, segment?: SegmentOpening): Promise<GameAction> {
  const block = await oracle.blockAt(number)
  return { kind: 'reveal-block', block, ...(segment === undefined ? {} : { segment }) }
}

async function openLog(stage: Extract<GameStage, { kind: 'open-log' }>, oracle: GameOracle): Promise<GameAction> {
  const block = await oracle.blockAt(stage.block)
  const { revealed } = stage
  if (block.log.logRoot === revealed.logRoot) return { kind: 'flag', block: block.number, reason: 'logs-equal' }
  const prefixes = createLogPrefixes(block.records)
  const range = { lo: 0, hi: Math.max(block.log.logCount, revealed.logCount) }
  // A root of an empty log that is not the empty tree's: nothing in it can be narrowed down.
  if (range.hi === 0) return { kind: 'flag', block: block.number, reason: 'records-differ' }
  const { hashes } = await dissect(range, prefixes.prefixRoot(0), prefixAt(prefixes))
  return { kind: 'open-log', block, hashes: hashes.slice(1) }
}

async function answerLog(
  blockNumber: number,
  dissection: Dissection,
  side: Side,
  oracle: GameOracle,
): Promise<GameAction> {
  const block = await oracle.blockAt(blockNumber)
  const hashAt = prefixAt(createLogPrefixes(block.records))
  const segment = await disagreement(dissection, hashAt)
  if (segment === undefined) return { kind: 'concede' }
  if (segment.hi - segment.lo > 1) return cut(segment, hashAt)
  return side === 'challenger' ? { kind: 'pick', segment } : revealRecord(block, segment.lo, segment)
}

function revealRecord(block: BlockClaims, index: number, segment?: SegmentOpening): GameAction {
  const siblings = createLogPrefixes(block.records).siblings(index)
  return { kind: 'reveal-record', block, index, siblings, ...(segment === undefined ? {} : { segment }) }
}

async function openInference(
  { block, index, record }: Extract<GameStage, { kind: 'open-inference' }>,
  oracle: GameOracle,
): Promise<GameAction> {
  const own = (await oracle.blockAt(block)).records[index]
  const isSameCall = own?.modelId === record?.modelId && own?.inputRoot === record?.inputRoot
  if (own === undefined || record === undefined || !isSameCall) return { kind: 'flag', block, reason: 'records-differ' }
  const trace = await oracle.traceOf({ block, index, record })
  if (trace.outputRoot === record.outputRoot) return { kind: 'concede' }
  const { hashes } = await dissect({ lo: 0, hi: trace.steps }, await trace.stateAt(0), trace.stateAt)
  return { kind: 'open-inference', trace, hashes: hashes.slice(1) }
}

async function answerTrace(dissection: Dissection, trace: TraceClaims): Promise<GameAction> {
  const segment = await disagreement(dissection, trace.stateAt)
  if (segment === undefined) return { kind: 'concede' }
  if (segment.hi - segment.lo > 1) return cut(segment, trace.stateAt)
  return { kind: 'prove', segment, witness: await trace.witnessAt(segment.lo) }
}

async function disagreement(
  dissection: Dissection,
  hashAt: (position: number) => Promise<Hex>,
): Promise<SegmentOpening | undefined> {
  const index = await findDisagreement(dissection, hashAt)
  return index === undefined ? undefined : openSegment(dissection, index)
}

async function cut(segment: SegmentOpening, hashAt: (position: number) => Promise<Hex>): Promise<GameAction> {
  const { hashes } = await dissect(segment, segment.start, hashAt)
  return { kind: 'dissect', segment, hashes: hashes.slice(1) }
}

function prefixAt(prefixes: LogPrefixes): (position: number) => Promise<Hex> {
  return async (position) => prefixes.prefixRoot(position)
}
