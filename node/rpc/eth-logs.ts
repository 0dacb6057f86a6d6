import type { ChainReader } from './chain-reader.ts'
import { pattern } from './codec.ts'
import { logFilter } from './ethereum-codecs.ts'
import type { Filters } from './filters.ts'
import { type LogLimits, queryLogs } from './log-query.ts'
import { method, type RpcMethod, required } from './method.ts'

/** What the log methods use. */
export interface EthLogsDeps {
  readonly chain: ChainReader
  readonly filters: Filters
  readonly limits: LogLimits
}

/** Logs by query and by filters that clients poll. */
export function ethLogsMethods({ chain, filters, limits }: EthLogsDeps): RpcMethod[] {
  const filter = required('filter', logFilter)
  const id = required(
    'filterId',
    pattern('a filter id', /^0x[0-9a-fA-F]{1,64}$/, (text) => text.toLowerCase()),
  )
  return [
    method('eth_getLogs', { summary: 'Logs of a range of blocks or of one block.', params: [filter] }, (criteria) =>
      queryLogs(chain, criteria, limits),
    ),
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
      queryLogs(chain, filters.criteriaOf(filterId), limits),
    ),
    method(
      'eth_uninstallFilter',
      { summary: 'Removes a filter; false where there was none.', params: [id] },
      (filterId) => filters.remove(filterId),
    ),
  ]
}
