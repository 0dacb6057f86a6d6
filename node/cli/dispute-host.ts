import { setImmediate } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import { type Challenger, createChallenger } from '../challenger/challenger.ts'
import { createInference, type InferenceService } from '../inference/inference-service.ts'
import { createContractSender } from '../l1/contract-sender.ts'
import { DISPUTE_ERRORS } from '../l1/dispute-actor.ts'
import type { DisputeObserver } from '../l1/dispute-player.ts'
import { createDisputeReader, type DisputeReader } from '../l1/dispute-reader.ts'
import type { DisputeContracts } from '../l1/game-record.ts'
import type { Kzg } from '../l1/kzg.ts'
import type { L1Client } from '../l1/l1-client.ts'
import { withRetries } from '../l1/retry.ts'
import { createTransactionManager, type TransactionManager } from '../l1/transaction-manager.ts'
import { doubleCheck } from '../proposer/double-check.ts'
import { createProposer, type Proposer } from '../proposer/proposer.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { Hashing } from '../protocol/keccak.ts'
import type { GameOracle } from '../prover/game-oracle.ts'
import { createNodeOracle, type OracleParts } from '../prover/node-oracle.ts'
import type { Database } from '../storage/database.ts'
import { createDisputeMetrics } from '../telemetry/dispute-metrics.ts'
import type { Log } from '../telemetry/logger.ts'
import type { Closers } from './closers.ts'

/** How disputes are played from a node. */
export interface DisputeOptions {
  readonly contracts: DisputeContracts
  /** After this long without being mined a move is sent again with higher fees, in milliseconds. */
  readonly resubmitMs: number
  readonly proposer?: ProposerOptions
  readonly challenger?: PlayerOptions
}

/** An account that plays. */
export interface PlayerOptions {
  readonly privateKey: Hex
  /** What it holds true; for fault injection. Default: the node's own chain. */
  readonly oracle?: GameOracle
}

/** An account that proposes. */
export interface ProposerOptions extends PlayerOptions {
  /** L2 blocks between two proposals, at least. */
  readonly intervalBlocks: number
  /** See `ProposerSettings`. */
  readonly proposesAfterFall: boolean
  /** No block above this one is proposed; for fault injection. Default: none is too high. */
  readonly proposesUpTo?: number
}

/** The parts of a node that disputes are played from. */
export interface DisputeHostParts {
  readonly spec: ChainSpec
  readonly database: Database
  readonly inference: InferenceService
  readonly hashing: Hashing
  readonly client: L1Client
  readonly kzg: Kzg
  readonly registry: Registry
  readonly pollMs: number
  readonly derivedL1Number: () => number | undefined
  readonly log: Log
  readonly onFatal: (error: unknown) => void
}

/** Plays disputes on behalf of a node. */
export interface DisputeHost {
  readonly reader: DisputeReader
  readonly oracleParts: OracleParts
  /** What the node's own chain says. */
  readonly oracle: GameOracle
  /** Sends transactions of another account the same way. */
  transactionsOf(privateKey: Hex): TransactionManager
  startProposer(options: ProposerOptions): Proposer
  startChallenger(options: PlayerOptions): Challenger
}

/** Models of at most this many MACs are sampled by the reference before a proposal: about a second. */
const REFERENCE_MACS = 2 ** 24
const FEE_LIMIT = 100n

