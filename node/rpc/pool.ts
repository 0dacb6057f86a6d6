import type { Hex } from '../protocol/bytes.ts'
import type { PendingTransaction } from './format-transaction.ts'

/** A transaction that waits for a block. */
export interface PooledTransaction extends PendingTransaction {
  readonly nonce: bigint
}

/** What one sender has in the pool, by nonce. */
export interface PoolContent {
  readonly sender: Hex
  readonly pending: readonly PooledTransaction[]
  readonly queued: readonly PooledTransaction[]
}

/** The mempool, as the RPC uses it. */
export interface Pool {
  /** Takes an untrusted raw transaction and returns its hash. Rejects with InvalidError or UnavailableError. */
  add(raw: Uint8Array): Promise<Hex>
  get(hash: Hex): PooledTransaction | undefined
  /** An account's next nonce counting its pending transactions; undefined when it has none pooled. */
  pendingNonce(sender: Hex): bigint | undefined
  facts(): { readonly pendingCount: number; readonly queuedCount: number }
  /** Everything in the pool, or what one sender has there. */
  content(of?: Hex): readonly PoolContent[]
  /** Hashes that arrived since `cursor` (0 at first) and the next cursor. */
  arrivalsSince(cursor: number): { readonly hashes: readonly Hex[]; readonly cursor: number }
}
