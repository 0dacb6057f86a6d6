import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { AccountTransactions, type PooledTransaction } from './account-transactions.ts'
import type { PoolLimits } from './pool-limits.ts'
import { effectiveTip } from './pool-transaction.ts'

/** All pooled transactions by hash and by sender, within the global limits. */
export class PoolIndex {
  sizeBytes = 0
  readonly #limits: PoolLimits
  readonly #byHash = new Map<Hex, PooledTransaction>()
  readonly #accounts = new Map<Hex, AccountTransactions>()

  constructor(limits: PoolLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#byHash.size
  }

  get(hash: Hex): PooledTransaction | undefined {
    return this.#byHash.get(hash)
  }

  account(sender: Hex): AccountTransactions | undefined {
    return this.#accounts.get(sender)
  }

  accounts(): IterableIterator<[Hex, AccountTransactions]> {
    return this.#accounts.entries()
  }

  /**
   * Adds a transaction, in the place of any with its sender and nonce, and makes room by evicting cheaper ones. Only the
   * last transaction of an account is ever evicted, queued before pending.
   * @throws InvalidError `PoolFull` when all others are worth more. Cost: linear in the pool when it is full.
   */
  insert(transaction: PooledTransaction, nextNonce: bigint, baseFee: bigint): void {
    const victims = this.#planEviction(transaction, nextNonce, baseFee)
    for (const victim of victims) this.remove(victim.hash)
    const account = this.#accounts.get(transaction.sender) ?? new AccountTransactions(nextNonce)
    const replaced = account.get(transaction.nonce)
    if (replaced !== undefined) this.#forget(replaced)
    account.set(transaction)
    this.#accounts.set(transaction.sender, account)
    this.#byHash.set(transaction.hash, transaction)
    this.sizeBytes += transaction.raw.length
  }

  remove(hash: Hex): void {
    const transaction = this.#byHash.get(hash)
    if (transaction === undefined) return
    this.#forget(transaction)
    const account = this.#accounts.get(transaction.sender)
    account?.delete(transaction.nonce)
    if (account?.count === 0) this.#accounts.delete(transaction.sender)
  }

  /** Sets an account's nonce and removes the transactions that it has passed. */
  setNonce(sender: Hex, nextNonce: bigint): void {
    const account = this.#accounts.get(sender)
    if (account === undefined) return
    account.nextNonce = nextNonce
    for (const transaction of account.sorted()) {
      if (transaction.nonce < nextNonce) this.remove(transaction.hash)
    }
  }

  #forget(transaction: PooledTransaction): void {
    this.#byHash.delete(transaction.hash)
    this.sizeBytes -= transaction.raw.length
  }

  #planEviction(incoming: PooledTransaction, nextNonce: bigint, baseFee: bigint): PooledTransaction[] {
    const replaced = this.#accounts.get(incoming.sender)?.get(incoming.nonce)
    let excessCount = this.count + (replaced === undefined ? 1 : 0) - this.#limits.maxCount
    let excessBytes = this.sizeBytes + incoming.raw.length - (replaced?.raw.length ?? 0) - this.#limits.maxBytes
    if (excessCount <= 0 && excessBytes <= 0) return []
    const worth = this.#worthOfIncoming(incoming, nextNonce, baseFee)
    const victims: PooledTransaction[] = []
    const tails = this.#tails(incoming.sender, baseFee)
    while (excessCount > 0 || excessBytes > 0) {
      const victim = popCheapest(tails)
      if (victim === undefined || compareWorth(victim, worth) >= 0) {
        throw new InvalidError('PoolFull', 'txpool is full: raise the fee or try again later')
      }
      victims.push(victim.transaction)
      excessCount -= 1
      excessBytes -= victim.transaction.raw.length
    }
    return victims
  }

  #worthOfIncoming(incoming: PooledTransaction, nextNonce: bigint, baseFee: bigint): Worth {
    const pendingNonce = this.#accounts.get(incoming.sender)?.pendingNonce() ?? nextNonce
    return { pending: incoming.nonce <= pendingNonce, tip: effectiveTip(incoming, baseFee) }
  }

  #tails(except: Hex, baseFee: bigint): Tail[] {
    const tails: Tail[] = []
    for (const [sender, account] of this.#accounts) {
      if (sender === except) continue
      const pendingNonce = account.pendingNonce()
      const stack = account.sorted().map((transaction) => ({
        transaction,
        pending: transaction.nonce < pendingNonce,
        tip: effectiveTip(transaction, baseFee),
      }))
      tails.push({ stack })
    }
    return tails
  }
}

interface Worth {
  readonly pending: boolean
  readonly tip: bigint
}

interface Valued extends Worth {
  readonly transaction: PooledTransaction
}

interface Tail {
  /** By nonce; only the last may go. */
  readonly stack: Valued[]
}

function compareWorth(a: Worth, b: Worth): number {
  if (a.pending !== b.pending) return a.pending ? 1 : -1
  if (a.tip === b.tip) return 0
  return a.tip < b.tip ? -1 : 1
}

function popCheapest(tails: readonly Tail[]): Valued | undefined {
  let cheapest: Tail | undefined
  for (const tail of tails) {
    const last = tail.stack.at(-1)
    const best = cheapest?.stack.at(-1)
    if (last !== undefined && (best === undefined || compareWorth(last, best) < 0)) cheapest = tail
  }
  return cheapest?.stack.pop()
}
