import type { L1BlockInfo, L1BlockRef, L1Log, L1Origin } from '../../node/derivation/l1-block.ts'
import type { L1Head, L1Source } from '../../node/derivation/l1-source.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { testHash } from './l1-fixture.ts'

/** Seconds between the blocks of a {@link LocalL1}. */
export const LOCAL_L1_BLOCK_SECONDS = 4

/** A made-up L1 whose blocks appear as time goes on. Blocks from a height on can be replaced by another branch. */
export class LocalL1 implements L1Source {
  readonly #startSeconds: number
  readonly #nowMs: () => number
  readonly #deposits = new Map<number, L1Log[]>()
  #branches: { readonly from: number; readonly tag: number }[] = [{ from: 0, tag: 0x10 }]

  constructor(startSeconds: number, nowMs: () => number) {
    this.#startSeconds = startSeconds
    this.#nowMs = nowMs
  }

  /** Number of the newest block. */
  get height(): number {
    return Math.floor((this.#nowMs() / 1000 - this.#startSeconds) / LOCAL_L1_BLOCK_SECONDS)
  }

  /** Header of a block, whether it has appeared yet or not. */
  info(number: number): L1BlockInfo {
    return {
      ...this.#ref(number),
      baseFeeWei: 7n,
      blobBaseFeeWei: 1n,
      prevRandao: testHash(0x20, number),
      parentBeaconBlockRoot: testHash(0x30, number),
    }
  }

  /** Puts deposit logs into a block that has not appeared yet. */
  deposit(number: number, ...logs: L1Log[]): void {
    this.#deposits.set(number, [...(this.#deposits.get(number) ?? []), ...logs])
  }

  /** Replaces the blocks from `number` on. */
  reorg(number: number): void {
    this.#branches = [...this.#branches, { from: number, tag: 0x10 + this.#branches.length }]
  }

  async head(_head: L1Head): Promise<L1BlockRef> {
    return this.#ref(this.height)
  }

  async refByNumber(number: number): Promise<L1BlockRef | undefined> {
    return number <= this.height ? this.#ref(number) : undefined
  }

  async origin(hash: Hex): Promise<L1Origin> {
    for (let number = this.height; number >= 0; number--) {
      if (this.#ref(number).hash === hash) {
        return { info: this.info(number), depositLogs: this.#deposits.get(number) ?? [] }
      }
    }
    throw new UnavailableError('L1BlockUnknown', `L1 has no block ${hash}`)
  }

  async batcherData(): Promise<Uint8Array[]> {
    return []
  }

  #ref(number: number): L1BlockRef {
    const timestamp = this.#startSeconds + number * LOCAL_L1_BLOCK_SECONDS
    return { hash: this.#hash(number), number, parentHash: this.#hash(number - 1), timestamp }
  }

  #hash(number: number): Hex {
    const tag = this.#branches.filter(({ from }) => from <= number).at(-1)?.tag ?? 0
    return testHash(tag, Math.max(number, 0))
  }
}
