import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { depositLog } from '../../test/support/l1-fixture.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { LOCAL_L1_BLOCK_SECONDS } from '../../test/support/local-l1.ts'
import { alice, bob, sign } from '../../test/support/signed-transactions.ts'
import { decodeL1Attributes } from '../derivation/l1-attributes.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'

const GWEI = 1_000_000_000n
const balance = (1000n * 10n ** 18n).toString()
const fees = { cap: 50n * GWEI, tip: GWEI, chainId: LOCAL_CHAIN_ID }
let chain: LocalChain

beforeAll(async () => {
  const alloc = { [alice.address.toLowerCase()]: { balance }, [bob.address.toLowerCase()]: { balance } }
  chain = await startLocalChain({ alloc: alloc as Record<Hex, { balance: string }> })
})
afterAll(() => chain.close())

const headNumber = () => chain.database.heads().unsafe.number

async function inclusion(hash: Hex): Promise<number> {
  await chain.until(async () => (await chain.database.findTransaction(hash)) !== undefined)
  return (await chain.database.findTransaction(hash))?.number ?? -1
}

describe('a running sequencer', () => {
  test('makes a block for every step of time, each opening with its L1 attributes', async () => {
    await chain.until(() => chain.blocks.length >= 12)
    for (const [i, block] of chain.blocks.entries()) {
      expect(block.number).toBe(i + 1)
      expect(Number(block.header.timestamp)).toBe(chain.spec.genesis.l2TimeSeconds + i + 1)
      const { l1Origin, l1Timestamp, sequenceNumber } = decodeL1Attributes(
        block.transactions[0]?.raw ?? new Uint8Array(),
      )
      expect(l1Timestamp).toBeLessThanOrEqual(Number(block.header.timestamp))
      const before = chain.blocks[i - 1]
      if (before === undefined) continue
      const parent = decodeL1Attributes(before.transactions[0]?.raw ?? new Uint8Array())
      const isNewEpoch = l1Origin.number !== parent.l1Origin.number
      expect(sequenceNumber).toBe(isNewEpoch ? 0 : parent.sequenceNumber + 1)
      expect(l1Origin.number - parent.l1Origin.number).toBeOneOf([0, 1])
    }
    expect(chain.blocks.length).toBeGreaterThanOrEqual(2 * LOCAL_L1_BLOCK_SECONDS)
  })

  test('includes transactions and takes them out of the pool', async () => {
    const first = await chain.pool.add(await sign(alice, { ...fees, nonce: 0, value: 1n }))
    const second = await chain.pool.add(await sign(bob, { ...fees, nonce: 0, tip: 2n * GWEI }))
    const last = Math.max(await inclusion(first), await inclusion(second))
    await chain.until(() => headNumber() > last)
    expect(chain.pool.facts()).toMatchObject({ pendingCount: 0, queuedCount: 0, sizeBytes: 0 })
  })

  test('forces deposits into the first block of their epoch', async () => {
    const number = chain.l1.height + 2
    chain.l1.deposit(number, depositLog(chain.spec, { mint: 77n }))
    await chain.until(() => {
      const [attributes, deposit] = chain.blocks.at(-1)?.transactions ?? []
      return deposit !== undefined && decodeL1Attributes(attributes?.raw ?? new Uint8Array()).l1Origin.number === number
    })
    const deposit = chain.blocks.at(-1)?.transactions[1]
    expect(deposit).toMatchObject({ type: 0x7e, from: `0x${'a1'.repeat(20)}` })
  })

  test('goes on from the stored head after a restart, with what was pooled', async () => {
    const waiting = await chain.pool.add(await sign(bob, { ...fees, nonce: 9 }))
    const before = chain.database.heads().unsafe
    await chain.restart()
    await chain.until(() => chain.pool.get(waiting) !== undefined)
    await chain.until(() => headNumber() > before.number + 3)
    expect(await chain.database.canonicalHash(before.number)).toBe(before.hash)
  })

  test('rebuilds on a head that was rolled back and takes undone transactions in again', async () => {
    const hash = await chain.pool.add(await sign(alice, { ...fees, nonce: 1 }))
    const first = await inclusion(hash)
    await chain.until(() => headNumber() >= first + 2)
    const made = chain.blocks.length
    await chain.database.write({ rewindTo: first - 1 })
    await chain.until(() => chain.blocks.length >= made + 5)
    const again = chain.blocks
      .slice(made)
      .filter(({ transactions }) => transactions.some((entry) => entry.hash === hash))
    expect(again).toHaveLength(1)
    expect((await chain.database.findTransaction(hash))?.hash).toBe(again[0]?.hash)
    for (let number = first; number <= headNumber(); number++) {
      const block = await chain.database.getBlockByNumber(number)
      const parent = await chain.database.canonicalHash(number - 1)
      expect(bytesToHex(block?.header.parentHash ?? new Uint8Array())).toBe(parent)
    }
  })
})
