import type { ChainSpec } from '../protocol/chain-spec.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import type { Batch } from './batch-codec.ts'
import type { L1BlockRef } from './l1-block.ts'
import type { L2BlockRef } from './l2-block-ref.ts'

/** A batch, and the number of the L1 block that completed its channel. */
export interface IncludedBatch {
  readonly batch: Batch
  readonly includedAt: number
}

/**
 * What a batch is worth on top of a given L2 block: the next block (`accept`), never (`drop`), no longer (`past`), perhaps
 * later (`future`), or not to be told before the next L1 block is known (`undecided`).
 */
export type BatchVerdict = 'accept' | 'drop' | 'past' | 'future' | 'undecided'

/**
 * The rules that a batch must meet whatever it builds on: it came within its sequencing window and not before its epoch,
 * and its transactions are neither empty nor deposits, which only L1 can make.
 */
export function isPlausibleBatch(spec: ChainSpec, { batch, includedAt }: IncludedBatch): boolean {
  if (batch.epochNumber > includedAt || batch.epochNumber + spec.sequencerWindowBlocks < includedAt) return false
  return batch.transactions.every((raw) => raw.length > 0 && raw[0] !== DEPOSIT_TYPE)
}

/**
 * Judges a plausible batch on top of `parent` (OP Stack derivation, "Batch Queue").
 * @param origin the L1 origin of `parent`.
 * @param nextOrigin the L1 block after it, if known yet.
 */
export function checkBatch(
  spec: ChainSpec,
  parent: L2BlockRef,
  origin: L1BlockRef,
  nextOrigin: L1BlockRef | undefined,
  batch: Batch,
): BatchVerdict {
  const timestamp = parent.timestamp + spec.blockTimeSeconds
  if (batch.timestamp > timestamp) return 'future'
  if (batch.timestamp < timestamp) return 'past'
  if (batch.parentHash !== parent.hash) return 'drop'
  const advances = batch.epochNumber === origin.number + 1
  if (!advances && batch.epochNumber !== origin.number) return 'drop'
  const epoch = advances ? nextOrigin : origin
  if (epoch === undefined) return 'undecided'
  if (batch.epochHash !== epoch.hash || batch.timestamp < epoch.timestamp) return 'drop'
  if (batch.timestamp <= epoch.timestamp + spec.maxSequencerDriftSeconds) return 'accept'
  return checkDrifted(batch, advances, nextOrigin)
}

/**
 * A block too far ahead of its origin must be empty, and may keep the origin only while the next one is not yet due: so the
 * L2 chain goes on when L1 skips slots.
 */
function checkDrifted(batch: Batch, advances: boolean, nextOrigin: L1BlockRef | undefined): BatchVerdict {
  if (batch.transactions.length > 0) return 'drop'
  if (advances) return 'accept'
  if (nextOrigin === undefined) return 'undecided'
  return batch.timestamp < nextOrigin.timestamp ? 'accept' : 'drop'
}
