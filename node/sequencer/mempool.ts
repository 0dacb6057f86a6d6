import type { Common } from '@ethereumjs/common'
import type { Hex } from '../protocol/bytes.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import type { PoolFacts } from '../telemetry/sequencer-metrics.ts'
import type { PooledTransaction } from './account-transactions.ts'
import { checkAdmission, type PoolHead, type SenderState } from './admission.ts'
import { type BestTransactions, bestTransactions } from './best-transactions.ts'
import { PoolIndex } from './pool-index.ts'
import type { PoolLimits } from './pool-limits.ts'
import { decodePoolTransaction, type PoolTransaction } from './pool-transaction.ts'

/** Arrivals that are remembered for pending-transaction filters. */
const MAX_REMEMBERED_ARRIVALS = 4096

/** What the pool needs from outside. */
export interface MempoolDeps {
  readonly rules: Common
  readonly limits: PoolLimits
  /** The sender in the state under `stateRoot`. @throws UnavailableError on an I/O failure. */
  senderState(address: Hex, stateRoot: Hex): Promise<SenderState>
  /** Told about each transaction that was taken, for the journal. */
  readonly onAdded?: (transaction: PoolTransaction) => void
}

/** Pending and queued transactions of one sender, by nonce. */
export interface PoolContentOfSender {
  readonly sender: Hex
  readonly pending: readonly PoolTransaction[]
  readonly queued: readonly PoolTransaction[]
}

/** Transactions that wait for a block. In memory; a journal may sit beside it. */
export class Mempool {
  readonly #deps: MempoolDeps
  readonly #index: PoolIndex
  #head: PoolHead
  #arrivals = 0
  #admissions = 0
  readonly #recent: { arrival: number; hash: Hex }[] = []
  readonly #listeners = new Set<() => void>()

  constructor(deps: MempoolDeps, head: PoolHead) {
    this.#deps = deps
    this.#index = new PoolIndex(deps.limits)
    this.#head = head
  }

  /**
   * Takes an untrusted raw transaction. Returns its hash.
   * @throws InvalidError as {@link decodePoolTransaction} and {@link checkAdmission} do, `AlreadyKnown` and `PoolFull`;
   * UnavailableError `PoolBusy` when too many admissions are in progress.
   */
  async add(raw: Uint8Array): Promise<Hex> {
    if (this.#admissions >= this.#deps.limits.maxConcurrentAdmissions) {
      throw new UnavailableError('PoolBusy', 'transaction pool is busy: try again')
    }
    this.#admissions++
    try {
      return await this.#admit(decodePoolTransaction(raw, this.#deps.rules))
    } finally {
      this.#admissions--
    }
  }

  get(hash: Hex): PoolTransaction | undefined {
    return this.#index.get(hash)
  }

  /** The account's next nonce counting its pending transactions, or undefined when it has none pooled. */
  pendingNonce(sender: Hex): bigint | undefined {
    return this.#index.account(sender)?.pendingNonce()
  }

