import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Batcher, createBatcher, type PostedChannel } from '../node/batcher/batcher.ts'
import { BLOB_BYTES, encodeBlob } from '../node/derivation/blob-codec.ts'
import { blockAttributes } from '../node/derivation/block-attributes.ts'
import { encodeFrames } from '../node/derivation/frame-codec.ts'
import type { L1Source } from '../node/derivation/l1-source.ts'
import { executeBlock } from '../node/executor/execute-block.ts'
import { buildGenesis } from '../node/executor/genesis.ts'
import { createBeaconClient } from '../node/l1/beacon-client.ts'
import { createKzg } from '../node/l1/kzg.ts'
import { createL1Source } from '../node/l1/l1-source.ts'
import { createTransactionManager, type TransactionManager } from '../node/l1/transaction-manager.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import type { ChainSpec } from '../node/protocol/chain-spec.ts'
import type { Database } from '../node/storage/database.ts'
import { openDatabase } from '../node/storage/open-database.ts'
import { silentLog } from '../node/telemetry/logger.ts'
import { refOfBlock } from '../node/verifier/chain-store.ts'
import type { SafeBlock } from '../node/verifier/follower.ts'
import { createVerifier, type Verifier } from '../node/verifier/verifier.ts'
import { noInference, testSpec } from './support/execution.ts'
import { ANVIL_KEYS, startTestAnvil, TEST_L1_CHAIN_ID, type TestAnvil } from './support/test-anvil.ts'

const [batcherKey, strangerKey] = ANVIL_KEYS
const inbox: Hex = '0xff00000000000000000000000000000000042069'
const kzg = createKzg()

/** A node that derives from L1: a database and a verifier over it. */
interface TestNode {
  readonly database: Database
  readonly verifier: Verifier
  readonly safe: SafeBlock[]
  close(): Promise<void>
}

let anvil: TestAnvil
let folder: string
let spec: ChainSpec
let l1: L1Source

/** A transaction manager for one of anvil's accounts. */
function manager(privateKey: Hex): TransactionManager {
  const settings = {
    chainId: TEST_L1_CHAIN_ID,
    privateKey,
    blobProofs: 'blob' as const,
    confirmations: 1,
    pollMs: 50,
    resubmitMs: 20_000,
    feeLimit: 10n,
  }
  return createTransactionManager(settings, { client: anvil.client, kzg })
}

async function startNode(name: string): Promise<TestNode> {
  const database = await openDatabase(join(folder, name))
  await database.bindGenesis(await buildGenesis(spec, database.content))
  const safe: SafeBlock[] = []
  const verifier = createVerifier(
    { confirmations: 0, pollMs: 100, retryDelayMs: 100, maxRetryDelayMs: 500 },
    {
      spec,
      chain: database,
      l1,
      execute: (parent, attributes, sequenced) =>
        executeBlock(spec, { content: database.content, infer: noInference }, parent, attributes, sequenced),
      log: silentLog,
      onSafe: (block) => safe.push(block),
      onFatal: (error) => {
        throw error
      },
    },
  )
  verifier.start()
  const close = async () => {
    await verifier.close()
    await database.close()
  }
  return { database, verifier, safe, close }
}

/** Builds `count` empty blocks on a node's unsafe head, as a sequencer would. */
async function sequence(database: Database, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const parent = await database.getBlock(database.heads().unsafe.hash)
    if (parent === undefined) throw new Error('the head is not stored')
    const ref = refOfBlock(spec, parent)
    const next = await l1.refByNumber(ref.l1Origin.number + 1)
    const moves = next !== undefined && next.timestamp <= ref.timestamp + spec.blockTimeSeconds
    const { info } = await l1.origin(moves ? next.hash : ref.l1Origin.hash)
    const attributes = blockAttributes(spec, ref.timestamp, info, moves ? 0 : ref.sequenceNumber + 1, [])
    const deps = { content: database.content, infer: noInference }
    await database.write({ blocks: [await executeBlock(spec, deps, parent.header, attributes, [])] })
  }
}

async function until(what: string, done: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(50)) if (await done()) return
  throw new Error(`timed out: ${what}`)
}

/** The hashes of the canonical chain from block 1 to `last`. */
async function hashes(database: Database, last: number): Promise<(Hex | undefined)[]> {
  return Promise.all(Array.from({ length: last }, (_, i) => database.canonicalHash(i + 1)))
}

