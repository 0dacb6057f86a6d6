import type { Batch } from './batch-codec.ts'
import { BATCH_ACCOUNTING_BYTES, MAX_WAITING_BATCH_BYTES } from './limits.ts'

/**
 * Batches whose turn has not come, by timestamp and, within one, in the order of their inclusion in L1. That a batch may
 * come before its parent's makes the next block a function of the block before it and of L1 alone, and not of the moment
 * at which a node started to read.
 */
export interface WaitingBatches {
  /** Keeps a copy of a batch, unless it is past or there is no more room: what comes last is lost first. */
  add(batch: Batch): void
  /** Those for one timestamp. Those with an earlier timestamp are forgotten. */
  at(timestamp: number): readonly Batch[]
}

/** @param firstTimestamp the timestamp of the first block to come, in seconds; earlier batches are past. */
export function createWaitingBatches(firstTimestamp: number): WaitingBatches {
  const byTimestamp = new Map<number, Batch[]>()
  let earliest = firstTimestamp
  let sizeBytes = 0
  return {
    add(batch) {
      const size = batchSize(batch)
      if (batch.timestamp < earliest || sizeBytes + size > MAX_WAITING_BATCH_BYTES) return
      sizeBytes += size
      const copy: Batch = { ...batch, transactions: batch.transactions.map((raw) => raw.slice()) }
      const others = byTimestamp.get(batch.timestamp)
      if (others === undefined) byTimestamp.set(batch.timestamp, [copy])
      else others.push(copy)
    },
    at(timestamp) {
      for (; earliest < timestamp; earliest++) {
        for (const batch of byTimestamp.get(earliest) ?? []) sizeBytes -= batchSize(batch)
        byTimestamp.delete(earliest)
      }
      return byTimestamp.get(timestamp) ?? []
    },
  }
}

function batchSize(batch: Batch): number {
  return batch.transactions.reduce((size, raw) => size + raw.length, BATCH_ACCOUNTING_BYTES)
}
