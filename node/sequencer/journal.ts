import { appendFile, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Journals larger than this are not read back. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024

/**
 * A file of raw transactions, one a line in hex, so that the pool survives a restart. It is a convenience, not a promise: a
 * line that a crash cut short is passed over.
 */
export interface Journal {
  /** The transactions written so far; none when there is no file. */
  load(): Promise<Uint8Array[]>
  /** Queues a transaction for writing. */
  append(raw: Uint8Array): void
  /** Replaces the contents by `raws`, atomically. */
  rewrite(raws: readonly Uint8Array[]): Promise<void>
  /** Bytes written since the last rewrite. */
  grownBytes(): number
  /** Waits until all that was appended is written. */
  flush(): Promise<void>
}

/** Opens the journal at `path`; `onError` hears of failed writes, which lose lines and nothing else. */
export function openJournal(path: string, onError: (error: unknown) => void): Journal {
  let tail: Promise<void> = Promise.resolve()
  let grownBytes = 0
  let waiting: string[] = []
  const enqueue = (write: () => Promise<void>) => {
    tail = tail.then(write).catch(onError)
    return tail
  }
  return {
    load: () => loadJournal(path),
    append: (raw) => {
      const line = `${bytesToHex(raw)}\n`
      grownBytes += line.length
      waiting.push(line)
      if (waiting.length > 1) return
      void enqueue(async () => {
        const lines = waiting
        waiting = []
        await appendFile(path, lines.join(''))
      })
    },
    rewrite: (raws) =>
      enqueue(async () => {
        await writeFile(`${path}.new`, raws.map((raw) => `${bytesToHex(raw)}\n`).join(''))
        await rename(`${path}.new`, path)
        grownBytes = 0
      }),
    grownBytes: () => grownBytes,
    flush: () => tail,
  }
}

async function loadJournal(path: string): Promise<Uint8Array[]> {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined || info.size > MAX_JOURNAL_BYTES) return []
  const raws: Uint8Array[] = []
  for (const line of (await readFile(path, 'latin1')).split('\n')) {
    try {
      if (line !== '') raws.push(hexToBytes(line))
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
    }
  }
  return raws
}
