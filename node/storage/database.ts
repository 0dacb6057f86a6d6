import type { BlockHeader } from '@ethereumjs/block'
import type { ExecutedBlock } from '../executor/execution.ts'
import type { GenesisBlock } from '../executor/genesis.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ContentStore } from '../protocol/content-store.ts'

/** A block by number and hash. */
export interface BlockRef {
  readonly number: number
  readonly hash: Hex
}

/** `unsafe`: the tip. `safe`: derived from L1. `finalized`: derived from finalised L1. */
export type HeadName = 'unsafe' | 'safe' | 'finalized'

/** The heads of the canonical chain; finalized ≤ safe ≤ unsafe. */
export type Heads = Readonly<Record<HeadName, BlockRef>>

/** Where a transaction lies in the canonical chain. */
export interface TransactionPlace extends BlockRef {
  readonly index: number
}

/** One atomic change of the database, applied in this order: rewind, blocks, heads, meta. */
export interface DatabaseWrite {
  /** The canonical chain ends at this number first; heads above it fall back to it. */
  readonly rewindTo?: number
  /** Blocks that extend the canonical chain, in order; the last one becomes the unsafe head. */
  readonly blocks?: readonly ExecutedBlock[]
  /** Canonical blocks that become heads. */
  readonly heads?: { readonly safe?: BlockRef; readonly finalized?: BlockRef }
  /** Named values of services; `null` deletes. */
  readonly meta?: Readonly<Record<string, Uint8Array | null>>
}

/**
 * The node's database: content, blocks, outcomes, the canonical chain and its heads, and small named values. Every write is one
 * atomic, synced batch, so that a crash at any point leaves the state before or after it and needs no repair.
 */
export interface Database {
  /** Buffers what is put until the next {@link Database.write}, which takes it along. */
  readonly content: ContentStore
  /**
   * Ties the database to a chain: stores block 0 in a new one, compares in an old one. Required before anything else but content.
   * @throws InvalidError `DatabaseOfOtherChain`.
   */
  bindGenesis(genesis: GenesisBlock): Promise<void>
  /** Writes are applied one after the other. @throws UnavailableError `StorageFailed`; BugError when blocks or heads do not connect. */
  write(change: DatabaseWrite): Promise<void>
  heads(): Heads
  canonicalHash(number: number): Promise<Hex | undefined>
  /** A stored block, canonical or not. Cost: two reads and a decode, fewer when recent. */
  getBlock(hash: Hex): Promise<ExecutedBlock | undefined>
  getBlockByNumber(number: number): Promise<ExecutedBlock | undefined>
  getHeader(hash: Hex): Promise<BlockHeader | undefined>
  findTransaction(hash: Hex): Promise<TransactionPlace | undefined>
  getMeta(name: string): Promise<Uint8Array | undefined>
  /** Waits for writes under way. */
  close(): Promise<void>
}
