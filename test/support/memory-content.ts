import { bytesToHex, type Hex } from '../../node/protocol/bytes.ts'
import type { ContentReader, ContentStore } from '../../node/protocol/content-store.ts'

/** A content store in memory. `entries` is what it holds, by hash. */
export class MemoryContent implements ContentStore {
  readonly entries: Map<Hex, Uint8Array>

  constructor(entries: Iterable<readonly [Hex, Uint8Array]> = []) {
    this.entries = new Map(entries)
  }

  async get(hash: Uint8Array): Promise<Uint8Array | undefined> {
    return this.entries.get(bytesToHex(hash))
  }

  put(hash: Uint8Array, bytes: Uint8Array): void {
    this.entries.set(bytesToHex(hash), bytes)
  }
}

/** A store that remembers what was read through it: the witness of what ran on it. Writes go to memory of its own. */
export class RecordingContent implements ContentStore {
  readonly reads = new Map<Hex, Uint8Array>()
  readonly writes = new MemoryContent()
  readonly #source: ContentReader

  constructor(source: ContentReader) {
    this.#source = source
  }

  async get(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = await this.#source.get(hash)
    if (bytes !== undefined) this.reads.set(bytesToHex(hash), bytes)
    return bytes
  }

  put(hash: Uint8Array, bytes: Uint8Array): void {
    this.writes.put(hash, bytes)
  }
}
