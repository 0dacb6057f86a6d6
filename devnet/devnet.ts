import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError, createPublicClient, http } from 'viem'
import { Closers } from '../node/cli/closers.ts'
import { claimDataDir, LOCK_NAME } from '../node/cli/data-dir.ts'
import type { NodeInference } from '../node/cli/inference-settings.ts'
import { type RunningNode, startNode } from '../node/cli/run-node.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import { InvalidError, UnavailableError } from '../node/protocol/errors.ts'
import type { Log } from '../node/telemetry/logger.ts'
import { BATCHER, CHALLENGER, PROPOSER, PUBLISHER } from './accounts.ts'
import { type L1Process, startAnvil, stopLeftOverAnvil } from './anvil.ts'
import { type ChainComparison, compareChains } from './compare-chains.ts'
import { type DemoAnswer, type DemoContracts, deployDemo, runDemo } from './demo.ts'
import { deployL1, plannedContracts } from './deploy-l1.ts'
import { type DevnetRecord, readDevnetRecord, writeDevnetRecord } from './devnet-record.ts'
import { createChainSpec, L2_GAS_LIMIT } from './genesis.ts'
import { genesisOutputRoot } from './genesis-root.ts'
import type { DisputeParameters } from './l1-contracts.ts'
import { loadModel, MODEL_NAMES } from './models.ts'
import { choosePort } from './ports.ts'
import { type PublishableModel, publishModels } from './publish-models.ts'
import { createSender } from './transaction-sender.ts'

/** A move that is not mined after this long is sent again with higher fees, in milliseconds. */
const RESUBMIT_MS = 10_000
/** L2 blocks between two proposals of the devnet, at least. */
const PROPOSAL_INTERVAL_BLOCKS = 15

/** How a devnet is started. A port that is null takes the usual one, or any free one. */
export interface DevnetOptions {
  readonly dataDir: string
  /** Throws away what the data directory holds. */
  readonly reset: boolean
  readonly l1Port: number | null
  readonly rpcPort: number | null
  readonly verifierRpcPort: number | null
  readonly l1BlockTimeSeconds: number
  /** Longest time that transactions wait for others to share a blob with, in milliseconds. */
  readonly maxChannelMs: number
  /** Longest time that blocks without transactions wait before they are posted, in milliseconds. */
  readonly maxIdleMs: number
  readonly inference: NodeInference
  /** What disputes cost and how long they take, on a new L1. */
  readonly disputes: DisputeParameters
  /** Whether the sequencer's node proposes and the verifier's challenges; fault injection brings players of its own. */
  readonly plays: boolean
  readonly log: Log
  /** Tells people what is being done. */
  readonly report: (line: string) => void
  readonly onFatal: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Where a devnet can be reached. */
export interface DevnetEndpoints {
  readonly l1Rpc: string
  readonly l1Beacon: string
  readonly l2Rpc: string
  readonly verifierRpc: string
}

/** A running devnet, its demo done. */
export interface Devnet {
  readonly endpoints: DevnetEndpoints
  readonly record: Required<DevnetRecord>
  readonly models: readonly PublishableModel[]
  readonly sequencer: RunningNode
  readonly verifier: RunningNode
  /** Waits until the verifier has derived this block from L1. @throws UnavailableError `DerivationLate`. */
  untilDerived(blockNumber: number, timeoutMs: number): Promise<void>
  /** Compares every block that the verifier derived. */
  compare(): Promise<ChainComparison>
  close(): Promise<void>
}

/**
 * Starts L1, contracts, sequencer and verifier, registers the models and runs the demo; on a data directory that was used before
 * it continues that chain.
 * @throws InvalidError when the directory or a port cannot be used; UnavailableError when a part does not start
 */
export async function startDevnet(options: DevnetOptions): Promise<Devnet> {
  const closers = new Closers()
  try {
    return await start(options, closers)
  } catch (error) {
    await closers.close().catch((err: unknown) => options.log.warn({ err }, 'not all of the devnet could be closed'))
    if (!(error instanceof BaseError)) throw error
    throw new UnavailableError('DevnetNodeFailed', `a node of the devnet did not answer: ${error.shortMessage}`)
  }
}

/** Rejects with the signal's reason once it aborts. Only for work that leaves nothing to be closed. */
function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, aborted])
}

/** Deletes what an earlier devnet left; the claim on the directory stays. */
async function clear(dataDir: string): Promise<void> {
  await stopLeftOverAnvil(join(dataDir, 'l1'))
  for (const name of readdirSync(dataDir)) {
    if (name !== LOCK_NAME) rmSync(join(dataDir, name), { recursive: true, force: true })
  }
}

