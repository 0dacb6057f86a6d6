import type { Hex } from '../protocol/bytes.ts'
import type { L1BlockRef, L1Origin } from './l1-block.ts'

/** How settled an L1 block is. */
export type L1Head = 'latest' | 'safe' | 'finalized'

/**
 * L1, as the node's services read it. Every method rejects with UnavailableError when L1 cannot answer now; that is never a
 * verdict.
 */
export interface L1Source {
  head(head: L1Head): Promise<L1BlockRef>
  /** The canonical block at a height; undefined above the head. */
  refByNumber(number: number): Promise<L1BlockRef | undefined>
  /** Header and deposit logs of a block. Rejects with UnavailableError when L1 no longer knows the hash. */
  origin(hash: Hex): Promise<L1Origin>
  /** What the batcher sent in a block (see L1BlockData.batcherData); every blob was checked against its versioned hash. */
  batcherData(hash: Hex): Promise<Uint8Array[]>
}
