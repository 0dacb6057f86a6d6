import { afterEach, describe, expect, it } from 'vitest'
import { signed, TEST_CHAIN_ID, TestChain, testAccount } from '../../test/support/execution.ts'
import { l1Info, testSpec } from '../../test/support/l1-fixture.ts'
import type { Batch } from '../derivation/batch-codec.ts'
import { blockAttributes } from '../derivation/block-attributes.ts'
import { createChannelAssembler } from '../derivation/channel-assembler.ts'
import { readChannel } from '../derivation/channel-codec.ts'
import { decodeFrames } from '../derivation/frame-codec.ts'
import { executeBlock } from '../executor/execute-block.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { sleep } from '../l1/retry.ts'
import type { TransactionManager } from '../l1/transaction-manager.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { silentLog } from '../telemetry/logger.ts'
import { type Batcher, type BatcherSettings, createBatcher } from './batcher.ts'

const alice = testAccount(0)
const base = testSpec({ chainId: TEST_CHAIN_ID })
const spec = {
  ...base,
  genesis: { ...base.genesis, alloc: { [alice.address]: { balance: '1000000000000000000000' } } },
}

/** A chain in memory with the heads that a test sets, and an L1 that keeps what is sent to it. */
async function world() {
  const chain = await TestChain.create(spec)
  const blocks = new Map<number, ExecutedBlock>()
  const genesis = { number: 0, hash: bytesToHex(chain.head.hash()) }
  const state = { unsafe: genesis, safe: genesis, derived: undefined as number | undefined, failures: 0, l1Number: 20 }
  const assembler = createChannelAssembler(1000)
  const posted: Batch[][] = []
  const transactions: TransactionManager = {
    address: spec.batcherAddress,
    send: async ({ data }) => {
      if (state.failures-- > 0) throw new UnavailableError('L1Unavailable', 'not now')
      for (const frame of decodeFrames(data ?? new Uint8Array())) {
        const channel = assembler.add(frame, 1)
        if (channel !== undefined) posted.push([...readChannel(channel)])
      }
      state.l1Number++
      return {
        hash: genesis.hash,
        nonce: 1,
        l1Block: { hash: genesis.hash, number: state.l1Number },
        succeeded: true,
        gasUsed: 21_000n,
      }
    },
  }
  const add = async (raw: readonly Uint8Array[] = []) => {
    const parent = blocks.get(state.unsafe.number)?.header ?? chain.head
    const attributes = blockAttributes(spec, Number(parent.timestamp), l1Info(10), state.unsafe.number + 1, [])
    const block = await executeBlock(spec, chain.deps, parent, attributes, raw)
    blocks.set(block.number, block)
    state.unsafe = { number: block.number, hash: block.hash }
    return block
  }
  const deps = {
    spec,
    chain: {
      heads: () => ({ unsafe: state.unsafe, safe: state.safe, finalized: genesis }),
      canonicalHash: async (number: number) => (number === 0 ? genesis.hash : blocks.get(number)?.hash),
      getBlockByNumber: async (number: number) => blocks.get(number),
    },
    transactions,
    derivedL1Number: () => state.derived,
    log: silentLog,
    onFatal: (error: unknown) => {
      throw error
    },
  }
  return { state, blocks, posted, add, deps, timestamps: () => posted.flat().map(({ timestamp }) => timestamp) }
}

const settings: BatcherSettings = {
  dataAvailability: 'calldata',
  blobsPerTransaction: 1,
  maxChannelMs: 0,
  maxIdleMs: 0,
  pollMs: 5,
  retryDelayMs: 5,
}
let batcher: Batcher | undefined

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !done(); i++) await sleep(5)
  expect(done()).toBe(true)
}

afterEach(() => batcher?.close())

/** Times of blocks from `first` to `last`. */
const times = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => spec.genesis.l2TimeSeconds + (first + i) * spec.blockTimeSeconds)

