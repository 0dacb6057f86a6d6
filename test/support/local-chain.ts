import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { predeploys } from '../../contracts/genesis-alloc.ts'
import { chainRules } from '../../node/executor/chain-rules.ts'
import type { ExecutedBlock, ExecutionDeps } from '../../node/executor/execution.ts'
import { buildGenesis } from '../../node/executor/genesis.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import type { ChainSpec, GenesisAccount } from '../../node/protocol/chain-spec.ts'
import type { ContentStore } from '../../node/protocol/content-store.ts'
import type { Infer } from '../../node/protocol/model-manifest.ts'
import { createMethods } from '../../node/rpc/backend.ts'
import { DEFAULT_RPC_LIMITS, type RpcServer, startRpcServer } from '../../node/rpc/rpc-server.ts'
import type { Clock } from '../../node/sequencer/clock.ts'
import { createSequencerChain } from '../../node/sequencer/database-chain.ts'
import { openJournal } from '../../node/sequencer/journal.ts'
import { Mempool } from '../../node/sequencer/mempool.ts'
import { createOriginSelector } from '../../node/sequencer/origin-selector.ts'
import { DEFAULT_POOL_LIMITS } from '../../node/sequencer/pool-limits.ts'
import { createSenderReader, poolHeadOf } from '../../node/sequencer/pool-state.ts'
import { createPostponements } from '../../node/sequencer/postponements.ts'
import { createSequencer, DEFAULT_SEQUENCER_SETTINGS, type Sequencer } from '../../node/sequencer/sequencer.ts'
import type { Database } from '../../node/storage/database.ts'
import { openDatabase } from '../../node/storage/open-database.ts'
import { silentLog } from '../../node/telemetry/logger.ts'
import { createSequencerMetrics } from '../../node/telemetry/sequencer-metrics.ts'
import { noInference } from './execution.ts'
import { createFastClock } from './fast-clock.ts'
import { LocalL1 } from './local-l1.ts'

/** Chain id of a {@link LocalChain}. */
export const LOCAL_CHAIN_ID = 420_691

/** What a local chain may be told. */
export interface LocalChainOptions {
  /** Accounts to put beside the predeploys. */
  readonly alloc?: Readonly<Record<Hex, GenesisAccount>>
  readonly infer?: Infer
  /** Puts content into the new database, such as models that genesis has active. */
  readonly prepare?: (content: ContentStore) => void
  /** How much faster than real time it goes. Default 10: a block each 100 ms. */
  readonly speed?: number
}

/** A whole sequencer node in this process, over a database in a temporary folder and a made-up L1. */
export interface LocalChain {
  readonly spec: ChainSpec
  readonly clock: Clock
  readonly l1: LocalL1
  readonly pool: Mempool
  readonly database: Database
  readonly url: string
  /** Blocks that the sequencer has made, in order. */
  readonly blocks: readonly ExecutedBlock[]
  /** Resolves once `done` holds. */
  until(done: () => boolean | Promise<boolean>): Promise<void>
  /** Stops the sequencer, closes the database, opens it again and goes on. */
  restart(): Promise<void>
  close(): Promise<void>
}

interface RunningNode {
  readonly pool: Mempool
  readonly database: Database
  readonly sequencer: Sequencer
  readonly flush: () => Promise<void>
}

