import { join } from 'node:path'
import type { Registry } from 'prom-client'
import { createBatcher, DEFAULT_BATCHER_SETTINGS } from '../batcher/batcher.ts'
import { chainRules } from '../executor/chain-rules.ts'
import { executeBlock } from '../executor/execute-block.ts'
import type { ExecutionDeps } from '../executor/execution.ts'
import { buildGenesis } from '../executor/genesis.ts'
import { loadWasmKeccak } from '../hashing/wasm-keccak.ts'
import { createInference, type InferenceService } from '../inference/inference-service.ts'
import { createBeaconClient } from '../l1/beacon-client.ts'
import { createKzg, type Kzg } from '../l1/kzg.ts'
import { createL1Client, type L1Client } from '../l1/l1-client.ts'
import { createL1Source } from '../l1/l1-source.ts'
import { createTransactionManager } from '../l1/transaction-manager.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { AssayError } from '../protocol/errors.ts'
import { type Hashing, PLAIN_HASHING } from '../protocol/keccak.ts'
import { createMethods } from '../rpc/backend.ts'
import { DEFAULT_RPC_LIMITS, startRpcServer } from '../rpc/rpc-server.ts'
import { forwardTo } from '../rpc/transaction-sink.ts'
import { systemClock } from '../sequencer/clock.ts'
import { createSequencerChain } from '../sequencer/database-chain.ts'
import { openJournal } from '../sequencer/journal.ts'
import { Mempool } from '../sequencer/mempool.ts'
import { createOriginSelector } from '../sequencer/origin-selector.ts'
import { DEFAULT_POOL_LIMITS } from '../sequencer/pool-limits.ts'
import { createSenderReader, poolHeadOf } from '../sequencer/pool-state.ts'
import { createPostponements } from '../sequencer/postponements.ts'
import { createSequencer, DEFAULT_SEQUENCER_SETTINGS } from '../sequencer/sequencer.ts'
import type { Database } from '../storage/database.ts'
import { openDatabase } from '../storage/open-database.ts'
import { createChainMetrics } from '../telemetry/chain-metrics.ts'
import { createHealth } from '../telemetry/health.ts'
import type { Log } from '../telemetry/logger.ts'
import { createRegistry } from '../telemetry/metrics.ts'
import { createRpcMetrics } from '../telemetry/rpc-metrics.ts'
import { createSequencerMetrics } from '../telemetry/sequencer-metrics.ts'
import { createTelemetryRoutes } from '../telemetry/telemetry-routes.ts'
import { createVerifier, DEFAULT_VERIFIER_SETTINGS } from '../verifier/verifier.ts'
import { Closers } from './closers.ts'
import { makeDataDir } from './data-dir.ts'
import { type DisputeHost, type DisputeOptions, startDisputes } from './dispute-host.ts'
import type { NodeInference } from './inference-settings.ts'
import { VERSION } from './version.ts'

/** How the batcher of a sequencer posts. */
export interface BatcherOptions {
  readonly privateKey: Hex
  readonly maxChannelMs: number
  readonly maxIdleMs: number
  /** Time after which a batch that is not mined is sent again with higher fees. */
  readonly resubmitMs: number
  readonly dataAvailability: 'blobs' | 'calldata'
  readonly blobProofs: 'blob' | 'cells'
}

