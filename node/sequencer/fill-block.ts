import type { BlockBuilder } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { Log } from '../telemetry/logger.ts'
import type { SequencerMetrics } from '../telemetry/sequencer-metrics.ts'
import type { BestTransactions } from './best-transactions.ts'
import type { Clock } from './clock.ts'
import type { Mempool } from './mempool.ts'
import type { PoolTransaction } from './pool-transaction.ts'
import type { Postponements } from './postponements.ts'

/** No transaction costs less gas. */
const LEAST_TRANSACTION_GAS = 21_000n
/** After so many transactions that did not fit, the rest of the block stays empty. */
const MAX_MISFITS = 32

/** What filling a block needs. */
export interface FillDeps {
  readonly pool: Mempool
  readonly postponements: Postponements
  readonly clock: Clock
  readonly log: Log
  readonly metrics: SequencerMetrics
}

/** One block to fill. */
export interface FillTask {
  readonly builder: BlockBuilder
  readonly number: number
  readonly baseFee: bigint
  /** When to stop, in wall-clock milliseconds. A transaction that has begun is run to its end. */
  readonly deadlineMs: number
  /** Whether to wait for arrivals until the deadline, rather than take what is there. */
  readonly waitsForArrivals: boolean
  readonly signal: AbortSignal
}

/**
 * Adds pending transactions to a block by effective tip, and then those that arrive, until the deadline or the gas is used up.
 * One whose inference is unavailable is postponed; one that no block can take is dropped from the pool.
 */
export async function fillBlock(task: FillTask, deps: FillDeps): Promise<void> {
  const block: BlockProgress = { inBlock: new Map(), misfits: 0 }
  for (;;) {
    await takePending(task, deps, block)
    const leftMs = task.deadlineMs - deps.clock.nowMs()
    if (!task.waitsForArrivals || leftMs <= 0 || isClosed(task, block)) return
    await waitForArrival(leftMs, task, deps)
  }
}

interface BlockProgress {
  /** Per sender: the nonce that comes next in this block, or null when the sender has to wait for another. */
  readonly inBlock: Map<Hex, bigint | null>
  misfits: number
}

function isClosed({ builder, signal }: FillTask, { misfits }: BlockProgress): boolean {
  return signal.aborted || builder.gasLeft < LEAST_TRANSACTION_GAS || misfits >= MAX_MISFITS
}

async function takePending(task: FillTask, deps: FillDeps, block: BlockProgress): Promise<void> {
  const best = deps.pool.best(task.baseFee, block.inBlock)
  for (let next = best.peek(); next !== undefined; next = best.peek()) {
    if (isClosed(task, block) || deps.clock.nowMs() >= task.deadlineMs) return
    await takeOne(next, best, task, deps, block)
  }
}

async function takeOne(
  next: PoolTransaction,
  best: BestTransactions,
  task: FillTask,
  deps: FillDeps,
  block: BlockProgress,
): Promise<void> {
  const outcome = deps.postponements.isPostponed(next.hash, task.number) ? 'postponed' : await tryOne(next, task, deps)
  if (outcome === 'included') {
    block.inBlock.set(next.sender, next.nonce + 1n)
    return best.advance()
  }
  if (outcome === 'misfit') block.misfits++
  block.inBlock.set(next.sender, null)
  best.skipSender()
}

async function tryOne(
  { hash, raw }: PoolTransaction,
  { builder, number }: FillTask,
  { pool, postponements, log, metrics }: FillDeps,
): Promise<'included' | 'misfit' | 'dropped' | 'postponed'> {
  try {
    const verdict = await builder.tryTransaction(raw)
    const refusal = verdict.included ? undefined : verdict.reason
    if (refusal === 'block-full') return 'misfit'
    postponements.forget(hash)
    if (refusal === undefined) return 'included'
    log.debug({ hash, code: refusal.code, reason: refusal.message }, 'transaction dropped')
    metrics.observeSkipped('dropped')
    await pool.reject(hash)
    return 'dropped'
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    log.warn({ hash, code: error.code, reason: error.message }, 'transaction postponed')
    metrics.observeSkipped('postponed')
    postponements.postpone(hash, number)
    return 'postponed'
  }
}

async function waitForArrival(maxMs: number, { signal }: FillTask, { pool, clock }: FillDeps): Promise<void> {
  const wake = new AbortController()
  const wakeUp = () => wake.abort()
  signal.addEventListener('abort', wakeUp, { once: true })
  const stopListening = pool.onArrival(wakeUp)
  try {
    await clock.sleep(maxMs, wake.signal)
  } finally {
    stopListening()
    signal.removeEventListener('abort', wakeUp)
  }
}
