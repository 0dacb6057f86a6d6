import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noInference, signed, TEST_CHAIN_ID, testAccount } from '../../test/support/execution.ts'
import { channelData, depositLog, l1Info, testSpec } from '../../test/support/l1-fixture.ts'
import { ScriptedL1 } from '../../test/support/scripted-l1.ts'
import { batchOfBlock } from '../batcher/block-batch.ts'
import { blockAttributes } from '../derivation/block-attributes.ts'
import { executeBlock } from '../executor/execute-block.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { buildGenesis } from '../executor/genesis.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { Database } from '../storage/database.ts'
import { openDatabase } from '../storage/open-database.ts'
import { silentLog } from '../telemetry/logger.ts'
import { refOfBlock, storedBlock } from './chain-store.ts'
import { createFollower, type Follower, type SafeBlock } from './follower.ts'

const alice = testAccount(0)
const base = testSpec({ chainId: TEST_CHAIN_ID })
const spec = {
  ...base,
  genesis: { ...base.genesis, alloc: { [alice.address]: { balance: '1000000000000000000000' } } },
}
const transfer = (nonce: number) => signed(alice, { nonce, to: testAccount(1).address, value: 1n, gasLimit: 21_000n })

let folder: string
let opened = 0
let databases: Database[] = []
let l1: ScriptedL1
let failing = 0

/** A database with the genesis block. */
async function newDatabase(): Promise<Database> {
  const database = await openDatabase(join(folder, String(opened++)))
  await database.bindGenesis(await buildGenesis(spec, database.content))
  databases.push(database)
  return database
}

function follow(chain: Database): Follower {
  return createFollower({
    spec,
    chain,
    l1,
    confirmations: 0,
    log: silentLog,
    execute: (parent, attributes, sequenced) => {
      if (failing-- > 0) throw new UnavailableError('NoInference', 'not now')
      return executeBlock(spec, { content: chain.content, infer: noInference }, parent, attributes, sequenced)
    },
  })
}

/** Steps until L1 has nothing more; the blocks that became safe. */
async function settle(follower: Follower): Promise<SafeBlock[]> {
  const safe: SafeBlock[] = []
  for (;;) {
    const step = await follower.step()
    if (step === 'idle') return safe
    if (typeof step === 'object') safe.push(step)
  }
}

/** Builds the next block on a chain's unsafe head, as a sequencer would, with L1 origin `origin`. */
async function build(
  chain: Database,
  origin = 10,
  transactions: Uint8Array[] = [],
  branch = 0,
): Promise<ExecutedBlock> {
  const parent = await storedBlock(chain, chain.heads().unsafe.hash)
  const ref = refOfBlock(spec, parent)
  const info = l1Info(origin, branch, branch === 0 ? 0 : origin)
  const sequenceNumber = ref.l1Origin.number === origin ? ref.sequenceNumber + 1 : 0
  const attributes = blockAttributes(spec, ref.timestamp, info, sequenceNumber, [])
  const deps = { content: chain.content, infer: noInference }
  const block = await executeBlock(spec, deps, parent.header, attributes, transactions)
  await chain.write({ blocks: [block] })
  return block
}

const post = (...blocks: ExecutedBlock[]) => channelData(...blocks.map(batchOfBlock))
const numbers = (chain: Database) => {
  const { unsafe, safe, finalized } = chain.heads()
  return [unsafe.number, safe.number, finalized.number]
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follower-'))
  l1 = new ScriptedL1()
  failing = 0
  databases = []
})
afterEach(async () => {
  await Promise.all(databases.map((database) => database.close()))
  await rm(folder, { recursive: true })
})

