import { blockAttributes } from '../derivation/block-attributes.ts'
import { depositsFromLogs } from '../derivation/deposits.ts'
import { createBlockBuilder } from '../executor/block-builder.ts'
import type { ExecutedBlock, ExecutionDeps } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { AssayError, BugError } from '../protocol/errors.ts'
import { type FillDeps, fillBlock } from './fill-block.ts'
import type { Journal } from './journal.ts'
import type { OriginSelector } from './origin-selector.ts'
import { compactJournal, restorePool } from './pool-journal.ts'
import { poolHeadOf } from './pool-state.ts'
import { type ChainTip, type SequencerChain, undoneTransactions } from './sequencer-chain.ts'

/** How the sequencer paces itself. */
export interface SequencerSettings {
  /** Time kept free at the end of a block for sealing and storing it, in milliseconds. */
  readonly sealMarginMs: number
  /** Wait after a failure, in milliseconds; doubles up to {@link SequencerSettings.maxRetryDelayMs}. */
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
}

/** Defaults for blocks of one second. */
export const DEFAULT_SEQUENCER_SETTINGS: SequencerSettings = {
  sealMarginMs: 60,
  retryDelayMs: 100,
  maxRetryDelayMs: 5_000,
}

/** What the sequencer needs besides its settings. */
export interface SequencerDeps extends FillDeps {
  readonly spec: ChainSpec
  readonly execution: ExecutionDeps
  readonly chain: SequencerChain
  readonly selectOrigin: OriginSelector
  /** Keeps the pool over a restart; give its `append` to the pool as `onAdded`. */
  readonly journal?: Journal
  /** Told about each block once it is stored. */
  readonly onBlock?: (block: ExecutedBlock) => void
  /** Told when the sequencer halts because an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** The sequencer service: builds a block for each step of time on the unsafe head, wherever that is. */
export interface Sequencer {
  start(): void
  /** Stops after the step in progress; a block that is not sealed yet is given up. */
  close(): Promise<void>
}

/**
 * Creates the sequencer. A block's time is its parent's plus the block time; it opens when its parent's time has come, takes
 * transactions until its own time less the margin, and is sealed. Behind the wall clock it takes what is there and goes on at
 * once. A failure to reach L1, a model or the disk is retried; a broken invariant halts it.
 */
export function createSequencer(settings: SequencerSettings, deps: SequencerDeps): Sequencer {
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

async function run(settings: SequencerSettings, deps: SequencerDeps, signal: AbortSignal): Promise<void> {
  let retryDelayMs = settings.retryDelayMs
  let lastHead: Hex | undefined
  if (deps.journal !== undefined) await restorePool(deps.pool, deps.journal, deps.log)
  while (!signal.aborted) {
    try {
      const parent = await deps.chain.head()
      if (lastHead !== parent.ref.hash) await followHead(deps, parent, lastHead)
      lastHead = parent.ref.hash
      const block = await produceBlock(settings, deps, parent, signal)
      if (block === undefined) continue
      lastHead = block.hash
      retryDelayMs = settings.retryDelayMs
    } catch (error) {
      if (!(error instanceof AssayError) || error instanceof BugError) throw error
      deps.log.warn({ err: error, code: error.code, retryDelayMs }, 'no block this time')
      deps.metrics.observeFailure(error.code)
      await deps.clock.sleep(retryDelayMs, signal)
      retryDelayMs = Math.min(2 * retryDelayMs, settings.maxRetryDelayMs)
    }
  }
}

/** Brings the pool to a head that the sequencer did not put there: at the start, or after derivation moved it. */
async function followHead(
  { chain, pool, log }: SequencerDeps,
  head: ChainTip,
  lastHead: Hex | undefined,
): Promise<void> {
  const undone = lastHead === undefined ? [] : await undoneTransactions(chain, lastHead)
  if (lastHead !== undefined) {
    log.warn({ from: lastHead, to: head.ref.hash, undoneCount: undone.length }, 'the unsafe head was moved')
  }
  await pool.reset(poolHeadOf(head.header), undone)
}

async function produceBlock(
  settings: SequencerSettings,
  deps: SequencerDeps,
  parent: ChainTip,
  signal: AbortSignal,
): Promise<ExecutedBlock | undefined> {
  await deps.clock.sleep(parent.ref.timestamp * 1000 - deps.clock.nowMs(), signal)
  if (signal.aborted) return undefined
  const startMs = deps.clock.nowMs()
  const block = await buildBlock(settings, deps, parent, signal)
  if (signal.aborted) return undefined
  await deps.chain.append(block)
  const senders = block.transactions.map(({ from }) => from)
  await deps.pool.advance(poolHeadOf(block.header), senders)
  if (deps.journal !== undefined) await compactJournal(deps.pool, deps.journal)
  report(deps, block, startMs)
  deps.onBlock?.(block)
  return block
}

async function buildBlock(
  settings: SequencerSettings,
  deps: SequencerDeps,
  parent: ChainTip,
  signal: AbortSignal,
): Promise<ExecutedBlock> {
  const { spec, execution, clock } = deps
  const { origin, sequenceNumber, onlyDeposits } = await deps.selectOrigin(parent.ref)
  const deposits = depositsFromLogs(spec, origin.info.hash, origin.depositLogs)
  const attributes = blockAttributes(spec, parent.ref.timestamp, origin.info, sequenceNumber, deposits)
  const builder = await createBlockBuilder(spec, execution, parent.header, attributes)
  if (!onlyDeposits) {
    const plannedMs = attributes.timestamp * 1000 - settings.sealMarginMs
    const waitsForArrivals = clock.nowMs() < plannedMs
    const deadlineMs = waitsForArrivals ? plannedMs : clock.nowMs() + (spec.blockTimeSeconds * 1000) / 2
    const baseFee = parent.header.calcNextBaseFee()
    const number = parent.ref.number + 1
    await fillBlock({ builder, number, baseFee, deadlineMs, waitsForArrivals, signal }, deps)
  }
  return builder.seal()
}

function report({ clock, log, metrics, pool }: SequencerDeps, block: ExecutedBlock, startMs: number): void {
  const nowMs = clock.nowMs()
  const facts = {
    transactionCount: block.transactions.length,
    gasUsed: block.header.gasUsed,
    inferenceCount: block.inferences.length,
    buildSeconds: (nowMs - startMs) / 1000,
    lagSeconds: nowMs / 1000 - Number(block.header.timestamp),
  }
  metrics.observeBlock(facts)
  metrics.setPool(pool.facts())
  log.debug({ number: block.number, hash: block.hash, ...facts, gasUsed: facts.gasUsed.toString() }, 'block sealed')
}