/** Starts a local chain. */
export async function startLocalChain(options: LocalChainOptions = {}): Promise<LocalChain> {
  const folder = await mkdtemp(join(tmpdir(), 'local-chain-'))
  const clock = createFastClock(options.speed ?? 10)
  const startSeconds = Math.floor(clock.nowMs() / 1000)
  const l1 = new LocalL1(startSeconds, () => clock.nowMs())
  const spec = localSpec(l1, startSeconds, options.alloc ?? {})
  const blocks: ExecutedBlock[] = []
  const failures: unknown[] = []
  const infer = options.infer ?? noInference
  const open = () => openNode({ folder, clock, l1, spec, infer, blocks, onFatal: (error) => failures.push(error) })
  let node = await open()
  options.prepare?.(node.database.content)
  let server = await serve(spec, node, l1, infer, 0)
  const port = Number(new URL(server.url).port)
  const stop = async () => {
    await node.sequencer.close()
    await server.close()
    await node.flush()
    await node.database.close()
  }
  return {
    spec,
    clock,
    l1,
    get pool() {
      return node.pool
    },
    get database() {
      return node.database
    },
    url: server.url,
    blocks,
    until: async (done) => {
      while (!(await done())) {
        if (failures.length > 0) throw failures[0]
        await clock.sleep(200, new AbortController().signal)
      }
    },
    restart: async () => {
      await stop()
      node = await open()
      server = await serve(spec, node, l1, infer, port)
    },
    close: async () => {
      await stop()
      await rm(folder, { recursive: true })
      if (failures.length > 0) throw failures[0]
    },
  }
}

interface NodeParts {
  readonly folder: string
  readonly clock: Clock
  readonly l1: LocalL1
  readonly spec: ChainSpec
  readonly infer: Infer
  readonly blocks: ExecutedBlock[]
  readonly onFatal: (error: unknown) => void
}

async function openNode({ folder, clock, l1, spec, infer, blocks, onFatal }: NodeParts): Promise<RunningNode> {
  const database = await openDatabase(join(folder, 'db'))
  await database.bindGenesis(await buildGenesis(spec, database.content))
  const chain = createSequencerChain(spec, database)
  const execution: ExecutionDeps = { content: database.content, infer }
  const senderState = createSenderReader(database.content)
  const rules = chainRules(spec.chainId)
  const head = poolHeadOf((await chain.head()).header)
  const journal = openJournal(join(folder, 'pool'), onFatal)
  const onAdded = ({ raw }: { readonly raw: Uint8Array }) => journal.append(raw)
  const pool = new Mempool({ rules, limits: DEFAULT_POOL_LIMITS, senderState, onAdded }, head)
  const sequencer = createSequencer(DEFAULT_SEQUENCER_SETTINGS, {
    spec,
    execution,
    chain,
    pool,
    journal,
    clock,
    postponements: createPostponements(),
    selectOrigin: createOriginSelector({ spec, l1, confirmations: 0 }),
    log: silentLog,
    metrics: createSequencerMetrics(new Registry()),
    onBlock: (block) => blocks.push(block),
    onFatal,
  })
  sequencer.start()
  return { pool, database, sequencer, flush: () => journal.flush() }
}

function serve(
  spec: ChainSpec,
  { pool, database }: RunningNode,
  l1: LocalL1,
  infer: Infer,
  port: number,
): Promise<RpcServer> {
  const execution: ExecutionDeps = { content: database.content, infer }
  const methods = createMethods({ spec, version: '0.0.0', database, execution, l1, pool })
  const settings = { ...DEFAULT_RPC_LIMITS, host: '127.0.0.1', port }
  return startRpcServer(settings, { methods, log: silentLog, nowMs: () => performance.now() })
}

function localSpec(l1: LocalL1, startSeconds: number, alloc: Readonly<Record<Hex, GenesisAccount>>): ChainSpec {
  const { hash, number, timestamp } = l1.info(0)
  return {
    chainId: LOCAL_CHAIN_ID,
    l1ChainId: 31_337,
    genesis: {
      l1: { hash, number, timestamp },
      l2TimeSeconds: startSeconds,
      gasLimit: 60_000_000,
      baseFeeWei: '1000000000',
      alloc: { ...predeploys(), ...alloc },
    },
    blockTimeSeconds: 1,
    maxSequencerDriftSeconds: 600,
    sequencerWindowBlocks: 100,
    channelTimeoutBlocks: 50,
    batcherAddress: `0x${'ba'.repeat(20)}`,
    batchInboxAddress: `0x${'b1'.repeat(20)}`,
    depositContractAddress: `0x${'de'.repeat(20)}`,
    inferenceGasLimit: 50_000_000,
  }
}
