import { RocksLevel } from '@nxtedition/rocksdb'
import { UnavailableError } from '../protocol/errors.ts'

/** One change of a batch: `null` deletes. */
export type KeyValueChange = readonly [key: Uint8Array, value: Uint8Array | null]

/** An ordered byte store on disk whose batches are atomic and, once written, survive a crash of process and machine. */
export interface KeyValueStore {
  /** @throws UnavailableError `StorageFailed`. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Writes all changes or none, and returns when they are on disk. Cost: one sync. @throws UnavailableError `StorageFailed`. */
  write(changes: readonly KeyValueChange[]): Promise<void>
  close(): Promise<void>
}

const BLOCK_CACHE_BYTES = 64 * 1024 * 1024
const BACKGROUND_THREADS = 2

/**
 * Opens a RocksDB store, creating it where nothing is.
 * @throws UnavailableError `StorageLocked` when another process has it open, `StorageFailed` when it cannot be opened.
 */
export async function openKeyValueStore(path: string): Promise<KeyValueStore> {
  const level = new RocksLevel(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: true,
    cacheSize: BLOCK_CACHE_BYTES,
    parallelism: BACKGROUND_THREADS,
  })
  try {
    await level.open()
  } catch (cause) {
    throw openFailure(path, cause)
  }
  return {
    get: (key) => guarded('read', path, async () => plainBytes((await level.getMany([asBuffer(key)]))[0])),
    write: (changes) => guarded('write', path, () => writeBatch(level, changes)),
    close: () => guarded('close', path, () => level.close()),
  }
}

async function writeBatch(level: RocksLevel, changes: readonly KeyValueChange[]): Promise<void> {
  const batch = level.batch()
  try {
    for (const [key, value] of changes) {
      if (value === null) batch.del(asBuffer(key))
      else batch.put(asBuffer(key), asBuffer(value))
    }
    await batch.write({ sync: true })
  } finally {
    await batch.close()
  }
}

async function guarded<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new UnavailableError('StorageFailed', `cannot ${what} the database at ${path}: ${reasonOf(cause)}`, { cause })
  }
}

function openFailure(path: string, error: unknown): UnavailableError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    const message = `the database at ${path} is in use by another process; stop it or choose another data directory`
    return new UnavailableError('StorageLocked', message, { cause })
  }
  return new UnavailableError('StorageFailed', `cannot open the database at ${path}: ${reasonOf(cause)}`, { cause })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A Buffer's `slice` shares memory where a Uint8Array's copies: callers get the latter. */
function plainBytes(bytes: Uint8Array | null | undefined): Uint8Array | undefined {
  if (bytes === undefined) return undefined
  if (bytes === null) throw new Error('the read was aborted')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
