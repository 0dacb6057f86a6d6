import type { Database } from '../node/storage/database.ts'

/** How far two nodes' chains agree. */
export interface ChainComparison {
  /** Blocks compared: 1 … the verifier's safe head. */
  readonly blocksCompared: number
  /** Whether every one of them has the same hash and state root on both. */
  readonly equal: boolean
  /** The first block that differs, if any. */
  readonly firstDifference: number | null
}

/** Compares every block that the verifier derived from L1 with the sequencer's. */
export async function compareChains(sequencer: Database, verifier: Database): Promise<ChainComparison> {
  const last = verifier.heads().safe.number
  for (let number = 1; number <= last; number++) {
    const [ours, theirs] = await Promise.all([sequencer.getBlockByNumber(number), verifier.getBlockByNumber(number)])
    const equal = ours !== undefined && theirs !== undefined && ours.hash === theirs.hash && sameState(ours, theirs)
    if (!equal) return { blocksCompared: number, equal: false, firstDifference: number }
  }
  return { blocksCompared: last, equal: last > 0, firstDifference: null }
}

type StoredBlock = NonNullable<Awaited<ReturnType<Database['getBlockByNumber']>>>

function sameState(a: StoredBlock, b: StoredBlock): boolean {
  return Buffer.from(a.header.stateRoot).equals(Buffer.from(b.header.stateRoot))
}
