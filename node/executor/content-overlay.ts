import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader, ContentStore } from '../protocol/content-store.ts'
import { UnavailableError } from '../protocol/errors.ts'

/**
 * Content that a block under construction adds, over the content that it reads. Nothing reaches the store below before
 * {@link ContentOverlay.flush}; a mark taken before a transaction undoes what the transaction added.
 */
export class ContentOverlay implements ContentStore {
  readonly #below: ContentReader
  readonly #added = new Map<Hex, Uint8Array>()
  #journal: Hex[] = []

  constructor(below: ContentReader) {
    this.#below = below
  }

  /** What was added here, else what lies below. */
  async get(hash: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#added.get(bytesToHex(hash)) ?? this.#below.get(hash)
  }

  put(hash: Uint8Array, bytes: Uint8Array): void {
    const key = bytesToHex(hash)
    if (this.#added.has(key)) return
    this.#added.set(key, bytes)
    this.#journal.push(key)
  }

  /** A point to come back to. */
  mark(): number {
    return this.#journal.length
  }

  /** Forgets what was added since the mark. Cost: one step an entry. */
  restore(mark: number): void {
    for (const key of this.#journal.splice(mark)) this.#added.delete(key)
  }

  /** Hands everything added to `store`, in the order it was added. */
  flush(store: ContentStore): void {
    for (const [key, bytes] of this.#added) store.put(hexToBytes(key), bytes)
    this.#added.clear()
    this.#journal = []
  }
}

/** Reads content that the chain itself refers to. @param what names it in the error. @throws UnavailableError `ContentMissing`. */
export async function requireContent(content: ContentReader, hash: Uint8Array, what: string): Promise<Uint8Array> {
  const bytes = await content.get(hash)
  if (bytes !== undefined) return bytes
  const key = bytesToHex(hash)
  throw new UnavailableError('ContentMissing', `the content store has no ${what} ${key}; sync or restore it`, {
    meta: { hash: key, what },
  })
}