beforeAll(async () => {
  anvil = await startTestAnvil(1)
  folder = await mkdtemp(join(tmpdir(), 'l1-round-trip-'))
  const genesis = await anvil.client.getBlock({ blockTag: 'latest' })
  const base = testSpec({}, { batcherAddress: privateKeyToAccount(batcherKey).address, batchInboxAddress: inbox })
  const timestamp = Number(genesis.timestamp)
  const l1Genesis = { hash: genesis.hash, number: Number(genesis.number), timestamp }
  spec = { ...base, genesis: { ...base.genesis, l1: l1Genesis, l2TimeSeconds: timestamp } }
  l1 = createL1Source(spec, { client: anvil.client, beacon: createBeaconClient(anvil.url), kzg })
})

afterAll(async () => {
  await kzg.close()
  await anvil.close()
  await rm(folder, { recursive: true })
})

describe('a chain posted to a real L1', () => {
  let sequencer: TestNode
  let batcher: Batcher
  const posted: PostedChannel[] = []
  const transactions = () => manager(batcherKey)

  beforeAll(async () => {
    sequencer = await startNode('sequencer')
    batcher = createBatcher(
      {
        dataAvailability: 'blobs',
        blobsPerTransaction: 2,
        maxChannelMs: 300,
        maxIdleMs: 300,
        pollMs: 50,
        retryDelayMs: 200,
      },
      {
        spec,
        chain: sequencer.database,
        transactions: transactions(),
        derivedL1Number: sequencer.verifier.derivedL1Number,
        log: silentLog,
        onPosted: (channel) => posted.push(channel),
        onFatal: (error) => {
          throw error
        },
      },
    )
  })

  afterAll(async () => {
    await batcher.close()
    await sequencer.close()
  })

  it('skips garbage of a stranger and of the batcher itself', async () => {
    const signal = new AbortController().signal
    const otherEncoding = new Uint8Array(BLOB_BYTES).fill(0x40, 0, 1)
    await Promise.all([
      manager(strangerKey).send({ to: inbox, blobs: [encodeBlob(Uint8Array.of(1, 2, 3))] }, signal),
      transactions().send({ to: inbox, blobs: [encodeBlob(Uint8Array.of(1, 2, 3)), otherEncoding] }, signal),
    ])
    const frame = { channelId: `0x${'11'.repeat(16)}` as const, number: 0, data: Uint8Array.of(8, 9), isLast: true }
    await transactions().send({ to: inbox, data: encodeFrames([frame]) }, signal)
    const sent = await transactions().send({ to: inbox, data: Uint8Array.of(0, 1, 2) }, signal)
    const data = await l1.batcherData(sent.l1Block.hash)
    expect(data).toEqual([Uint8Array.of(0, 1, 2)])
  })

  it('is derived from its blobs by another node, block for block', async () => {
    await sequence(sequencer.database, 5)
    batcher.start()
    await until('the sequencer consolidates', () => sequencer.database.heads().safe.number >= 5)
    const verifier = await startNode('verifier')
    await until('the verifier derives', () => verifier.database.heads().safe.number >= 5)
    expect(await hashes(verifier.database, 5)).toEqual(await hashes(sequencer.database, 5))
    expect(new Set(sequencer.safe.map(({ outcome }) => outcome))).toEqual(new Set(['consolidated']))
    expect(new Set(verifier.safe.map(({ outcome }) => outcome))).toEqual(new Set(['executed']))
    expect(posted[0]).toMatchObject({ firstBlock: 1, lastBlock: 5 })
    await until('L1 finalises', () => verifier.database.heads().finalized.number >= 5)
    await verifier.close()
  })

  it('goes on after a restart of the batcher and of a verifier', async () => {
    await batcher.close()
    await sequence(sequencer.database, 3)
    const again = createBatcher(
      {
        dataAvailability: 'calldata',
        blobsPerTransaction: 1,
        maxChannelMs: 0,
        maxIdleMs: 0,
        pollMs: 50,
        retryDelayMs: 200,
      },
      {
        spec,
        chain: sequencer.database,
        transactions: transactions(),
        derivedL1Number: sequencer.verifier.derivedL1Number,
        log: silentLog,
        onFatal: (error) => {
          throw error
        },
      },
    )
    again.start()
    const verifier = await startNode('verifier')
    await until('all is safe', () => verifier.database.heads().safe.number >= 8)
    expect(await hashes(verifier.database, 8)).toEqual(await hashes(sequencer.database, 8))
    await again.close()
    await verifier.close()
  })
})
