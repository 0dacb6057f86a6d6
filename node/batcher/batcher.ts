import { randomBytes } from 'node:crypto'
import type { ExecutedBlock } from '../executor/execution.ts'
import { sleep } from '../l1/retry.ts'
import type { SentTransaction, TransactionManager } from '../l1/transaction-manager.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import type { BlockRef, Database } from '../storage/database.ts'
import type { Log } from '../telemetry/logger.ts'
import { batchTransactions, type DataAvailability, frameDataBytes } from './batch-transactions.ts'
import { batchOfBlock } from './block-batch.ts'
import { type ChannelBuilder, createChannelBuilder } from './channel-builder.ts'

/** How batches are gathered. */
export interface BatcherSettings {
  readonly dataAvailability: DataAvailability
  /** Blobs of one transaction, at most; L1 allows six since Osaka. */
  readonly blobsPerTransaction: number
  /** A channel is closed when its first sequenced transaction has waited this long, in milliseconds, or when it fills a transaction. */
  readonly maxChannelMs: number
  /** A channel of blocks without sequenced transactions is closed after this long, in milliseconds: nobody waits for those. */
  readonly maxIdleMs: number
  /** Pause between two looks at the chain, in milliseconds. */
  readonly pollMs: number
  /** Pause after a failure, in milliseconds. */
  readonly retryDelayMs: number
}

/** Defaults for a public L1. */
export const DEFAULT_BATCHER_SETTINGS: BatcherSettings = {
  dataAvailability: 'blobs',
  blobsPerTransaction: 6,
  maxChannelMs: 60_000,
  maxIdleMs: 60_000,
  pollMs: 500,
  retryDelayMs: 2_000,
}