/** Creates a node's dispute host, with the proposer and the challenger that the options ask for. They close with `closers`. */
export function startDisputes(options: DisputeOptions, parts: DisputeHostParts, closers: Closers): DisputeHost {
  const { client, database, inference, spec, log } = parts
  const reader = createDisputeReader(client, options.contracts)
  const oracleParts: OracleParts = {
    spec,
    content: database.content,
    getBlockByNumber: (number) => database.getBlockByNumber(number),
    infer: inference.infer,
    valueRunner: (manifest, values) => inference.valueRunner(manifest, values),
    hashing: parts.hashing,
    pause: setImmediate,
  }
  const oracle = createNodeOracle(oracleParts)
  const observer = createObserver(parts.registry)
  const transactionsOf = (privateKey: Hex) => createTransactions(privateKey, options, parts)
  const common = (part: string, player: PlayerOptions) => ({
    reader,
    sender: createContractSender(client, transactionsOf(player.privateKey), DISPUTE_ERRORS),
    oracle: player.oracle ?? oracle,
    log: log.child({ part }),
    observer,
    onFatal: parts.onFatal,
  })
  const pace = { pollMs: parts.pollMs, retryDelayMs: parts.pollMs * 2 }
  const host: DisputeHost = {
    reader,
    oracleParts,
    oracle,
    transactionsOf,
    startProposer(player) {
      const isOwnChain = player.oracle === undefined
      const { intervalBlocks, proposesAfterFall, proposesUpTo = Number.POSITIVE_INFINITY } = player
      const check = isOwnChain ? createDoubleCheck(oracleParts, log, closers) : async () => {}
      const proposer = createProposer(
        { ...pace, intervalBlocks, proposesAfterFall },
        {
          ...common('proposer', player),
          finalizedL2Number: () => Math.min(database.heads().finalized.number, proposesUpTo),
          doubleCheck: check,
        },
      )
      closers.add(() => proposer.close())
      proposer.start()
      return proposer
    },
    startChallenger(player) {
      const challenger = createChallenger(pace, {
        ...common('challenger', player),
        safeL2Number: () => database.heads().safe.number,
        derivedL1Number: parts.derivedL1Number,
        l1NumberOf: (hash) =>
          withRetries(`block ${hash}`, { attempts: 3, delayMs: 100 }, async () =>
            Number((await client.getBlock({ blockHash: hash })).number),
          ),
      })
      closers.add(() => challenger.close())
      challenger.start()
      return challenger
    },
  }
  if (options.proposer !== undefined) host.startProposer(options.proposer)
  if (options.challenger !== undefined) host.startChallenger(options.challenger)
  return host
}

function createTransactions(
  privateKey: Hex,
  { resubmitMs }: DisputeOptions,
  { spec, client, kzg, pollMs }: DisputeHostParts,
): TransactionManager {
  const settings = { chainId: spec.l1ChainId, privateKey, blobProofs: 'blob', confirmations: 1 } as const
  return createTransactionManager({ ...settings, pollMs, resubmitMs, feeLimit: FEE_LIMIT }, { client, kzg })
}

/** Checks by other kernels and by the reference, in workers of their own, which start with the first proposal. */
function createDoubleCheck(parts: OracleParts, log: Log, closers: Closers): (lo: number, hi: number) => Promise<void> {
  const { spec, content, getBlockByNumber } = parts
  const second = createInference({
    content,
    provider: 'cpu-float',
    fallsBack: true,
    log: log.child({ part: 'double-check' }),
  })
  const reference = createInference({ content, provider: 'reference' })
  closers.add(() => second.close())
  closers.add(() => reference.close())
  const deps = { spec, content, getBlockByNumber, secondInfer: second.infer, referenceInfer: reference.infer }
  return (lo, hi) => doubleCheck(lo, hi, { ...deps, referenceMacs: REFERENCE_MACS })
}

function createObserver(registry: Registry): DisputeObserver {
  const metrics = createDisputeMetrics(registry)
  return {
    onSent: (kind, { gasUsed }) => metrics.observeSent(kind, gasUsed),
    onWei: (kind, wei) => metrics.setWei(kind, wei),
    onGames: (side, games, nowSeconds) => {
      const countByState: Record<string, number> = {}
      for (const { state } of games) countByState[state] = (countByState[state] ?? 0) + 1
      const ours = games.filter(({ state, turn }) => state === 'running' && turn === side)
      const left = ours.map(({ deadline }) => deadline - nowSeconds)
      metrics.setGames(side, { countByState, leastClockSeconds: left.length === 0 ? undefined : Math.min(...left) })
    },
  }
}
