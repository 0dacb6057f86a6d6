import { bytesEqual, bytesToHex, concatBytes, type Hex, hexToBytes } from '../../node/protocol/bytes.ts'
import { encodeLogCommitment, LOG_DEPTH, type LogCommitment } from '../../node/protocol/inference-log.ts'
import { recordLeaf } from '../../node/protocol/inference-roots.ts'
import { keccak256 } from '../../node/protocol/keccak.ts'
import { verifyMerkleProof, ZERO_LEAF } from '../../node/protocol/merkle.ts'
import type { BlockClaims } from '../../node/prover/chain-claims.ts'
import {
  type Dissection,
  dissectionRoot,
  partsOf,
  type SegmentOpening,
  segmentRoot,
} from '../../node/prover/dissection.ts'
import type { GameAction } from '../../node/prover/game-solver.ts'
import { type GameStage, otherSide, type Side } from '../../node/prover/game-stage.ts'
import { createLogPrefixes } from '../../node/prover/log-prefixes.ts'
import { outputRootOf } from '../../node/prover/output-root.ts'

/** A proposal that a modelled game is about. */
export interface ModelProposal {
  readonly anchorBlock: number
  readonly anchorRoot: Hex
  readonly l2Block: number
  readonly rootClaim: Hex
}

/** The step verifier, as far as the game knows it. */
export interface ModelVerifier {
  readonly steps: number
  readonly startState: Hex
  haltState(outputRoot: Hex): Hex
  /** The state after step `t`. @throws RuleBroken when the witness does not open `pre`. */
  step(pre: Hex, t: number, witness: Uint8Array): Hex
}

/** A move that the rules refuse. */
export class RuleBroken extends Error {}

/** How a game ended; `flagged` leaves it to execution proofs, or a guardian. */
export type Outcome = Side | 'flagged'

/**
 * The rules of one game, in memory and on plain data, as `BisectionGame` has them on L1. It knows hashes only, and takes a
 * dissection's hashes from the mover, like a contract's call data.
 */
export class GameModel {
  readonly #verifier: ModelVerifier
  #stage: GameStage
  #outcome: Outcome | undefined
  /** The proposer's log of the block in question, once revealed. */
  #revealed: LogCommitment | undefined
  #moves = 0

  constructor(proposal: ModelProposal, verifier: ModelVerifier, openingHashes: readonly Hex[]) {
    this.#verifier = verifier
    const range = { lo: proposal.anchorBlock, hi: proposal.l2Block }
    const dissection = dissectionOf(range, proposal.anchorRoot, openingHashes, proposal.rootClaim)
    this.#stage = { kind: 'roots', turn: 'proposer', dissection }
  }

  get stage(): GameStage {
    return this.#stage
  }

  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  get moves(): number {
    return this.#moves
  }

  /** The clock of the player to move ran out. */
  callTime(): void {
    if (this.#stage.kind !== 'over') this.#end(otherSide(this.#stage.turn))
  }

  /** @throws RuleBroken, and changes nothing then. */
  play(side: Side, action: GameAction): void {
    const stage = this.#stage
    if (stage.kind === 'over' || stage.turn !== side) throw new RuleBroken('not your turn')
    this.#moves++
    switch (action.kind) {
      case 'wait':
      case 'concede':
        return
      case 'flag':
        demand(side === 'challenger', 'only a challenger flags')
        this.#outcome = 'flagged'
        this.#stage = { kind: 'over', winner: 'proposer' }
        return
      case 'dissect':
        this.#dissect(stage, action.segment, action.hashes)
        return
      case 'pick':
        this.#pick(stage, action.segment)
        return
      case 'reveal-block':
        this.#revealBlock(stage, action.block, action.segment)
        return
      case 'open-log':
        this.#openLog(stage, action.block.log, action.hashes)
        return
      case 'reveal-record':
        this.#revealRecord(stage, action)
        return
      case 'open-inference':
        this.#openInference(stage, action.trace.outputRoot, action.hashes)
        return
      case 'prove':
        this.#prove(stage, action.segment, action.witness)
        return
    }
  }

  #dissect(stage: GameStage, segment: SegmentOpening, hashes: readonly Hex[]): void {
    const dissection = bisected(stage)
    requireSegment(dissection, segment)
    demand(segment.hi - segment.lo > 1, 'width 1 is proved, not moved')
    const next = dissectionOf(segment, segment.start, hashes, segment.end)
    this.#stage = { ...stage, turn: otherSide(turnOf(stage)), dissection: next } as GameStage
  }

