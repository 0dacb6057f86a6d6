import type { Log } from '../telemetry/logger.ts'
import type { Journal } from './journal.ts'
import type { Mempool } from './mempool.ts'

/** A journal that has grown by so much is written anew with what is still pooled. */
const COMPACT_AFTER_BYTES = 32 * 1024 * 1024

/** Takes the journal's transactions back into the pool and drops from the journal what the pool did not want. */
export async function restorePool(pool: Mempool, journal: Journal, log: Log): Promise<void> {
  const raws = await journal.load()
  const takenCount = await pool.restore(raws)
  await journal.rewrite(pooledRaws(pool))
  if (raws.length > 0) log.info({ journaledCount: raws.length, takenCount }, 'pool restored from its journal')
}

/** Rewrites the journal when it has grown much. Cheap when it has not: call it once a block. */
export async function compactJournal(pool: Mempool, journal: Journal): Promise<void> {
  if (journal.grownBytes() > COMPACT_AFTER_BYTES) await journal.rewrite(pooledRaws(pool))
}

function pooledRaws(pool: Mempool): Uint8Array[] {
  return pool.content().flatMap(({ pending, queued }) => [...pending, ...queued].map(({ raw }) => raw))
}
