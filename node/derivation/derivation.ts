import type { BlockAttributes } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import type { Batch } from './batch-codec.ts'
import { checkBatch, isPlausibleBatch } from './batch-rules.ts'
import { blockAttributes } from './block-attributes.ts'
import { createChannelAssembler } from './channel-assembler.ts'
import { readChannel } from './channel-codec.ts'
import { depositsFromLogs } from './deposits.ts'
import { decodeFrames, type Frame } from './frame-codec.ts'
import type { L1BlockData, L1BlockInfo, L1BlockRef } from './l1-block.ts'
import type { L2BlockRef } from './l2-block-ref.ts'
import { createWaitingBatches } from './waiting-batches.ts'

/** The next L2 block, as L1 dictates it. */
export interface DerivedBlock {
  readonly kind: 'block'
  readonly attributes: BlockAttributes
  /**
   * The sequenced transactions, raw. They are the batcher's word: when they do not execute, the block is the one with the
   * same attributes and no sequenced transaction.
   */
  readonly transactions: readonly Uint8Array[]
  readonly l1Origin: { readonly hash: Hex; readonly number: number }
  readonly sequenceNumber: number
  /** The last L1 block that was read: once it is final, so is this block. */
  readonly derivedFrom: L1BlockRef
}

/** What derivation can say now. */
export type DerivationStep = { readonly kind: 'need-l1' } | DerivedBlock

/** The state machine that turns L1 blocks into L2 blocks. Pure: the same calls give the same answers. */
export interface Derivation {
  /** Number of the L1 block that {@link feed} wants next. */
  readonly nextL1Number: number
  /** The last L1 block that was fed. */
  readonly tip: L1BlockRef | undefined
  /**
   * Takes the next L1 block.
   * @throws InvalidError `L1NotContiguous` when it is not the child of the tip, or not the origin that the safe head names:
   * L1 was reorganised, and derivation must be created anew from an L2 block whose origin is still canonical.
   */
  feed(block: L1BlockData): void
  /** The block after `safeHead`, which is the start or the outcome of the last derived block. */
  next(safeHead: L2BlockRef): DerivationStep
}

/** An L1 block as the start of an epoch. */
interface Epoch {
  readonly info: L1BlockInfo
  readonly deposits: readonly Uint8Array[]
}

/**
 * Derivation of the blocks after `start`, a block of the canonical L2 chain. It reads L1 from `channelTimeoutBlocks` before
 * the start's origin, since a channel with batches for the next block may have been opened there; every start gives the
 * same chain. Memory: the L1 origins of one sequencing window and {@link createWaitingBatches}.
 */