describe('follower', () => {
  it('executes what L1 has on an empty node, and consolidates what the sequencer holds', async () => {
    const sequencer = await newDatabase()
    const blocks = [
      await build(sequencer, 10, [transfer(0)]),
      await build(sequencer),
      await build(sequencer, 10, [transfer(1)]),
    ]
    l1.grow([post(...blocks)])
    const held = await settle(follow(sequencer))
    expect(held.map(({ outcome }) => outcome)).toEqual(['consolidated', 'consolidated', 'consolidated'])
    const verifier = await newDatabase()
    const derived = await settle(follow(verifier))
    expect(derived.map(({ outcome, block }) => [outcome, block.hash])).toEqual(
      blocks.map(({ hash }) => ['executed', hash]),
    )
    expect([numbers(sequencer), numbers(verifier)]).toEqual([
      [3, 3, 0],
      [3, 3, 0],
    ])
  })

  it('replaces unsafe blocks that L1 contradicts', async () => {
    const honest = await newDatabase()
    const posted = [await build(honest, 10, [transfer(0)]), await build(honest)]
    const other = await newDatabase()
    for (let i = 0; i < 4; i++) await build(other)
    l1.grow([post(...posted)])
    expect((await settle(follow(other))).map(({ outcome }) => outcome)).toEqual(['executed', 'executed'])
    expect(other.heads().unsafe).toEqual({ number: 2, hash: posted[1]?.hash })
    expect(numbers(other)).toEqual([2, 2, 0])
  })

  it('gives a block of deposits alone when the batch does not execute', async () => {
    const sequencer = await newDatabase()
    const block = await build(sequencer)
    const nonsense = { ...batchOfBlock(block), transactions: [Uint8Array.of(2, 1, 2, 3)] }
    l1.grow([channelData(nonsense)])
    const [first, ...others] = await settle(follow(await newDatabase()))
    expect(first).toMatchObject({ outcome: 'deposits-only', block: { number: 1, hash: block.hash } })
    expect(others).toEqual([])
  })

  it('forces deposits in when no batch comes', async () => {
    l1.grow([], [depositLog(spec)])
    for (let number = 12; number <= 18; number++) l1.grow()
    const verifier = await newDatabase()
    const safe = await settle(follow(verifier))
    expect(safe.length).toBeGreaterThan(6)
    const withDeposit = safe.filter(({ block }) => block.transactions.length === 2)
    expect(withDeposit).toHaveLength(1)
    expect(withDeposit[0]?.block.number).toBe(6)
  })

  it('finalises what hangs on finalised L1 blocks', async () => {
    const sequencer = await newDatabase()
    l1.grow([post(await build(sequencer), await build(sequencer))])
    l1.grow([post(await build(sequencer))])
    const follower = follow(sequencer)
    await settle(follower)
    expect(numbers(sequencer)).toEqual([3, 3, 0])
    l1.finalized = 11
    await settle(follower)
    expect(numbers(sequencer)).toEqual([3, 3, 2])
    l1.finalized = 12
    await settle(follower)
    expect(numbers(sequencer)).toEqual([3, 3, 3])
  })

  it('rolls safe and unsafe back when L1 is reorganised, and derives the new branch', async () => {
    const sequencer = await newDatabase()
    for (let i = 0; i < 5; i++) await build(sequencer)
    const first = await Promise.all([1, 2, 3].map((n) => sequencer.getBlockByNumber(n)))
    l1.grow([post(...(first as ExecutedBlock[]))])
    const later = [await build(sequencer, 11), await build(sequencer, 11)]
    const [four, five] = await Promise.all([4, 5].map((n) => sequencer.getBlockByNumber(n)))
    l1.grow([post(four as ExecutedBlock, five as ExecutedBlock, ...later)])
    const follower = follow(sequencer)
    await settle(follower)
    expect(numbers(sequencer)).toEqual([7, 7, 0])

    l1.fork(12)
    l1.grow()
    l1.grow()
    await settle(follower)
    expect(numbers(sequencer)).toEqual([7, 3, 0])

    l1.fork(11)
    l1.grow()
    l1.grow([post(...(first as ExecutedBlock[]))])
    l1.grow()
    await settle(follower)
    expect(numbers(sequencer)).toEqual([5, 3, 0])
    expect((await sequencer.getBlockByNumber(3))?.hash).toBe(first[2]?.hash)

    const onBranch = await build(sequencer, 11, [], 2)
    expect(onBranch.number).toBe(6)
    l1.grow([post(four as ExecutedBlock, five as ExecutedBlock, onBranch)])
    await settle(follower)
    expect(numbers(sequencer)).toEqual([6, 6, 0])
  })

  it('drops unsafe blocks of an L1 branch that it never saw itself', async () => {
    const sequencer = await newDatabase()
    for (let i = 0; i < 5; i++) await build(sequencer)
    const follower = follow(sequencer)
    await settle(follower)
    // The sequencer was faster: it built on block 11 before L1 left it.
    await build(sequencer, 11)
    l1.fork(11)
    l1.grow()
    l1.grow()
    await settle(follower)
    expect(numbers(sequencer)).toEqual([5, 0, 0])
    // It was slower: it built on a block of the old branch when the follower had read the new one.
    await build(sequencer, 11)
    await settle(follower)
    expect(numbers(sequencer)).toEqual([5, 0, 0])

    await build(sequencer, 11, [], 1)
    await settle(follower)
    expect(numbers(sequencer)).toEqual([6, 0, 0])
  })

  it('checks after a restart what became of L1 meanwhile', async () => {
    const sequencer = await newDatabase()
    const blocks = [await build(sequencer), await build(sequencer), await build(sequencer)]
    l1.grow([post(...blocks.slice(0, 1))])
    l1.grow([post(...blocks.slice(1))])
    l1.finalized = 11
    await settle(follow(sequencer))
    expect(numbers(sequencer)).toEqual([3, 3, 1])
    l1.fork(12)
    const rival = await newDatabase()
    await build(rival)
    l1.grow([post(await build(rival, 10, [transfer(0)]))])
    const safe = await settle(follow(sequencer))
    expect(safe.map(({ outcome }) => outcome)).toEqual(['executed'])
    expect(sequencer.heads().unsafe.hash).toBe(rival.heads().unsafe.hash)
    expect(numbers(sequencer)).toEqual([2, 2, 1])
  })

  it('takes no failure of I/O or inference for a verdict', async () => {
    const sequencer = await newDatabase()
    l1.grow([post(await build(sequencer, 10, [transfer(0)]))])
    const verifier = await newDatabase()
    const follower = follow(verifier)
    l1.isDown = true
    await expect(settle(follower)).rejects.toMatchObject({ kind: 'Unavailable' })
    l1.isDown = false
    failing = 3
    let refused = 0
    while (verifier.heads().safe.number === 0) await follower.step().catch(() => refused++)
    expect(refused).toBe(3)
    expect(verifier.heads().safe.hash).toBe(sequencer.heads().unsafe.hash)
  })

  it('says so when L1 is another chain', async () => {
    l1.fork(10)
    l1.grow()
    const follower = follow(await newDatabase())
    await expect(settle(follower)).rejects.toMatchObject({ code: 'L1FinalityBroken' })
  })
})
