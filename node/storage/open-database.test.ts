import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signed, TestChain, testAccount, testSpec, userDeposit } from '../../test/support/execution.ts'
import { executeBlock } from '../executor/execute-block.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { buildGenesis } from '../executor/genesis.ts'
import { readAccount } from '../executor/read-state.ts'
import { hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { Database } from './database.ts'
import { openDatabase } from './open-database.ts'

const alice = testAccount(0)
const bob = testAccount(1)
let directory: string
let open: Database[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'assay-db-'))
})

afterEach(async () => {
  for (const database of open) await database.close()
  open = []
  await rm(directory, { recursive: true, force: true })
})

async function openBound(spec: ChainSpec = testSpec()): Promise<Database> {
  const database = await openDatabase(join(directory, 'db'))
  open.push(database)
  await database.bindGenesis(await buildGenesis(spec, database.content))
  return database
}

async function close(database: Database): Promise<void> {
  open = open.filter((other) => other !== database)
  await database.close()
}

/** Blocks of one chain, each with a transfer and a deposit. `seed` tells chains apart. */
async function makeBlocks(count: number, seed = 1): Promise<ExecutedBlock[]> {
  const chain = await TestChain.create()
  const blocks: ExecutedBlock[] = []
  for (let i = 0; i < count; i++) {
    const transfer = signed(alice, { nonce: BigInt(i), to: bob.address, value: BigInt(seed) })
    blocks.push(await chain.execute([transfer], [userDeposit({ mint: BigInt(seed), value: 0n })]))
  }
  return blocks
}

/** Executes on the database what another chain executed. */
async function replay(database: Database, block: ExecutedBlock): Promise<ExecutedBlock> {
  const parent = await database.getHeader(database.heads().unsafe.hash)
  if (parent === undefined) throw new Error('no head')
  const deps = { content: database.content, infer: async () => new Uint8Array(0) }
  const forced = block.transactions.filter(({ type }) => type === 0x7e).map(({ raw }) => raw)
  const sequenced = block.transactions.filter(({ type }) => type !== 0x7e).map(({ raw }) => raw)
  const { header } = block
  const attributes = {
    timestamp: Number(header.timestamp),
    gasLimit: Number(header.gasLimit),
    feeRecipient: header.coinbase.toString(),
    prevRandao: `0x${'11'.repeat(32)}` as const,
    parentBeaconBlockRoot: `0x${'00'.repeat(32)}` as const,
    forcedTransactions: forced,
  }
  return executeBlock(testSpec(), deps, parent, attributes, sequenced)
}

