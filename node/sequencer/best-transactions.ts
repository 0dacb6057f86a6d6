import type { Hex } from '../protocol/bytes.ts'
import type { AccountTransactions, PooledTransaction } from './account-transactions.ts'
import { effectiveTip } from './pool-transaction.ts'

/** Pending transactions, the best paying first, each sender's in order of nonce. */
export interface BestTransactions {
  /** The best transaction now, or undefined when none is left. It stays first until one of the moves below. */
  peek(): PooledTransaction | undefined
  /** Goes on to the sender's next nonce: the first was included. */
  advance(): void
  /** Passes over the rest of the sender's transactions. */
  skipSender(): void
}

interface Entry {
  readonly transaction: PooledTransaction
  readonly tip: bigint
}

/**
 * Orders what is pending at a base fee by effective tip, then by arrival. Reads the accounts as they are at each step, so that
 * transactions which arrive meanwhile follow their senders. Cost: log(senders) a step.
 * @param startAt first nonce of a sender, or null to pass over it.
 */
export function bestTransactions(
  accounts: Iterable<readonly [Hex, AccountTransactions]>,
  lookup: (sender: Hex) => AccountTransactions | undefined,
  baseFee: bigint,
  startAt: (sender: Hex, account: AccountTransactions) => bigint | null,
): BestTransactions {
  const heap: Entry[] = []
  const offer = (transaction: PooledTransaction | undefined) => {
    if (transaction === undefined) return
    const tip = effectiveTip(transaction, baseFee)
    if (tip >= 0n) push(heap, { transaction, tip })
  }
  for (const [sender, account] of accounts) {
    const nonce = startAt(sender, account)
    if (nonce !== null) offer(account.get(nonce))
  }
  return {
    peek: () => heap[0]?.transaction,
    advance: () => {
      const done = pop(heap)?.transaction
      if (done !== undefined) offer(lookup(done.sender)?.get(done.nonce + 1n))
    },
    skipSender: () => {
      pop(heap)
    },
  }
}

function isBetter(a: Entry, b: Entry): boolean {
  return a.tip === b.tip ? a.transaction.arrival < b.transaction.arrival : a.tip > b.tip
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry)
  let child = heap.length - 1
  while (child > 0) {
    const parent = (child - 1) >> 1
    if (!swapIfBetter(heap, child, parent)) return
    child = parent
  }
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0]
  const last = heap.pop()
  if (heap.length === 0 || last === undefined) return top
  heap[0] = last
  let parent = 0
  for (;;) {
    const left = 2 * parent + 1
    const leftEntry = heap[left]
    const rightEntry = heap[left + 1]
    if (leftEntry === undefined) return top
    const child = rightEntry !== undefined && isBetter(rightEntry, leftEntry) ? left + 1 : left
    if (!swapIfBetter(heap, child, parent)) return top
    parent = child
  }
}

/** Swaps where the entry at `child` is better than the one at `parent`; says whether it did. */
function swapIfBetter(heap: Entry[], child: number, parent: number): boolean {
  const [a, b] = [heap[child], heap[parent]]
  if (a === undefined || b === undefined || !isBetter(a, b)) return false
  heap[child] = b
  heap[parent] = a
  return true
}
