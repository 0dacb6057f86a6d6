import { Counter, Gauge, type Registry } from 'prom-client'
import { METRICS_PREFIX } from './metrics.ts'

/** What proposer and challenger report about their disputes. */
export interface DisputeMetrics {
  /** A transaction of a dispute was mined. @param kind the move or chore. */
  observeSent(kind: string, gasUsed: bigint): void
  /** How the games that one side plays stand now. */
  setGames(side: 'proposer' | 'challenger', facts: GameFacts): void
  /** Ether that this node's accounts have at stake or can claim, in wei. */
  setWei(kind: 'proposal_bonds' | 'game_bonds' | 'credit', wei: bigint): void
}

/** Facts about the games of one side. */
export interface GameFacts {
  readonly countByState: Readonly<Record<string, number>>
  /** Seconds until the first of this node's clocks ends; undefined where none runs. */
  readonly leastClockSeconds: number | undefined
}

const GAME_STATES = ['running', 'challenger-won', 'proposer-won', 'escalated', 'settled'] as const

/** Registers the metrics of disputes. */
export function createDisputeMetrics(registry: Registry): DisputeMetrics {
  const registers = [registry]
  const name = (suffix: string) => `${METRICS_PREFIX}dispute_${suffix}`
  const sent = new Counter({
    name: name('transactions_total'),
    help: 'Moves and chores of disputes that L1 took',
    labelNames: ['kind'] as const,
    registers,
  })
  const gas = new Counter({
    name: name('gas_used_total'),
    help: 'L1 gas that moves and chores of disputes used',
    labelNames: ['kind'] as const,
    registers,
  })
  const games = new Gauge({
    name: name('games_count'),
    help: 'Games of this node against unresolved proposals',
    labelNames: ['side', 'state'] as const,
    registers,
  })
  const clock = new Gauge({
    name: name('least_clock_seconds'),
    help: "Time left to the first of this node's clocks that ends; +Inf where none runs",
    labelNames: ['side'] as const,
    registers,
  })
  const ether = new Gauge({
    name: name('ether'),
    help: 'Ether at stake or to be claimed',
    labelNames: ['kind'] as const,
    registers,
  })
  return {
    observeSent: (kind, gasUsed) => {
      sent.inc({ kind })
      gas.inc({ kind }, Number(gasUsed))
    },
    setGames: (side, { countByState, leastClockSeconds }) => {
      for (const state of GAME_STATES) games.set({ side, state }, countByState[state] ?? 0)
      clock.set({ side }, leastClockSeconds ?? Number.POSITIVE_INFINITY)
    },
    setWei: (kind, wei) => ether.set({ kind }, Number(wei) / 1e18),
  }
}
