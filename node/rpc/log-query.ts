import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bloomMayHold } from '../executor/receipt.ts'
import type { Hex } from '../protocol/bytes.ts'
import { type ChainHeader, type ChainReader, requireHeader } from './chain-reader.ts'
import type { LogFilter } from './ethereum-codecs.ts'
import { blockLogs, type RpcLog } from './format-receipt.ts'
import { invalidParams, RPC_CODES, RpcError } from './rpc-error.ts'

/** Bounds on one search for logs. */
export interface LogLimits {
  readonly maxBlocks: number
  readonly maxLogs: number
}

/** Defaults that explorers and indexers know. */
export const DEFAULT_LOG_LIMITS: LogLimits = { maxBlocks: 10_000, maxLogs: 10_000 }

/** Headers that are looked at before other requests get a turn. */
const HEADERS_A_TURN = 64

/** What logs are matched by, apart from their block. */
export type LogCriteria = Pick<LogFilter, 'addresses' | 'topics'>

/**
 * Logs of a block or a range of blocks, in order. Cost: one header a block, and the whole block where its bloom may match.
 * @throws RpcError -32602 for an inverted range, -32005 beyond the limits, -32001 for an unknown block.
 */
export async function queryLogs(chain: ChainReader, filter: LogFilter, limits: LogLimits): Promise<RpcLog[]> {
  const { range } = filter
  if ('blockHash' in range) {
    const header = await requireHeader(chain, { kind: 'hash', hash: range.blockHash, requireCanonical: false })
    return logsOfHeader(chain, header, filter)
  }
  const first = await heightOf(chain, range.from)
  const last = await heightOf(chain, range.to)
  if (first > last) throw invalidParams('invalid block range params: fromBlock is after toBlock')
  const end = Math.min(last, (await chain.head('unsafe')).number)
  if (end - first >= limits.maxBlocks) {
    throw limitExceeded(`block range too large: ${end - first + 1} blocks, limit ${limits.maxBlocks}`)
  }
  const logs: RpcLog[] = []
  for (let number = first; number <= end; number++) {
    const header = await chain.headerByNumber(number)
    if (header === undefined) break
    logs.push(...(await logsOfHeader(chain, header, filter)))
    if (logs.length > limits.maxLogs) {
      throw limitExceeded(`query returned more than ${limits.maxLogs} results: ask for a smaller block range`)
    }
    if ((number - first) % HEADERS_A_TURN === HEADERS_A_TURN - 1) await nextTurn()
  }
  return logs
}

/** The logs of one block that match. */
export async function logsOfHeader(chain: ChainReader, header: ChainHeader, criteria: LogCriteria): Promise<RpcLog[]> {
  if (!bloomMayMatch(header, criteria)) return []
  const block = await chain.block(header.hash)
  return block === undefined ? [] : matchingLogs(block, criteria)
}

/** The logs of a block that match. */
export function matchingLogs(block: ExecutedBlock, criteria: LogCriteria): RpcLog[] {
  return blockLogs(block).filter((log) => matches(log, criteria))
}

function matches(log: RpcLog, { addresses, topics }: LogCriteria): boolean {
  const isOneOf = (wanted: readonly Hex[], value: Hex | undefined) =>
    value !== undefined && (wanted.length === 0 || wanted.includes(value))
  return isOneOf(addresses, log.address) && topics.every((wanted, i) => isOneOf(wanted, log.topics[i]))
}

function bloomMayMatch({ header }: ChainHeader, { addresses, topics }: LogCriteria): boolean {
  return [addresses, ...topics].every(
    (wanted) => wanted.length === 0 || wanted.some((entry) => bloomMayHold(header.logsBloom, entry)),
  )
}

async function heightOf(
  chain: ChainReader,
  id: Extract<LogFilter['range'], { from: unknown }>['from'],
): Promise<number> {
  return id.kind === 'number' ? id.number : (await requireHeader(chain, id)).number
}

function limitExceeded(message: string): RpcError {
  return new RpcError(RPC_CODES.limitExceeded, message)
}