  #pick(stage: GameStage, segment: SegmentOpening): void {
    const dissection = bisected(stage)
    requireSegment(dissection, segment)
    demand(turnOf(stage) === 'challenger' && stage.kind !== 'inference', 'the proposer reveals at once')
    demand(segment.hi - segment.lo === 1, 'only a single position is picked')
    const pinned = { position: segment.lo, start: segment.start, end: segment.end }
    if (stage.kind === 'roots') this.#stage = { kind: 'reveal-block', turn: 'proposer', pinned }
    if (stage.kind === 'log') this.#stage = { kind: 'reveal-record', turn: 'proposer', block: stage.block, pinned }
  }

  #revealBlock(stage: GameStage, block: BlockClaims, segment: SegmentOpening | undefined): void {
    demand(turnOf(stage) === 'proposer', 'the proposer reveals')
    const root = outputRootOf(block.output)
    if (stage.kind === 'reveal-block') demand(root === stage.pinned.end, 'another root than the one picked')
    else {
      demand(stage.kind === 'roots' && segment !== undefined, 'no block is asked for')
      requireSegment(bisected(stage), segment as SegmentOpening)
      demand(root !== segment?.end, 'the root that it rejects')
    }
    demand(bytesToHex(keccak256(block.headerRlp)) === block.output.latestBlockhash, 'another header')
    demand(bytesEqual(block.headerRlp.subarray(0, 32), keccak256(encodeLogCommitment(block.log))), 'another log')
    this.#revealed = block.log
    const number = stage.kind === 'reveal-block' ? stage.pinned.position + 1 : (segment as SegmentOpening).hi
    this.#stage = { kind: 'open-log', turn: 'challenger', block: number, revealed: block.log }
  }

  #openLog(stage: GameStage, log: LogCommitment, hashes: readonly Hex[]): void {
    if (stage.kind !== 'open-log') throw new RuleBroken('no log is asked for')
    const range = { lo: 0, hi: Math.max(log.logCount, stage.revealed.logCount) }
    demand(range.hi > 0, 'both logs are empty')
    demand(hashes.at(-1) === log.logRoot, 'its last prefix is not its log')
    const dissection = dissectionOf(range, createLogPrefixes([]).prefixRoot(0), hashes, stage.revealed.logRoot)
    this.#stage = { kind: 'log', turn: 'proposer', block: stage.block, dissection }
  }

  #revealRecord(stage: GameStage, action: Extract<GameAction, { kind: 'reveal-record' }>): void {
    const { segment, block, index, siblings } = action
    const revealed = this.#revealed as LogCommitment
    if (stage.kind !== 'log' && stage.kind !== 'reveal-record') throw new RuleBroken('no record is asked for')
    demand(stage.turn === 'proposer', 'the proposer reveals')
    if (stage.kind === 'log') requireSegment(stage.dissection, segment as SegmentOpening)
    const at = stage.kind === 'log' ? (segment as SegmentOpening).lo : stage.pinned.position
    const start = stage.kind === 'log' ? (segment as SegmentOpening).start : stage.pinned.start
    demand(index === at, 'another record')
    const record = index < revealed.logCount ? block.records[index] : undefined
    demand((record !== undefined) === index < revealed.logCount, 'the record is missing')
    const leaf =
      record === undefined
        ? ZERO_LEAF
        : recordLeaf(hexToBytes(record.modelId), hexToBytes(record.inputRoot), hexToBytes(record.outputRoot))
    const proof = siblings.map(hexToBytes)
    if (record !== undefined) {
      demand(proof.length === LOG_DEPTH, 'a short proof')
      demand(verifyMerkleProof(hexToBytes(revealed.logRoot), leaf, index, proof), 'not in the log')
      demand(prefixWith(ZERO_LEAF, index, proof) === start, 'its log does not begin with what was agreed')
    }
    const end = record === undefined ? start : prefixWith(leaf, index, proof)
    if (stage.kind === 'log') demand(end !== segment?.end, 'the record that it rejects')
    else demand(end === stage.pinned.end, 'another record than the one claimed')
    this.#stage = { kind: 'open-inference', turn: 'challenger', block: stage.block, index, record }
  }

  #openInference(stage: GameStage, outputRoot: Hex, hashes: readonly Hex[]): void {
    if (stage.kind !== 'open-inference' || stage.record === undefined) throw new RuleBroken('no record is revealed')
    const { block, index, record } = stage
    demand(outputRoot !== record.outputRoot, 'the same output')
    demand(hashes.at(-1) === this.#verifier.haltState(outputRoot), 'its trace does not end in its output')
    const range = { lo: 0, hi: this.#verifier.steps }
    const rejected = this.#verifier.haltState(record.outputRoot)
    const dissection = dissectionOf(range, this.#verifier.startState, hashes, rejected)
    this.#stage = { kind: 'inference', turn: 'proposer', disputed: { block, index, record }, dissection }
  }

  #prove(stage: GameStage, segment: SegmentOpening, witness: Uint8Array): void {
    if (stage.kind !== 'inference') throw new RuleBroken('no step is left to prove')
    requireSegment(stage.dissection, segment)
    demand(segment.hi - segment.lo === 1, 'more than one step is left')
    const post = this.#verifier.step(segment.start, segment.lo, witness)
    demand(post !== segment.end, 'the step is as claimed')
    this.#end(stage.turn)
  }

  #end(winner: Side): void {
    this.#stage = { kind: 'over', winner }
    this.#outcome = winner
  }
}

