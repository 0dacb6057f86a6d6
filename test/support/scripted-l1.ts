import type { L1BlockData, L1BlockRef, L1Log, L1Origin } from '../../node/derivation/l1-block.ts'
import type { L1Head, L1Source } from '../../node/derivation/l1-source.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { l1Info } from './l1-fixture.ts'

/** An L1 that grows, is finalised, reorganised and fails as a test says. Its blocks are those of `l1Info`, from 10 on. */
export class ScriptedL1 implements L1Source {
  readonly #blocks: L1BlockData[] = []
  #branch = 0
  #forkedAt = 0
  /** Number of the finalised block. */
  finalized = 10
  /** While true, every request fails. */
  isDown = false

  constructor() {
    this.grow()
  }

  /** Adds a block with what the batcher sent in it. */
  grow(batcherData: readonly Uint8Array[] = [], depositLogs: readonly L1Log[] = []): L1BlockData {
    const block = { info: l1Info(10 + this.#blocks.length, this.#branch, this.#forkedAt), batcherData, depositLogs }
    this.#blocks.push(block)
    return block
  }

  /** Drops the blocks from `number` on; those that grow next are of another branch. */
  fork(number: number): void {
    this.#blocks.length = number - 10
    this.#branch++
    this.#forkedAt = number
  }

  async head(head: L1Head): Promise<L1BlockRef> {
    this.#requireUp()
    const last = this.#blocks.at(head === 'latest' ? -1 : this.finalized - 10)
    if (last === undefined) throw new Error('no such block')
    return last.info
  }

  async refByNumber(number: number): Promise<L1BlockRef | undefined> {
    this.#requireUp()
    return this.#blocks[number - 10]?.info
  }

  async origin(hash: Hex): Promise<L1Origin> {
    return this.#block(hash)
  }

  async batcherData(hash: Hex): Promise<Uint8Array[]> {
    return [...this.#block(hash).batcherData]
  }

  #block(hash: Hex): L1BlockData {
    this.#requireUp()
    const block = this.#blocks.find(({ info }) => info.hash === hash)
    if (block === undefined) throw new UnavailableError('L1Unavailable', `no block ${hash}`)
    return block
  }

  #requireUp(): void {
    if (this.isDown) throw new UnavailableError('L1Unavailable', 'the scripted L1 is down')
  }
}
