import type { BlockHeader } from '@ethereumjs/block'
import type { L1Source } from '../derivation/l1-source.ts'
import { chainRules } from '../executor/chain-rules.ts'
import type { ExecutionDeps } from '../executor/execution.ts'
import type { DisputeReader } from '../l1/dispute-reader.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import type { Database } from '../storage/database.ts'
import { aiMethods } from './ai.ts'
import { aiDisputeMethods, aiWithoutDisputes } from './ai-disputes.ts'
import { aiProofMethods } from './ai-proofs.ts'
import type { ChainReader } from './chain-reader.ts'
import { ethBlocksMethods } from './eth-blocks.ts'
import { ethCallsMethods } from './eth-calls.ts'
import { ethFeesMethods } from './eth-fees.ts'
import { ethLogsMethods } from './eth-logs.ts'
import { ethStateMethods } from './eth-state.ts'
import { ethTransactionsMethods } from './eth-transactions.ts'
import { DEFAULT_FILTER_LIMITS, Filters } from './filters.ts'
import { DEFAULT_LOG_LIMITS } from './log-query.ts'
import type { RpcMethod } from './method.ts'
import { createModels } from './models.ts'
import { netWeb3Methods } from './net-web3.ts'
import { methodsTable } from './openrpc.ts'
import { type L1Status, optimismMethods } from './optimism.ts'
import type { Pool } from './pool.ts'
import { createSimulator, DEFAULT_SIMULATOR_LIMITS } from './simulator.ts'
import { createStateReader } from './state-reader.ts'
import type { TransactionSink } from './transaction-sink.ts'
import { txpoolMethods } from './txpool.ts'

/** What a node's RPC is wired from. */
export interface RpcBackend {
  readonly spec: ChainSpec
  readonly version: string
  readonly database: Database
  readonly execution: ExecutionDeps
  readonly l1: L1Source
  /** Number of the L1 block up to which this node has derived L2; L1's head is told without it. */
  readonly derivedL1Number?: () => number | undefined
  /** The sequencer's pool. */
  readonly pool?: Pool
  /** Takes raw transactions; the pool by default. A verifier forwards them to the sequencer, or has none. */
  readonly sink?: TransactionSink
  /** Proposals and games on L1, where the node was told of their contracts. */
  readonly disputes?: DisputeReader
}

/** The methods table of a node over its database, executor, L1 and, on a sequencer, its pool. */
export function createMethods(backend: RpcBackend): ReadonlyMap<string, RpcMethod> {
  const { spec, version, database, execution, pool } = backend
  const rules = chainRules(spec.chainId)
  const chain = createChainReader(database)
  const state = createStateReader(database.content)
  const simulator = createSimulator(spec, execution, DEFAULT_SIMULATOR_LIMITS)
  const models = createModels(simulator, database.content)
  const nowMs = () => performance.now()
  const withPool = pool === undefined ? {} : { pool }
  const sink = backend.sink ?? (pool === undefined ? undefined : (raw: Uint8Array) => pool.add(raw))
  const logLimits = DEFAULT_LOG_LIMITS
  const filters = new Filters({ chain, ...withPool, limits: DEFAULT_FILTER_LIMITS, logLimits, nowMs })
  const methods = [
    ...netWeb3Methods(spec.chainId, version),
    ...ethBlocksMethods({ chain, rules }),
    ...ethStateMethods({ chain, state, ...withPool }),
    ...ethTransactionsMethods({ chain, rules, ...withPool, ...(sink === undefined ? {} : { sink }) }),
    ...ethCallsMethods({ chain, simulator }),
    ...ethFeesMethods(chain),
    ...ethLogsMethods({ chain, filters, limits: logLimits }),
    ...txpoolMethods(pool, rules),
    ...aiMethods({ chain, content: database.content, models, simulator }),
    ...aiProofMethods({ chain, content: database.content }),
    ...(backend.disputes === undefined ? aiWithoutDisputes() : aiDisputeMethods(backend.disputes, nowMs)),
    ...optimismMethods({ spec, chain, state, version, l1Status: () => l1Status(backend) }),
  ]
  return methodsTable(methods, version)
}

/** The database as the RPC reads it. */
export function createChainReader(database: Database): ChainReader {
  const headerByHash: ChainReader['headerByHash'] = async (hash) => {
    const header = await findStoredHeader(database, hash)
    return header === undefined ? undefined : { hash, number: Number(header.number), header }
  }
  const headerByNumber: ChainReader['headerByNumber'] = async (number) => {
    const hash = await database.canonicalHash(number)
    return hash === undefined ? undefined : headerByHash(hash)
  }
  return {
    head: async (label) => {
      const { hash } = database.heads()[label]
      const found = await headerByHash(hash)
      if (found === undefined) throw new BugError(`the ${label} head ${hash} has no header`)
      return found
    },
    headerByNumber,
    headerByHash,
    block: (hash) => database.getBlock(hash),
    locateTransaction: async (hash) => {
      const place = await database.findTransaction(hash)
      return place === undefined ? undefined : { blockHash: place.hash, index: place.index }
    },
  }
}

/** Headers share a key space with other content: a hash from a client may be that of a trie node. */
async function findStoredHeader(database: Database, hash: Hex): Promise<BlockHeader | undefined> {
  try {
    return await database.getHeader(hash)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

async function l1Status({ l1, derivedL1Number }: RpcBackend): Promise<L1Status> {
  const [head, safe, finalized] = await Promise.all([l1.head('latest'), l1.head('safe'), l1.head('finalized')])
  const derived = derivedL1Number?.()
  const current = derived === undefined ? undefined : await l1.refByNumber(derived)
  return { current: current ?? head, head, safe, finalized }
}