/** What one node is started with. */
export interface NodeOptions {
  readonly spec: ChainSpec
  /** Folder that this node owns. */
  readonly dataDir: string
  readonly l1RpcUrl: string
  readonly l1BeaconUrl: string
  /** L1 blocks that must lie above one before it is read. */
  readonly l1Confirmations: number
  readonly l1PollMs: number
  readonly rpcHost: string
  readonly rpcPort: number
  readonly corsOrigins: readonly string[]
  readonly inference: NodeInference
  /** Given for a sequencer: it builds blocks and posts them. A verifier derives only. */
  readonly batcher?: BatcherOptions
  /** Where a verifier sends raw transactions that it is given; without one it refuses them. */
  readonly sequencerUrl?: string
  /** Given to follow disputes on L1, and to propose or challenge there. */
  readonly disputes?: DisputeOptions
  readonly log: Log
  /** Told when a service halts because an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** A running node. */
export interface RunningNode {
  readonly rpcUrl: string
  readonly database: Database
  readonly disputes?: DisputeHost
  /** Stops its services in the reverse order of their start. */
  close(): Promise<void>
}

/** The parts that every role has. */
interface Base {
  readonly options: NodeOptions
  readonly database: Database
  readonly inference: InferenceService
  readonly execution: ExecutionDeps
  readonly hashing: Hashing
  readonly client: L1Client
  readonly kzg: Kzg
  readonly l1: ReturnType<typeof createL1Source>
  readonly registry: Registry
}

/**
 * Starts a node: database, inference, L1, verifier, RPC; with a batcher's key the sequencer and batcher, and what disputes ask for.
 * @throws InvalidError when the data directory belongs to another chain; UnavailableError when a part cannot start.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const closers = new Closers()
  try {
    return await start(options, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function start(options: NodeOptions, closers: Closers): Promise<RunningNode> {
  const base = await openBase(options, closers)
  const verifier = startVerifier(base, closers)
  const pool = options.batcher === undefined ? undefined : await startSequencer(base, closers)
  if (options.batcher !== undefined) startBatcher(base, options.batcher, verifier.derivedL1Number, closers)
  const disputes = startDisputeHost(base, verifier.derivedL1Number, closers)
  const rpcUrl = await startRpc(base, pool, disputes, verifier.derivedL1Number, closers)
  const host = disputes === undefined ? {} : { disputes }
  return { rpcUrl, database: base.database, ...host, close: () => closers.close() }
}

async function openBase(options: NodeOptions, closers: Closers): Promise<Base> {
  const { spec, log } = options
  makeDataDir(options.dataDir)
  const database = await openDatabase(join(options.dataDir, 'db'))
  closers.add(() => database.close())
  await database.bindGenesis(await buildGenesis(spec, database.content))
  const inference = createInference({
    ...options.inference,
    content: database.content,
    log: log.child({ part: 'inference' }),
  })
  closers.add(() => inference.close())
  inference.start().catch((err: unknown) => {
    const code = err instanceof AssayError ? err.code : undefined
    // The provider was chosen by name and is not exact, or not there: waiting will not mend that.
    if (code === 'ProviderRefused' || code === 'ProviderMissing') options.onFatal(err)
    else if (code !== 'WorkerClosed') log.warn({ err }, 'inference is not ready yet')
  })
  const kzg = createKzg()
  closers.add(() => kzg.close())
  const client = createL1Client(options.l1RpcUrl)
  const l1 = createL1Source(spec, { client, beacon: createBeaconClient(options.l1BeaconUrl), kzg })
  const hashing = await openHashing(log)
  const execution = { content: database.content, infer: inference.infer, crypto: { keccak256: hashing.hash } }
  return { options, database, inference, execution, hashing, client, kzg, l1, registry: createRegistry(VERSION) }
}

/** keccak256 in WebAssembly; in plain ECMAScript, some eight times slower, where that does not run. */
async function openHashing(log: Log): Promise<Hashing> {
  try {
    return await loadWasmKeccak()
  } catch (err) {
    log.warn({ err }, 'hashing is slow on this machine')
    return PLAIN_HASHING
  }
}

function startVerifier({ options, database, execution, l1, registry }: Base, closers: Closers) {
  const { spec, log } = options
  const metrics = createChainMetrics(registry)
  const verifier = createVerifier(
    { ...DEFAULT_VERIFIER_SETTINGS, confirmations: options.l1Confirmations, pollMs: options.l1PollMs },
    {
      spec,
      chain: database,
      l1,
      execute: (parent, attributes, sequenced) => executeBlock(spec, execution, parent, attributes, sequenced),
      log: log.child({ part: 'verifier' }),
      onSafe: ({ block }) => metrics.setRef('l2_safe', block.number, Number(block.header.timestamp)),
      onFatal: options.onFatal,
    },
  )
  closers.add(() => verifier.close())
  verifier.start()
  return verifier
}

async function startSequencer({ options, database, execution, l1, registry }: Base, closers: Closers) {
  const { spec } = options
  const log = options.log.child({ part: 'sequencer' })
  const chain = createSequencerChain(spec, database)
  const { header } = await chain.head()
  const journal = openJournal(join(options.dataDir, 'pool.journal'), (err) =>
    log.warn({ err }, 'the pool journal could not be written'),
  )
  const pool = new Mempool(
    {
      rules: chainRules(spec.chainId),
      limits: DEFAULT_POOL_LIMITS,
      senderState: createSenderReader(database.content),
      onAdded: ({ raw }) => journal.append(raw),
    },
    poolHeadOf(header),
  )
  const sequencer = createSequencer(DEFAULT_SEQUENCER_SETTINGS, {
    spec,
    execution,
    chain,
    pool,
    journal,
    postponements: createPostponements(),
    clock: systemClock,
    log,
    metrics: createSequencerMetrics(registry),
    selectOrigin: createOriginSelector({ spec, l1, confirmations: options.l1Confirmations }),
    onFatal: options.onFatal,
  })
  closers.add(() => journal.flush())
  closers.add(() => sequencer.close())
  sequencer.start()
  return pool
}

function startBatcher(
  { options, database, client, kzg }: Base,
  settings: BatcherOptions,
  derivedL1Number: () => number | undefined,
  closers: Closers,
): void {
  const { spec, l1PollMs } = options
  const transactions = createTransactionManager(
    {
      chainId: spec.l1ChainId,
      privateKey: settings.privateKey,
      blobProofs: settings.blobProofs,
      confirmations: 1,
      pollMs: l1PollMs,
      resubmitMs: settings.resubmitMs,
      feeLimit: 100n,
    },
    { client, kzg },
  )
  const { maxChannelMs, maxIdleMs, dataAvailability } = settings
  const batcher = createBatcher(
    { ...DEFAULT_BATCHER_SETTINGS, maxChannelMs, maxIdleMs, dataAvailability, pollMs: l1PollMs },
    {
      spec,
      chain: database,
      transactions,
      derivedL1Number,
      log: options.log.child({ part: 'batcher' }),
      onFatal: options.onFatal,
    },
  )
  closers.add(() => batcher.close())
  batcher.start()
}

function startDisputeHost(
  { options, ...base }: Base,
  derivedL1Number: () => number | undefined,
  closers: Closers,
): DisputeHost | undefined {
  const { disputes, spec, l1PollMs: pollMs, log, onFatal } = options
  if (disputes === undefined) return undefined
  return startDisputes(disputes, { ...base, spec, pollMs, derivedL1Number, log, onFatal }, closers)
}

async function startRpc(
  base: Base,
  pool: Mempool | undefined,
  disputes: DisputeHost | undefined,
  derivedL1Number: () => number | undefined,
  closers: Closers,
): Promise<string> {
  const { options, database, execution, l1, registry } = base
  const health = createHealth()
  health.addCheck('l1', () => (derivedL1Number() === undefined ? 'no L1 block was read yet' : undefined))
  const log = options.log.child({ part: 'rpc' })
  const methods = createMethods({
    spec: options.spec,
    version: VERSION,
    database,
    execution,
    l1,
    derivedL1Number,
    ...(pool === undefined ? {} : { pool }),
    ...(disputes === undefined ? {} : { disputes: disputes.reader }),
    ...(options.sequencerUrl === undefined ? {} : { sink: forwardTo(options.sequencerUrl) }),
  })
  const server = await startRpcServer(
    { ...DEFAULT_RPC_LIMITS, host: options.rpcHost, port: options.rpcPort, corsOrigins: options.corsOrigins },
    {
      methods,
      metrics: createRpcMetrics(registry),
      log,
      nowMs: () => performance.now(),
      routes: createTelemetryRoutes({ version: VERSION, health, registry }),
    },
  )
  closers.add(() => server.close())
  return server.url
}
