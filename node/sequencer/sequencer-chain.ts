import type { BlockHeader } from '@ethereumjs/block'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'

/** The newest block of the unsafe chain. */
export interface ChainTip {
  readonly ref: L2BlockRef
  readonly header: BlockHeader
}

/** The stored chain, as the sequencer uses it. Every method rejects with UnavailableError on an I/O failure. */
export interface SequencerChain {
  head(): Promise<ChainTip>
  /**
   * Stores a block durably, whole or not at all, and makes it the unsafe head.
   * Rejects with InvalidError when the head is not its parent any more.
   */
  append(block: ExecutedBlock): Promise<void>
  /** Any stored block, canonical or not. */
  block(hash: Hex): Promise<ExecutedBlock | undefined>
  /** Hash of the canonical block at a height; undefined above the head. */
  canonicalHash(number: number): Promise<Hex | undefined>
}

/** Most blocks that are searched for transactions to take back. */
const MAX_UNDONE_BLOCKS = 1024

/**
 * The sequenced transactions of the blocks from `oldHead` down that are not canonical any more, oldest first.
 * Cost: reads those blocks.
 */
export async function undoneTransactions(chain: SequencerChain, oldHead: Hex): Promise<Uint8Array[]> {
  const blocks: Uint8Array[][] = []
  let hash = oldHead
  while (blocks.length < MAX_UNDONE_BLOCKS) {
    const block = await chain.block(hash)
    if (block === undefined || (await chain.canonicalHash(block.number)) === hash) break
    blocks.push(block.transactions.filter(({ type }) => type !== DEPOSIT_TYPE).map(({ raw }) => raw))
    hash = bytesToHex(block.header.parentHash)
  }
  return blocks.reverse().flat()
}