describe('a database', () => {
  test('starts at the genesis block, and again after it was closed', async () => {
    const first = await openBound()
    const { unsafe, safe, finalized } = first.heads()
    expect([unsafe.number, safe.number, finalized.number]).toEqual([0, 0, 0])
    await close(first)
    const second = await openBound()
    expect(second.heads().unsafe).toEqual(unsafe)
    expect((await second.getBlockByNumber(0))?.hash).toBe(unsafe.hash)
    expect((await second.getHeader(unsafe.hash))?.number).toBe(0n)
  })

  test('keeps blocks, outcomes, places of transactions and state across a restart', async () => {
    const [made] = await makeBlocks(1)
    const first = await openBound()
    const block = await replay(first, made as ExecutedBlock)
    expect(block.hash).toBe(made?.hash)
    await first.write({ blocks: [block], meta: { cursor: Uint8Array.of(1, 2) } })
    await close(first)
    const second = await openBound()
    expect(second.heads().unsafe).toEqual({ number: 1, hash: block.hash })
    expect(second.heads().safe.number).toBe(0)
    const stored = await second.getBlock(block.hash)
    expect(stored?.transactions).toEqual(block.transactions)
    expect(stored?.inferences).toEqual(block.inferences)
    expect(stored?.rlp).toEqual(block.rlp)
    expect(stored?.header.hash()).toEqual(block.header.hash())
    for (const [index, { hash }] of block.transactions.entries()) {
      expect(await second.findTransaction(hash)).toEqual({ number: 1, hash: block.hash, index })
    }
    expect(await second.getMeta('cursor')).toEqual(Uint8Array.of(1, 2))
    expect((await readAccount(second.content, block.header.stateRoot, alice.address)).nonce).toBe(1n)
  })

  test('has nothing of what was only put and never written', async () => {
    const hash = new Uint8Array(32).fill(1)
    const first = await openBound()
    first.content.put(hash, Uint8Array.of(1))
    expect(await first.content.get(hash)).toEqual(Uint8Array.of(1))
    await close(first)
    expect(await (await openBound()).content.get(hash)).toBeUndefined()
  })

  test('moves heads, and refuses ones that are not canonical or out of order', async () => {
    const blocks = await makeBlocks(3)
    const database = await openBound()
    await database.write({ blocks })
    const refs = blocks.map(({ number, hash }) => ({ number, hash }))
    const [one, two, three] = refs as [(typeof refs)[0], (typeof refs)[0], (typeof refs)[0]]
    await database.write({ heads: { safe: two, finalized: one } })
    expect(database.heads()).toEqual({ unsafe: three, safe: two, finalized: one })
    await expect(database.write({ heads: { finalized: three } })).rejects.toThrow('out of order')
    await expect(database.write({ heads: { safe: { number: 2, hash: three.hash } } })).rejects.toThrow('not canonical')
    expect(database.heads().safe).toEqual(two)
  })

  test('refuses blocks that do not extend the chain', async () => {
    const [, second] = await makeBlocks(2)
    const database = await openBound()
    await expect(database.write({ blocks: [second as ExecutedBlock] })).rejects.toThrow('does not follow')
    expect(database.heads().unsafe.number).toBe(0)
  })

  test('rewinds the chain for a reorganisation, in one write with the new blocks', async () => {
    const old = await makeBlocks(4, 1)
    const fresh = await makeBlocks(3, 2)
    const database = await openBound()
    const last = old[3] as ExecutedBlock
    await database.write({ blocks: old, heads: { safe: { number: 4, hash: last.hash } } })
    await database.write({ rewindTo: 0, blocks: fresh })
    expect(database.heads()).toMatchObject({ unsafe: { number: 3, hash: fresh[2]?.hash }, safe: { number: 0 } })
    expect(await database.canonicalHash(3)).toBe(fresh[2]?.hash)
    expect(await database.canonicalHash(4)).toBeUndefined()
    expect((await database.getBlock(last.hash))?.number).toBe(4)
    const [, transfer] = last.transactions.slice(1)
    expect(await database.findTransaction(transfer?.hash as `0x${string}`)).toBeUndefined()
    expect(await database.findTransaction(fresh[0]?.transactions[2]?.hash as `0x${string}`)).toMatchObject({
      number: 1,
    })
  })

  test('deletes named values', async () => {
    const database = await openBound()
    await database.write({ meta: { a: Uint8Array.of(1), b: Uint8Array.of(2) } })
    await database.write({ meta: { a: null } })
    expect(await database.getMeta('a')).toBeUndefined()
    expect(await database.getMeta('b')).toEqual(Uint8Array.of(2))
    expect(await database.getMeta('heads')).toBeUndefined()
  })

  test('goes on after a write that failed', async () => {
    const database = await openBound()
    const bad = database.write({ heads: { safe: { number: 9, hash: `0x${'00'.repeat(32)}` } } })
    const good = database.write({ meta: { a: Uint8Array.of(1) } })
    await expect(bad).rejects.toThrow()
    await good
    expect(await database.getMeta('a')).toEqual(Uint8Array.of(1))
  })
})

describe('opening', () => {
  test('refuses a database that is in use', async () => {
    await openBound()
    await expect(openDatabase(join(directory, 'db'))).rejects.toMatchObject({
      kind: 'Unavailable',
      code: 'StorageLocked',
    })
  })

  test('refuses a database of another chain and leaves it as it is', async () => {
    const first = await openBound()
    const { hash } = first.heads().unsafe
    await close(first)
    const otherAlloc = testSpec({ [testAccount(30).address]: { balance: '1' } })
    for (const spec of [otherAlloc, testSpec({}, { chainId: 999 })]) {
      await expect(openBound(spec)).rejects.toMatchObject({ kind: 'Invalid', code: 'DatabaseOfOtherChain' })
      await close(open[0] as Database)
    }
    expect((await openBound()).heads().unsafe.hash).toBe(hash)
  })

  test('says what is wrong with a path that cannot be opened', async () => {
    await expect(openDatabase('/dev/null/db')).rejects.toMatchObject({ code: 'StorageFailed' })
  })
})

test('content is read by hash only', async () => {
  const database = await openBound()
  const { hash } = database.heads().unsafe
  expect(await database.content.get(hexToBytes(hash))).toBeDefined()
  expect(await database.content.get(new Uint8Array(32))).toBeUndefined()
})
