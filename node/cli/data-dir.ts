import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { openKeyValueStore } from '../storage/key-value-store.ts'

/** Name of the folder in a data directory whose lock tells that the directory is in use. */
export const LOCK_NAME = 'lock'

/** Makes a data directory and the folders above it. @throws InvalidError `DataDirUnusable` naming the path and the reason. */
export function makeDataDir(path: string): void {
  try {
    makeFolder(path)
  } catch (cause) {
    throw new InvalidError('DataDirUnusable', `${path} cannot hold data: pass another --data-dir`, { cause })
  }
}

/** Folder by folder: Node's own recursion never ends where the file system refuses with ENOENT, as under /proc. */
function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (found === undefined) makeFolder(dirname(path))
  mkdirSync(path)
}

/**
 * Makes a data directory and claims it for this process; resolves to what gives it back. The claim is the lock of an empty
 * RocksDB, which the system takes from a process that dies, however it dies.
 * @throws InvalidError `DataDirUnusable`, `DataDirInUse` when another process holds it
 */
export async function claimDataDir(path: string): Promise<() => Promise<void>> {
  makeDataDir(path)
  try {
    const lock = await openKeyValueStore(join(path, LOCK_NAME))
    return () => lock.close()
  } catch (cause) {
    if (!(cause instanceof UnavailableError)) throw cause
    if (cause.code !== 'StorageLocked') {
      throw new InvalidError('DataDirUnusable', `${path} cannot hold data: pass another --data-dir`, { cause })
    }
    const message = `${path} is in use by another process: stop that one first, or pass another --data-dir`
    throw new InvalidError('DataDirInUse', message)
  }
}
