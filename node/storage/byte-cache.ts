/** A cache of byte strings that forgets the least recently used ones when they exceed `maxBytes` together. */
export class ByteCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held now. */
  get sizeBytes(): number {
    return this.#bytes
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Uint8Array): void {
    this.#remove(key)
    if (value.length > this.#maxBytes) return
    this.#entries.set(key, value)
    this.#bytes += value.length
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#bytes -= value.length
  }
}
