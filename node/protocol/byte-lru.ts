/** A cache bounded by bytes; the least recently used entries go first. */
export interface ByteLru<Value> {
  /** The value, which becomes the most recently used. */
  get(key: string): Value | undefined
  /** Adds or replaces a value of `sizeBytes`. One that alone exceeds the limit is kept until the next is added. */
  set(key: string, value: Value, sizeBytes: number): void
  /** Sum of the sizes of all entries. */
  readonly sizeBytes: number
  clear(): void
}

interface Entry<Value> {
  readonly value: Value
  readonly sizeBytes: number
}

/**
 * An empty cache.
 * @param onEvict called with each value that is dropped or replaced.
 */
export function createByteLru<Value>(limitBytes: number, onEvict: (value: Value) => void = () => {}): ByteLru<Value> {
  // A Map iterates in insertion order: re-inserting on use keeps the oldest first.
  const entries = new Map<string, Entry<Value>>()
  let totalBytes = 0

  function drop(key: string): void {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    totalBytes -= entry.sizeBytes
    onEvict(entry.value)
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, sizeBytes) {
      drop(key)
      entries.set(key, { value, sizeBytes })
      totalBytes += sizeBytes
      for (const oldest of entries.keys()) {
        if (totalBytes <= limitBytes || oldest === key) break
        drop(oldest)
      }
    },
    get sizeBytes() {
      return totalBytes
    },
    clear() {
      for (const key of [...entries.keys()]) drop(key)
    },
  }
}
