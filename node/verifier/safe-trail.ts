import type { L1BlockRef } from '../derivation/l1-block.ts'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'

/** A derived block and the last L1 block that was read for it. */
export interface TrailEntry {
  readonly ref: L2BlockRef
  readonly derivedFrom: L1BlockRef
}

/** The blocks derived since the finalised head: which L1 blocks they hang on. */
export interface SafeTrail {
  push(entry: TrailEntry): void
  /** Newest block that hangs on L1 blocks up to `l1Number` only; it and all before it are forgotten. */
  takeFinalized(l1Number: number): L2BlockRef | undefined
  /** Drops the newest blocks until one hangs on a canonical L1 block; returns that one, undefined when none is left. */
  rollBack(isCanonical: (l1: L1BlockRef) => Promise<boolean>): Promise<L2BlockRef | undefined>
}

/** Creates an empty trail. Memory: one entry for each L2 block that L1 has not finalised. */
export function createSafeTrail(): SafeTrail {
  let entries: TrailEntry[] = []
  return {
    push: (entry) => void entries.push(entry),
    takeFinalized(l1Number) {
      const open = entries.findIndex(({ derivedFrom }) => derivedFrom.number > l1Number)
      const count = open === -1 ? entries.length : open
      const finalized = entries[count - 1]?.ref
      entries = entries.slice(count)
      return finalized
    },
    async rollBack(isCanonical) {
      for (let last = entries.at(-1); last !== undefined; last = entries.at(-1)) {
        if (await isCanonical(last.derivedFrom)) return last.ref
        entries.pop()
      }
      return undefined
    },
  }
}