  /**
   * What a block with this base fee would take, best first.
   * @param inBlock senders that the block has dealt with: the nonce that comes next for each, or null to pass over it.
   */
  best(baseFee: bigint, inBlock: ReadonlyMap<Hex, bigint | null> = new Map()): BestTransactions {
    const lookup = (sender: Hex) => this.#index.account(sender)
    return bestTransactions(this.#index.accounts(), lookup, baseFee, (sender, account) => {
      const next = inBlock.get(sender)
      return next === undefined ? account.nextNonce : next
    })
  }

  /** Calls `listener` for each transaction that arrives; returns how to stop that. */
  onArrival(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Removes a transaction that no block can include; the sender's later ones wait for a new one with its nonce. */
  async reject(hash: Hex): Promise<void> {
    const transaction = this.#index.get(hash)
    this.#index.remove(hash)
    if (transaction !== undefined) await this.#refresh([transaction.sender])
  }

  /** Moves the pool to a new head that extends the old one; `senders` are those of the new blocks' transactions. */
  async advance(head: PoolHead, senders: readonly Hex[]): Promise<void> {
    this.#head = head
    await this.#refresh(new Set(senders))
  }

  /** Moves the pool to a head on another branch and takes back the transactions of the blocks that were undone. */
  async reset(head: PoolHead, undone: readonly Uint8Array[]): Promise<void> {
    this.#head = head
    await this.#refresh([...this.#index.accounts()].map(([sender]) => sender))
    await this.restore(undone)
  }

  /** Adds transactions of which some may be stale; returns how many were taken. */
  async restore(raws: Iterable<Uint8Array>): Promise<number> {
    let taken = 0
    for (const raw of raws) {
      try {
        await this.#admit(decodePoolTransaction(raw, this.#deps.rules))
        taken++
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error
      }
    }
    return taken
  }

  /** Counts of pending and queued transactions, and bytes in all. Cost: linear in the number of pooled transactions. */
  facts(): PoolFacts {
    let pendingCount = 0
    for (const [, account] of this.#index.accounts()) pendingCount += Number(account.pendingNonce() - account.nextNonce)
    return { pendingCount, queuedCount: this.#index.count - pendingCount, sizeBytes: this.#index.sizeBytes }
  }

  /** Everything in the pool, or what one sender has there. */
  content(of?: Hex): PoolContentOfSender[] {
    const content: PoolContentOfSender[] = []
    for (const [sender, account] of this.#index.accounts()) {
      if (of !== undefined && sender !== of) continue
      const pendingNonce = account.pendingNonce()
      const sorted = account.sorted()
      const pending = sorted.filter((transaction) => transaction.nonce < pendingNonce)
      content.push({ sender, pending, queued: sorted.slice(pending.length) })
    }
    return content
  }

  /** Hashes that arrived since `cursor` (0 at first; only the latest few thousand are remembered) and the next cursor. */
  arrivalsSince(cursor: number): { readonly hashes: readonly Hex[]; readonly cursor: number } {
    const hashes = this.#recent.filter(({ arrival }) => arrival >= cursor).map(({ hash }) => hash)
    return { hashes, cursor: this.#arrivals }
  }

  async #admit(transaction: PoolTransaction): Promise<Hex> {
    if (this.#index.get(transaction.hash) !== undefined) throw new InvalidError('AlreadyKnown', 'already known')
    const sender = await this.#stateAtHead(transaction.sender)
    if (this.#index.get(transaction.hash) !== undefined) throw new InvalidError('AlreadyKnown', 'already known')
    // From here to the insertion nothing is awaited: the checks hold for the pool that takes the transaction.
    const head = this.#head
    const pooled = this.#index.account(transaction.sender)
    if (pooled !== undefined) this.#index.setNonce(transaction.sender, sender.nonce)
    checkAdmission(transaction, { head, sender, pooled, limits: this.#deps.limits })
    const entry: PooledTransaction = { ...transaction, arrival: this.#arrivals }
    this.#index.insert(entry, sender.nonce, head.nextBaseFee)
    this.#remember(entry)
    this.#deps.onAdded?.(transaction)
    for (const listener of this.#listeners) listener()
    return transaction.hash
  }

  /** Reads a sender at the head that is still the head when the answer has come. */
  async #stateAtHead(sender: Hex): Promise<SenderState> {
    for (;;) {
      const { stateRoot } = this.#head
      const state = await this.#deps.senderState(sender, stateRoot)
      if (this.#head.stateRoot === stateRoot) return state
    }
  }

  async #refresh(senders: Iterable<Hex>): Promise<void> {
    for (const sender of senders) {
      if (this.#index.account(sender) === undefined) continue
      const { nonce } = await this.#stateAtHead(sender)
      this.#index.setNonce(sender, nonce)
    }
  }

  #remember({ arrival, hash }: PooledTransaction): void {
    this.#arrivals++
    this.#recent.push({ arrival, hash })
    if (this.#recent.length > MAX_REMEMBERED_ARRIVALS) this.#recent.shift()
  }
}
