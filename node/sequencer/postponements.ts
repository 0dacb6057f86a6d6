import type { Hex } from '../protocol/bytes.ts'

const MAX_DELAY_BLOCKS = 32
const MAX_REMEMBERED = 4096

/**
 * Transactions whose inference could not be run: they stay in the pool and are tried again after 1, 2, 4 … blocks, so that one
 * model out of reach does not eat every block's time.
 */
export interface Postponements {
  /** The transaction failed for want of something while block `number` was built. */
  postpone(hash: Hex, number: number): void
  /** Whether to leave the transaction out of block `number`. */
  isPostponed(hash: Hex, number: number): boolean
  /** Forgets a transaction that was included or dropped. */
  forget(hash: Hex): void
}

/** Creates an empty set. Bounded: the oldest entries are forgotten first, which only means an earlier try. */
export function createPostponements(): Postponements {
  const entries = new Map<Hex, { readonly untilNumber: number; readonly delayBlocks: number }>()
  return {
    postpone: (hash, number) => {
      const delayBlocks = Math.min(MAX_DELAY_BLOCKS, 2 * (entries.get(hash)?.delayBlocks ?? 1 / 2))
      entries.delete(hash)
      entries.set(hash, { untilNumber: number + delayBlocks, delayBlocks })
      const [oldest] = entries.keys()
      if (entries.size > MAX_REMEMBERED && oldest !== undefined) entries.delete(oldest)
    },
    isPostponed: (hash, number) => number < (entries.get(hash)?.untilNumber ?? 0),
    forget: (hash) => {
      entries.delete(hash)
    },
  }
}
