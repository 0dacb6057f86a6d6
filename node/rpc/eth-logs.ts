import type { ChainReader } from './chain-reader.ts'
import { pattern } from './codec.ts'
import { type LogFilter, logFilter } from './ethereum-codecs.ts'
import type { Filters } from './filters.ts'
import { createLimiter } from './limiter.ts'
import { type LogLimits, queryLogs } from './log-query.ts'
import { method, type RpcMethod, required } from './method.ts'

/** What the log methods use. */
export interface EthLogsDeps {
  readonly chain: ChainReader
  readonly filters: Filters
  readonly limits: LogLimits
}

/** Searches at once, and waiting: one may read thousands of blocks beside block production. */
const MAX_SEARCHES = 2
const MAX_WAITING_SEARCHES = 128

/** Logs by query and by filters that clients poll. */
export function ethLogsMethods({ chain, filters, limits }: EthLogsDeps): RpcMethod[] {
  const limited = createLimiter(MAX_SEARCHES, MAX_WAITING_SEARCHES)
  const search = (criteria: LogFilter) => limited(() => queryLogs(chain, criteria, limits))
  const filter = required('filter', logFilter)
  const id = required(
    'filterId',
    pattern('a filter id', /^0x[0-9a-fA-F]{1,64}$/, (text) => text.toLowerCase()),
  )
  return [
    method('eth_getLogs', { summary: 'Logs of a range of blocks or of one block.', params: [filter] }, search),
    method('eth_newFilter', { summary: 'A filter for new logs; returns its id.', params: [filter] }, (criteria) =>
      filters.createLogFilter(criteria),
    ),
    method('eth_newBlockFilter', { summary: 'A filter for new blocks; returns its id.' }, () =>
      filters.createBlockFilter(),
    ),
    method(
      'eth_newPendingTransactionFilter',
      { summary: 'A filter for new pooled transactions; returns its id.' },
      () => filters.createPendingFilter(),
    ),
    method('eth_getFilterChanges', { summary: 'What came since the last call.', params: [id] }, (filterId) =>
      filters.changes(filterId),
    ),
    method('eth_getFilterLogs', { summary: 'All logs that a log filter matches.', params: [id] }, (filterId) =>
      search(filters.criteriaOf(filterId)),
    ),
    method(
      'eth_uninstallFilter',
      { summary: 'Removes a filter; false where there was none.', params: [id] },
      (filterId) => filters.remove(filterId),
    ),
  ]
}
