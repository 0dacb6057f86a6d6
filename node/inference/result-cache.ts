import { createByteLru } from '../protocol/byte-lru.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { keccak256 } from '../protocol/keccak.ts'

/** Remembers inference results; equal requests under way share one run. */
export interface ResultCache {
  /**
   * The result for (model, input): remembered, being computed for another caller, or computed now. Failures are not kept.
   * Callers get a copy of their own.
   */
  resolve(modelId: string, input: Uint8Array, compute: () => Promise<Uint8Array>): Promise<Uint8Array>
  /** Bytes of the results kept, keys included. */
  readonly sizeBytes: number
}

/** Bytes that an entry takes besides its result: key, map slot and array header, on the safe side. */
const ENTRY_OVERHEAD_BYTES = 512

/** An empty cache of up to `limitBytes`; the least recently used results go first. */
export function createResultCache(limitBytes: number): ResultCache {
  const kept = createByteLru<Uint8Array>(limitBytes)
  const underWay = new Map<string, Promise<Uint8Array>>()

  async function run(key: string, compute: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      const result = await compute()
      const sizeBytes = result.length + ENTRY_OVERHEAD_BYTES
      if (sizeBytes <= limitBytes) kept.set(key, result, sizeBytes)
      return result
    } finally {
      underWay.delete(key)
    }
  }

  return {
    async resolve(modelId, input, compute) {
      const key = `${modelId} ${bytesToHex(keccak256(input))}`
      const known = kept.get(key)
      if (known !== undefined) return known.slice()
      const running = underWay.get(key) ?? run(key, compute)
      underWay.set(key, running)
      return (await running).slice()
    },
    get sizeBytes() {
      return kept.sizeBytes
    },
  }
}