async function start(options: DevnetOptions, closers: Closers): Promise<Devnet> {
  const { dataDir, report, signal } = options
  closers.add(await claimDataDir(dataDir))
  if (options.reset) await clear(dataDir)
  report('Starting L1…')
  const l1Dir = join(dataDir, 'l1')
  const l1 = await startAnvil({ dir: l1Dir, port: options.l1Port, blockTimeSeconds: options.l1BlockTimeSeconds })
  closers.add(() => l1.close())
  const record = await abortable(signal, openRecord(options, l1))
  report('Starting sequencer and verifier…')
  const sequencer = await startRole('sequencer', options, record, l1)
  closers.add(() => sequencer.close())
  signal.throwIfAborted()
  const verifier = await startRole('verifier', options, record, l1, sequencer.rpcUrl)
  closers.add(() => verifier.close())
  const models = MODEL_NAMES.map(loadModel)
  const demo = record.demo ?? (await abortable(signal, bringToLife(sequencer.rpcUrl, models, report)))
  signal.throwIfAborted()
  const complete = { ...record, demo }
  writeDevnetRecord(dataDir, complete)
  if (options.plays) startPlayers(sequencer, verifier)
  return {
    endpoints: { l1Rpc: l1.rpcUrl, l1Beacon: l1.beaconUrl, l2Rpc: sequencer.rpcUrl, verifierRpc: verifier.rpcUrl },
    record: complete,
    models,
    sequencer,
    verifier,
    untilDerived: (blockNumber, timeoutMs) => untilDerived(verifier, blockNumber, timeoutMs, signal),
    compare: () => compareChains(sequencer.database, verifier.database),
    close: () => closers.close(),
  }
}

async function openRecord({ dataDir, report, disputes }: DevnetOptions, l1: L1Process): Promise<DevnetRecord> {
  const found = readDevnetRecord(dataDir)
  if (found !== undefined) {
    await requireSameL1(dataDir, l1, found.spec.genesis.l1)
    report('Continuing the chain in this data directory.')
    return found
  }
  report('Deploying the L1 contracts…')
  const l1Contracts = await plannedContracts(l1.rpcUrl)
  const spec = await createChainSpec(l1.rpcUrl, l1Contracts)
  const genesisRoot = await genesisOutputRoot(spec)
  await deployL1(l1.rpcUrl, { contracts: l1Contracts, gasLimit: L2_GAS_LIMIT, genesisRoot, disputes })
  const record = { spec, l1Contracts }
  writeDevnetRecord(dataDir, record)
  return record
}

async function requireSameL1(dataDir: string, l1: L1Process, start: { readonly hash: Hex }): Promise<void> {
  const client = createPublicClient({ transport: http(l1.rpcUrl) })
  const known = await client.getBlock({ blockHash: start.hash }).catch(() => undefined)
  if (known !== undefined) return
  const message = `the L1 of ${dataDir} was lost, and the chain on it with it: start anew with --reset`
  throw new InvalidError('L1StateLost', message)
}

async function startRole(
  role: 'sequencer' | 'verifier',
  options: DevnetOptions,
  { spec, l1Contracts: contracts }: DevnetRecord,
  l1: L1Process,
  sequencerUrl?: string,
): Promise<RunningNode> {
  const isSequencer = role === 'sequencer'
  const batcher = {
    privateKey: BATCHER.privateKey,
    maxChannelMs: options.maxChannelMs,
    maxIdleMs: options.maxIdleMs,
    resubmitMs: RESUBMIT_MS,
    dataAvailability: 'blobs',
    blobProofs: 'blob',
  } as const
  return startNode({
    spec,
    dataDir: join(options.dataDir, role),
    l1RpcUrl: l1.rpcUrl,
    l1BeaconUrl: l1.beaconUrl,
    l1Confirmations: 0,
    l1PollMs: 200,
    rpcHost: '127.0.0.1',
    rpcPort: isSequencer
      ? await choosePort('rpc.port', options.rpcPort, 9545)
      : await choosePort('verifier.rpc.port', options.verifierRpcPort, 9546),
    corsOrigins: ['*'],
    inference: options.inference,
    ...(isSequencer ? { batcher } : {}),
    disputes: { contracts, resubmitMs: RESUBMIT_MS },
    ...(sequencerUrl === undefined ? {} : { sequencerUrl }),
    log: options.log.child({ node: role }),
    onFatal: options.onFatal,
  })
}

/** The sequencer's node proposes, the verifier's holds it to what L1 says. Once the demo is done, so that it does not wait for them. */
function startPlayers(sequencer: RunningNode, verifier: RunningNode): void {
  const { privateKey } = PROPOSER
  sequencer.disputes?.startProposer({
    privateKey,
    intervalBlocks: PROPOSAL_INTERVAL_BLOCKS,
    proposesAfterFall: false,
  })
  verifier.disputes?.startChallenger({ privateKey: CHALLENGER.privateKey })
}

async function bringToLife(
  rpcUrl: string,
  models: readonly PublishableModel[],
  report: (line: string) => void,
): Promise<{ contracts: DemoContracts; answers: DemoAnswer[] }> {
  report('Registering the models and deploying the demo…')
  const sender = await createSender(rpcUrl, PUBLISHER.privateKey)
  const idOf = (name: string) => models.find((model) => model.name === name)?.manifest.modelId as Hex
  const [contracts] = await Promise.all([
    deployDemo(sender, { risk: idOf('risk'), digits: idOf('digits') }),
    publishModels(sender, models),
  ])
  report('Running the demo…')
  return { contracts, answers: await runDemo(sender, contracts) }
}

async function untilDerived(
  verifier: RunningNode,
  blockNumber: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (verifier.database.heads().safe.number < blockNumber) {
    signal.throwIfAborted()
    if (performance.now() > deadlineMs) {
      const { number } = verifier.database.heads().safe
      const message = `the verifier derived ${number} of ${blockNumber} blocks from L1 within ${timeoutMs / 1000} s`
      throw new UnavailableError('DerivationLate', message)
    }
    await sleep(100)
  }
}
