import type { PoolTransaction } from './pool-transaction.ts'

/** A pooled transaction with the order of its arrival, which breaks ties of fee. */
export interface PooledTransaction extends PoolTransaction {
  readonly arrival: number
}

/** The pooled transactions of one sender. Those with nonces in a row from `nextNonce` are pending, the others queued. */
export class AccountTransactions {
  /** The account's nonce in the state of the pool's head. */
  nextNonce: bigint
  sizeBytes = 0
  readonly #byNonce = new Map<bigint, PooledTransaction>()

  constructor(nextNonce: bigint) {
    this.nextNonce = nextNonce
  }

  get count(): number {
    return this.#byNonce.size
  }

  get(nonce: bigint): PooledTransaction | undefined {
    return this.#byNonce.get(nonce)
  }

  /** Adds a transaction in the place of any with the same nonce. */
  set(transaction: PooledTransaction): void {
    this.delete(transaction.nonce)
    this.#byNonce.set(transaction.nonce, transaction)
    this.sizeBytes += transaction.raw.length
  }

  delete(nonce: bigint): void {
    const old = this.#byNonce.get(nonce)
    if (old === undefined) return
    this.#byNonce.delete(nonce)
    this.sizeBytes -= old.raw.length
  }

  /** All transactions by nonce. Cost: n log n. */
  sorted(): PooledTransaction[] {
    return [...this.#byNonce.values()].sort((a, b) => (a.nonce < b.nonce ? -1 : 1))
  }

  /** First nonce after the pending transactions: what `eth_getTransactionCount(…, "pending")` answers. */
  pendingNonce(): bigint {
    let nonce = this.nextNonce
    while (this.#byNonce.has(nonce)) nonce++
    return nonce
  }

  /** The transaction with the greatest nonce: the only one whose eviction leaves no gap. */
  last(): PooledTransaction | undefined {
    let last: PooledTransaction | undefined
    for (const transaction of this.#byNonce.values()) {
      if (last === undefined || transaction.nonce > last.nonce) last = transaction
    }
    return last
  }

  /** Sum of the most that all transactions but the one with nonce `except` can cost, in wei. */
  reserved(except: bigint): bigint {
    let sum = 0n
    for (const transaction of this.#byNonce.values()) if (transaction.nonce !== except) sum += transaction.cost
    return sum
  }
}
