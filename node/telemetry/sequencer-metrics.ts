import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS_PREFIX } from './metrics.ts'

/** Facts about one sealed block. */
export interface SealedBlockFacts {
  readonly transactionCount: number
  readonly gasUsed: bigint
  readonly inferenceCount: number
  /** From the start of building to the durable block. */
  readonly buildSeconds: number
  /** How far the block's time lies behind the wall clock when it is stored; negative when ahead. */
  readonly lagSeconds: number
}

/** Facts about the mempool. */
export interface PoolFacts {
  readonly pendingCount: number
  readonly queuedCount: number
  readonly sizeBytes: number
}

/** What the sequencer counts. */
export interface SequencerMetrics {
  observeBlock(facts: SealedBlockFacts): void
  /** A transaction left the builder without being included: dropped for good, or postponed. */
  observeSkipped(outcome: 'dropped' | 'postponed'): void
  /** A block could not be built or stored this time. */
  observeFailure(code: string): void
  setPool(facts: PoolFacts): void
}

/** Registers the sequencer's and mempool's metrics. */
export function createSequencerMetrics(registry: Registry): SequencerMetrics {
  const counters = createCounters(registry)
  const registers = [registry]
  const build = new Histogram({
    name: `${METRICS_PREFIX}sequencer_build_seconds`,
    help: 'Time from the start of a block to its durable storage',
    buckets: [0.01, 0.03, 0.1, 0.3, 0.6, 1, 2, 5],
    registers,
  })
  const lag = new Gauge({
    name: `${METRICS_PREFIX}sequencer_lag_seconds`,
    help: 'Wall clock minus the time of the newest block when it was stored',
    registers,
  })
  const poolCount = new Gauge({
    name: `${METRICS_PREFIX}txpool_transactions_count`,
    help: 'Transactions in the pool',
    labelNames: ['status'] as const,
    registers,
  })
  const poolBytes = new Gauge({
    name: `${METRICS_PREFIX}txpool_size_bytes`,
    help: 'Bytes of pooled transactions',
    registers,
  })
  return {
    observeBlock: (facts) => {
      counters.blocks.inc()
      counters.transactions.inc(facts.transactionCount)
      counters.gas.inc(Number(facts.gasUsed))
      counters.inferences.inc(facts.inferenceCount)
      build.observe(facts.buildSeconds)
      lag.set(facts.lagSeconds)
    },
    observeSkipped: (outcome) => counters.skipped.inc({ outcome }),
    observeFailure: (code) => counters.failures.inc({ code }),
    setPool: (facts) => {
      poolCount.set({ status: 'pending' }, facts.pendingCount)
      poolCount.set({ status: 'queued' }, facts.queuedCount)
      poolBytes.set(facts.sizeBytes)
    },
  }
}

function createCounters(registry: Registry) {
  const registers = [registry]
  const name = (suffix: string) => `${METRICS_PREFIX}sequencer_${suffix}`
  return {
    blocks: new Counter({ name: name('blocks_total'), help: 'Blocks sealed', registers }),
    transactions: new Counter({ name: name('transactions_total'), help: 'Transactions in sealed blocks', registers }),
    gas: new Counter({ name: name('gas_used_total'), help: 'Gas used by sealed blocks', registers }),
    inferences: new Counter({ name: name('inferences_total'), help: 'Inference records in sealed blocks', registers }),
    skipped: new Counter({
      name: name('skipped_total'),
      help: 'Transactions that the builder tried and did not include',
      labelNames: ['outcome'] as const,
      registers,
    }),
    failures: new Counter({
      name: name('failures_total'),
      help: 'Blocks that could not be produced at the first try',
      labelNames: ['code'] as const,
      registers,
    }),
  }
}