describe('batcher', () => {
  it('posts each block once, as its sequenced transactions', async () => {
    const { add, deps, posted, timestamps } = await world()
    const raw = signed(alice, { nonce: 0, to: testAccount(1).address, value: 1n, gasLimit: 21_000n })
    const first = await add([raw])
    await add()
    batcher = createBatcher(settings, deps)
    batcher.start()
    await until(() => timestamps().length === 2)
    await add()
    await until(() => timestamps().length === 3)
    expect(timestamps()).toEqual(times(1, 3))
    expect(posted[0]?.[0]).toEqual({
      parentHash: bytesToHex(first.header.parentHash),
      epochNumber: spec.genesis.l1.number,
      epochHash: spec.genesis.l1.hash,
      timestamp: spec.genesis.l2TimeSeconds + spec.blockTimeSeconds,
      transactions: [raw],
    })
  })

  it('gathers blocks for as long as it may', async () => {
    const { add, deps, posted } = await world()
    batcher = createBatcher({ ...settings, maxChannelMs: 400, maxIdleMs: 400 }, deps)
    batcher.start()
    for (let i = 0; i < 5; i++) await add()
    await until(() => posted.length === 1)
    expect(posted[0]).toHaveLength(5)
  })

  it('lets blocks without transactions wait for those with some', async () => {
    const { add, deps, posted } = await world()
    batcher = createBatcher({ ...settings, maxIdleMs: 60_000 }, deps)
    batcher.start()
    await add()
    await sleep(100)
    expect(posted).toEqual([])
    await add([signed(alice, { nonce: 0, to: testAccount(1).address, value: 1n, gasLimit: 21_000n })])
    await until(() => posted.length === 1)
    expect(posted[0]).toHaveLength(2)
  })

  it('starts at the safe head and tries again when L1 fails', async () => {
    const { state, add, deps, timestamps } = await world()
    await add()
    const { number, hash } = await add()
    await add()
    state.safe = { number, hash }
    state.failures = 3
    batcher = createBatcher(settings, deps)
    batcher.start()
    await until(() => timestamps().length > 0)
    expect(timestamps()).toEqual(times(3, 3))
  })

  it('posts again what L1 was read beyond without making it safe', async () => {
    const { state, add, deps, timestamps } = await world()
    await add()
    const { number, hash } = await add()
    batcher = createBatcher(settings, deps)
    batcher.start()
    await until(() => timestamps().length === 2)
    state.derived = state.l1Number
    await sleep(50)
    expect(timestamps()).toEqual(times(1, 2))
    state.derived = state.l1Number + 1
    await until(() => timestamps().length >= 4)
    state.safe = { number, hash }
    await sleep(50)
    const count = timestamps().length
    await sleep(50)
    expect(timestamps().length).toBe(count)
    expect(timestamps().slice(0, 4)).toEqual([...times(1, 2), ...times(1, 2)])
  })

  it('notices a lost channel while it goes on posting later ones', async () => {
    const { state, add, deps, timestamps } = await world()
    batcher = createBatcher(settings, deps)
    batcher.start()
    for (let count = 1; count <= 4; count++) {
      await add()
      await until(() => timestamps().length >= count)
      // Derivation is always one L1 block behind: it never comes beyond the newest channel, and finds none of the blocks.
      state.derived = state.l1Number - 1
    }
    await until(() => timestamps().filter((time) => time === times(1, 1)[0]).length > 1)
  })

  it('goes back to the safe head when the chain is reorganised', async () => {
    const { state, blocks, add, deps, timestamps, posted } = await world()
    const one = await add()
    await add()
    batcher = createBatcher(settings, deps)
    batcher.start()
    await until(() => timestamps().length === 2)
    blocks.delete(2)
    state.unsafe = { number: 1, hash: one.hash }
    state.safe = state.unsafe
    await sleep(50)
    expect(timestamps()).toHaveLength(2)
    const two = await add()
    await until(() => timestamps().length === 3)
    expect(posted.at(-1)?.[0]?.parentHash).toBe(bytesToHex(two.header.parentHash))
  })
})