/** What the batcher needs besides its settings. */
export interface BatcherDeps {
  readonly spec: ChainSpec
  readonly chain: Pick<Database, 'heads' | 'canonicalHash' | 'getBlockByNumber'>
  readonly transactions: TransactionManager
  /** Number of the last L1 block from which this node has derived all there is; undefined before the first. */
  readonly derivedL1Number: () => number | undefined
  readonly log: Log
  /** Told about each channel that L1 took: the blocks in it, its size and its transactions. */
  readonly onPosted?: (channel: PostedChannel) => void
  /** Told when the batcher halts because an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** A channel that is on L1. */
export interface PostedChannel {
  readonly firstBlock: number
  readonly lastBlock: number
  readonly sizeBytes: number
  readonly transactions: readonly SentTransaction[]
}

/** The batcher service: posts the unsafe chain to L1. */
export interface Batcher {
  start(): void
  /** Stops at once; a channel that is not on L1 yet is made anew by the next run. */
  close(): Promise<void>
}

/** The channel being filled. */
interface OpenChannel {
  readonly builder: ChannelBuilder
  readonly firstBlock: number
  /** When it must be closed, by the clock of `performance.now`. */
  dueAtMs: number
}

/**
 * Creates the batcher. Its only state is how far it has posted, and the chain corrects that: it starts at the safe head, which
 * derivation from L1 sets, and goes back there when the chain was reorganised or when L1 was read beyond a posted channel
 * and its blocks are not safe (the channel was lost, or came too late). Blocks that are posted twice do no harm.
 */
export function createBatcher(settings: BatcherSettings, deps: BatcherDeps): Batcher {
  const abort = new AbortController()
  let running: Promise<void> | undefined
  return {
    start: () => {
      running ??= run(settings, deps, abort.signal).catch(deps.onFatal)
    },
    close: async () => {
      abort.abort()
      await running
    },
  }
}

async function run(settings: BatcherSettings, deps: BatcherDeps, signal: AbortSignal): Promise<void> {
  const poster = createPoster(settings, deps, signal)
  while (!signal.aborted) {
    try {
      await poster.step()
      await sleep(settings.pollMs, signal)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      if (signal.aborted) return
      deps.log.warn({ err: error }, 'could not post to L1, trying again')
      poster.restart()
      await sleep(settings.retryDelayMs, signal)
    }
  }
}

interface Poster {
  /** Takes new blocks into the channel, and posts it when it is due. */
  step(): Promise<void>
  /** Forgets the open channel and goes on from the safe head. */
  restart(): void
}

function createPoster(settings: BatcherSettings, deps: BatcherDeps, signal: AbortSignal): Poster {
  const { chain, log } = deps
  const capacityBytes = settings.blobsPerTransaction * frameDataBytes(settings.dataAvailability)
  /** The last block that is in a channel. */
  let cursor: BlockRef = chain.heads().safe
  let channel: OpenChannel | undefined
  /** Channels on L1 whose blocks are not safe yet, oldest first: their last blocks and the L1 blocks that completed them. */
  let awaited: { readonly lastBlock: number; readonly l1Block: number }[] = []

  const restart = () => {
    cursor = chain.heads().safe
    channel = undefined
    awaited = []
  }

  const follow = async () => {
    // In this order: what was derived until then is in the safe head.
    const derived = deps.derivedL1Number() ?? 0
    const { safe } = chain.heads()
    awaited = awaited.filter(({ lastBlock }) => lastBlock > safe.number)
    const isReorged = (await chain.canonicalHash(cursor.number)) !== cursor.hash
    const isLost = awaited.some(({ l1Block }) => l1Block < derived)
    if (!isReorged && !isLost && safe.number <= cursor.number) return
    if (isReorged || isLost)
      log.warn({ block: cursor.number, safe: safe.number, isLost }, 'posting again from the safe head')
    restart()
  }

  const take = (block: ExecutedBlock): boolean => {
    const batch = batchOfBlock(block)
    channel ??= {
      builder: createChannelBuilder(bytesToHex(randomBytes(16))),
      firstBlock: block.number,
      dueAtMs: performance.now() + settings.maxIdleMs,
    }
    if (!channel.builder.hasRoomFor(batch)) return false
    channel.builder.add(batch)
    if (batch.transactions.length > 0) {
      channel.dueAtMs = Math.min(channel.dueAtMs, performance.now() + settings.maxChannelMs)
    }
    cursor = { number: block.number, hash: block.hash }
    return channel.builder.sizeBytes < capacityBytes
  }

  const post = async ({ builder, firstBlock }: OpenChannel) => {
    const frames = builder.close(frameDataBytes(settings.dataAvailability))
    const { batchInboxAddress } = deps.spec
    const candidates = batchTransactions(
      settings.dataAvailability,
      batchInboxAddress,
      frames,
      settings.blobsPerTransaction,
    )
    const sent: SentTransaction[] = []
    for (const candidate of candidates) sent.push(await deps.transactions.send(candidate, signal))
    channel = undefined
    const l1Block = Math.max(...sent.map((transaction) => transaction.l1Block.number))
    awaited.push({ lastBlock: cursor.number, l1Block })
    const sizeBytes = frames.reduce((size, { data }) => size + data.length, 0)
    const posted: PostedChannel = { firstBlock, lastBlock: cursor.number, sizeBytes, transactions: sent }
    const hashes = sent.map(({ hash }) => hash)
    log.info({ firstBlock, lastBlock: cursor.number, sizeBytes, l1Block, hashes }, 'posted a channel to L1')
    deps.onPosted?.(posted)
  }

  const step = async () => {
    await follow()
    let isFull = false
    while (!isFull && cursor.number < chain.heads().unsafe.number) {
      const block = await chain.getBlockByNumber(cursor.number + 1)
      if (block === undefined || bytesToHex(block.header.parentHash) !== cursor.hash) break
      isFull = !take(block)
    }
    if (channel === undefined || signal.aborted) return
    // INVARIANT: a single block always fits a channel.
    if (channel.builder.batchCount === 0) throw new BugError(`block ${channel.firstBlock} does not fit a channel`)
    if (isFull || performance.now() >= channel.dueAtMs) await post(channel)
  }
  return { step, restart }
}