function demand(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new RuleBroken(reason)
}

function turnOf(stage: GameStage): Side {
  if (stage.kind === 'over') throw new RuleBroken('the game is over')
  return stage.turn
}

function bisected(stage: GameStage): Dissection {
  if (stage.kind === 'roots' || stage.kind === 'log' || stage.kind === 'inference') return stage.dissection
  throw new RuleBroken('nothing is being cut')
}

function dissectionOf(
  range: { readonly lo: number; readonly hi: number },
  start: Hex,
  hashes: readonly Hex[],
  rejected: Hex,
): Dissection {
  const { lo, hi } = range
  demand(hashes.length === partsOf({ lo, hi }), 'another number of segments')
  demand(hashes.at(-1) !== rejected, 'it agrees with what it rejects')
  return { lo, hi, hashes: [start, ...hashes] }
}

function requireSegment(dissection: Dissection, segment: SegmentOpening): void {
  const parts = dissection.hashes.length - 1
  demand(segment.index >= 0 && segment.index < parts, 'no such segment')
  demand(segmentRoot(segment, parts) === dissectionRoot(dissection), 'a segment of another dissection')
}

/** Root of the log's tree that ends with `leaf` at `index`: all right of it is empty. */
function prefixWith(leaf: Uint8Array, index: number, siblings: readonly Uint8Array[]): Hex {
  let node = leaf
  let empty = ZERO_LEAF
  siblings.forEach((sibling, height) => {
    const isRight = Math.floor(index / 2 ** height) % 2 === 1
    node = keccak256(isRight ? concatBytes(sibling, node) : concatBytes(node, empty))
    empty = keccak256(concatBytes(empty, empty))
  })
  return bytesToHex(node)
}
