import { Counter, Gauge, type Registry } from 'prom-client'
import { METRICS_PREFIX } from './metrics.ts'

/** The references a node follows. */
export type RefKind = 'l1_head' | 'l2_unsafe' | 'l2_safe' | 'l2_finalized'

/** What every role reports about the chain it follows. */
export interface ChainMetrics {
  /** A reference moved to the block `number` with Unix time `timeSeconds`. */
  setRef(kind: RefKind, number: number, timeSeconds: number): void
  /** The L2 head was rolled back by `depth` blocks. */
  observeReorg(depth: number): void
}

/** Registers the chain metrics, labelled like op-node's `refs_*`. */
export function createChainMetrics(registry: Registry): ChainMetrics {
  const registers = [registry]
  const labelNames = ['layer', 'type'] as const
  const number = new Gauge({
    name: `${METRICS_PREFIX}refs_number`,
    help: 'Block number of a reference',
    labelNames,
    registers,
  })
  const time = new Gauge({
    name: `${METRICS_PREFIX}refs_time`,
    help: 'Unix time of a reference',
    labelNames,
    registers,
  })
  const reorgs = new Counter({ name: `${METRICS_PREFIX}l2_reorgs_total`, help: 'Roll-backs of the L2 head', registers })
  const reorgDepth = new Gauge({
    name: `${METRICS_PREFIX}l2_reorg_depth`,
    help: 'Blocks undone by the last roll-back',
    registers,
  })
  return {
    setRef: (kind, blockNumber, timeSeconds) => {
      const labels = { layer: kind.slice(0, 2), type: kind }
      number.set(labels, blockNumber)
      time.set(labels, timeSeconds)
    },
    observeReorg: (depth) => {
      reorgs.inc()
      reorgDepth.set(depth)
    },
  }
}
