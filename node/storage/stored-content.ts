import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentStore } from '../protocol/content-store.ts'
import { ByteCache } from './byte-cache.ts'
import type { KeyValueChange, KeyValueStore } from './key-value-store.ts'
import { contentKey } from './keys.ts'

/**
 * The content store on disk. `put` only buffers: the entries go down with the next database write, in the same batch as the
 * block that needs them. Reads see the buffer, then a bounded cache, then the disk.
 */
export class StoredContent implements ContentStore {
  readonly #store: KeyValueStore
  readonly #cache: ByteCache
  #pending = new Map<Hex, Uint8Array>()

  constructor(store: KeyValueStore, cacheBytes: number) {
    this.#store = store
    this.#cache = new ByteCache(cacheBytes)
  }

  async get(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const id = bytesToHex(hash)
    const known = this.#pending.get(id) ?? this.#cache.get(id)
    if (known !== undefined) return known
    const bytes = await this.#store.get(contentKey(hash))
    if (bytes !== undefined) this.#cache.set(id, bytes)
    return bytes
  }

  put(hash: Uint8Array, bytes: Uint8Array): void {
    this.#pending.set(bytesToHex(hash), bytes)
  }

  /** The buffered entries as changes of a batch. Call {@link StoredContent.written} with them once they are on disk. */
  pendingChanges(): { readonly entries: ReadonlyMap<Hex, Uint8Array>; readonly changes: KeyValueChange[] } {
    const entries = new Map(this.#pending)
    const changes = [...entries].map(([id, bytes]): KeyValueChange => [contentKey(hexToBytes(id)), bytes])
    return { entries, changes }
  }

  /** Drops buffered entries that are on disk now. */
  written(entries: ReadonlyMap<Hex, Uint8Array>): void {
    for (const [id, bytes] of entries) {
      this.#cache.set(id, bytes)
      this.#pending.delete(id)
    }
  }
}
