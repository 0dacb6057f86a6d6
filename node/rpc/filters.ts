import { randomBytes } from 'node:crypto'
import type { Hex } from '../protocol/bytes.ts'
import { type ChainCursor, createChainCursor } from './chain-cursor.ts'
import type { ChainReader } from './chain-reader.ts'
import type { LogFilter } from './ethereum-codecs.ts'
import type { RpcLog } from './format-receipt.ts'
import { type LogLimits, logsOfHeader, matchingLogs } from './log-query.ts'
import type { Pool } from './pool.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Bounds on installed filters. */
export interface FilterLimits {
  readonly maxFilters: number
  /** A filter that is not polled for so long is removed. */
  readonly idleMs: number
}

/** Defaults as geth's. */
export const DEFAULT_FILTER_LIMITS: FilterLimits = { maxFilters: 2_000, idleMs: 5 * 60_000 }

/** What filters follow. */
export interface FiltersDeps {
  readonly chain: ChainReader
  readonly pool?: Pool
  readonly limits: FilterLimits
  readonly logLimits: LogLimits
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

type Poll = () => Promise<readonly (Hex | RpcLog)[]>

interface Filter {
  readonly poll: Poll
  /** Log filters only. */
  readonly criteria: LogFilter | undefined
  usedMs: number
}

/** Filters that clients install and poll (`eth_newFilter` and its kin). They live in memory and end with the process. */
export class Filters {
  readonly #deps: FiltersDeps
  readonly #filters = new Map<string, Filter>()

  constructor(deps: FiltersDeps) {
    this.#deps = deps
  }

  /** Logs of blocks to come. After a roll-back, logs of undone blocks are told again with `removed: true`. */
  async createLogFilter(criteria: LogFilter): Promise<Hex> {
    const cursor = await createChainCursor(this.#deps.chain)
    return this.#install(() => this.#newLogs(cursor, criteria), criteria)
  }

  /** Hashes of blocks to come. */
  async createBlockFilter(): Promise<Hex> {
    const cursor = await createChainCursor(this.#deps.chain)
    return this.#install(async () => (await cursor.next()).added.map(({ hash }) => hash))
  }

  /** Hashes of transactions that arrive in the pool; none on a node without a pool. */
  async createPendingFilter(): Promise<Hex> {
    const { pool } = this.#deps
    let position = pool?.arrivalsSince(Number.POSITIVE_INFINITY).cursor ?? 0
    return this.#install(async () => {
      const { hashes, cursor } = pool?.arrivalsSince(position) ?? { hashes: [], cursor: 0 }
      position = cursor
      return hashes
    })
  }

  /** What came since the last call. @throws RpcError when there is no such filter. */
  changes(id: string): Promise<readonly (Hex | RpcLog)[]> {
    return this.#require(id).poll()
  }

  /** What a log filter matches. @throws RpcError when there is no such log filter. */
  criteriaOf(id: string): LogFilter {
    const { criteria } = this.#require(id)
    if (criteria === undefined) throw filterNotFound()
    return criteria
  }

  remove(id: string): boolean {
    return this.#filters.delete(id)
  }

  async #newLogs(cursor: ChainCursor, criteria: LogFilter): Promise<RpcLog[]> {
    const { undone, added } = await cursor.next()
    const logs: RpcLog[] = []
    for (const block of undone) {
      logs.push(...matchingLogs(block, criteria).map((log) => ({ ...log, removed: true })))
    }
    for (const header of added) {
      logs.push(...(await logsOfHeader(this.#deps.chain, header, criteria)))
      if (logs.length > this.#deps.logLimits.maxLogs) {
        throw new RpcError(RPC_CODES.limitExceeded, 'too many logs since the last poll: use eth_getLogs')
      }
    }
    return logs
  }

  #install(poll: Poll, criteria?: LogFilter): Hex {
    this.#removeIdle()
    if (this.#filters.size >= this.#deps.limits.maxFilters) {
      throw new RpcError(RPC_CODES.limitExceeded, 'too many filters: uninstall some, or try again later')
    }
    const id: Hex = `0x${randomBytes(16).toString('hex')}`
    this.#filters.set(id, { poll: oneAtATime(poll), criteria, usedMs: this.#deps.nowMs() })
    return id
  }

  #require(id: string): Filter {
    this.#removeIdle()
    const filter = this.#filters.get(id)
    if (filter === undefined) throw filterNotFound()
    filter.usedMs = this.#deps.nowMs()
    return filter
  }

  #removeIdle(): void {
    const oldestMs = this.#deps.nowMs() - this.#deps.limits.idleMs
    for (const [id, { usedMs }] of this.#filters) if (usedMs < oldestMs) this.#filters.delete(id)
  }
}

/** Polls of one filter must not overlap: each goes on where the one before ended. */
function oneAtATime(poll: Poll): Poll {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.catch(() => undefined).then(poll)
    last = next
    return next
  }
}

function filterNotFound(): RpcError {
  return new RpcError(RPC_CODES.serverError, 'filter not found')
}