export function createDerivation(spec: ChainSpec, start: L2BlockRef): Derivation {
  const firstL1Number = Math.max(spec.genesis.l1.number, start.l1Origin.number - spec.channelTimeoutBlocks)
  const assembler = createChannelAssembler(spec.channelTimeoutBlocks)
  const waiting = createWaitingBatches(start.timestamp + spec.blockTimeSeconds)
  const epochs: Epoch[] = []
  let tip: L1BlockRef | undefined

  const nextL1Number = () => (tip === undefined ? firstL1Number : tip.number + 1)

  return {
    get nextL1Number() {
      return nextL1Number()
    },
    get tip() {
      return tip
    },
    feed(block) {
      const { info } = block
      const isStart = info.number === start.l1Origin.number
      if (info.number !== nextL1Number() || (tip !== undefined && info.parentHash !== tip.hash)) {
        throw notContiguous(info, `the child of ${tip?.hash ?? `block ${firstL1Number - 1}`}`)
      }
      if (isStart && info.hash !== start.l1Origin.hash) throw notContiguous(info, `${start.l1Origin.hash}`)
      tip = info
      for (const frame of block.batcherData.flatMap(framesOf)) {
        const channel = assembler.add(frame, info.number)
        // A batch is no older than its epoch, so channels that end before the start's origin hold nothing for it.
        if (channel === undefined || info.number < start.l1Origin.number) continue
        for (const batch of readChannel(channel)) {
          if (isPlausibleBatch(spec, { batch, includedAt: info.number })) waiting.add(batch)
        }
      }
      if (info.number < start.l1Origin.number) return
      epochs.push({ info, deposits: depositsFromLogs(spec, info.hash, block.depositLogs) })
    },
    next(safeHead) {
      while (epochs[0] !== undefined && epochs[0].info.number < safeHead.l1Origin.number) epochs.shift()
      const [epoch, nextEpoch] = epochs
      if (tip === undefined || epoch === undefined) return { kind: 'need-l1' }
      // INVARIANT: the safe head descends from the start by derived blocks, so its origin is one of the blocks fed.
      if (epoch.info.hash !== safeHead.l1Origin.hash)
        throw new BugError(`L2 block ${safeHead.number} has a foreign origin`)
      const candidates = waiting.at(safeHead.timestamp + spec.blockTimeSeconds)
      const choice = chooseBatch(spec, safeHead, epoch, nextEpoch, candidates)
      if (choice === 'undecided') return { kind: 'need-l1' }
      if (choice !== undefined) {
        const origin = choice.epochNumber === epoch.info.number ? epoch : (nextEpoch as Epoch)
        return derivedBlock(spec, safeHead, origin, choice.transactions, tip)
      }
      const forced = forcedEpoch(spec, safeHead, epoch, nextEpoch, tip.number)
      return forced === undefined ? { kind: 'need-l1' } : derivedBlock(spec, safeHead, forced, [], tip)
    },
  }
}

/** The frames of one batcher transaction or blob; none when it is malformed. */
function framesOf(data: Uint8Array): Frame[] {
  try {
    return decodeFrames(data)
  } catch (error) {
    if (error instanceof InvalidError) return []
    throw error
  }
}

/** The first batch, in the order of inclusion, that is valid on top of the safe head. */
function chooseBatch(
  spec: ChainSpec,
  safeHead: L2BlockRef,
  epoch: Epoch,
  nextEpoch: Epoch | undefined,
  candidates: readonly Batch[],
): Batch | 'undecided' | undefined {
  for (const batch of candidates) {
    const verdict = checkBatch(spec, safeHead, epoch.info, nextEpoch?.info, batch)
    if (verdict === 'accept') return batch
    if (verdict === 'undecided') return 'undecided'
  }
  return undefined
}

/**
 * The epoch of the empty block that L1 forces when no batch came within the sequencing window; undefined while one may come.
 * The block keeps its epoch until the next one's time is reached, and each epoch has at least one block.
 */
function forcedEpoch(
  spec: ChainSpec,
  safeHead: L2BlockRef,
  epoch: Epoch,
  nextEpoch: Epoch | undefined,
  tipNumber: number,
): Epoch | undefined {
  const hasExpired = ({ info }: Epoch) => info.number + spec.sequencerWindowBlocks <= tipNumber
  if (nextEpoch === undefined || !hasExpired(epoch)) return undefined
  if (safeHead.timestamp + spec.blockTimeSeconds < nextEpoch.info.timestamp) return epoch
  return hasExpired(nextEpoch) ? nextEpoch : undefined
}

function derivedBlock(
  spec: ChainSpec,
  safeHead: L2BlockRef,
  { info, deposits }: Epoch,
  transactions: readonly Uint8Array[],
  derivedFrom: L1BlockRef,
): DerivedBlock {
  const sequenceNumber = info.number === safeHead.l1Origin.number ? safeHead.sequenceNumber + 1 : 0
  return {
    kind: 'block',
    attributes: blockAttributes(spec, safeHead.timestamp, info, sequenceNumber, deposits),
    transactions,
    l1Origin: { hash: info.hash, number: info.number },
    sequenceNumber,
    derivedFrom,
  }
}

function notContiguous(info: L1BlockInfo, expected: string): InvalidError<'L1NotContiguous'> {
  return new InvalidError(
    'L1NotContiguous',
    `L1 block ${info.number} (${info.hash}) is not ${expected}: derive anew from an L2 block with a canonical origin`,
  )
}
