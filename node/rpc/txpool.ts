import type { Common } from '@ethereumjs/common'
import { createTxFromRLP } from '@ethereumjs/tx'
import { address } from './ethereum-codecs.ts'
import { formatPending, type RpcObject } from './format-transaction.ts'
import { method, type RpcMethod, required } from './method.ts'
import type { Pool, PoolContent, PooledTransaction } from './pool.ts'
import { toQuantity } from './quantity.ts'

/** Most transactions that one answer lists. */
const MAX_LISTED = 5_000

/** The transaction pool in geth's form; empty on a node without one. */
export function txpoolMethods(pool: Pool | undefined, rules: Common): RpcMethod[] {
  const content = () => pool?.content() ?? []
  const full = (transaction: PooledTransaction) => formatPending(transaction, rules)
  const brief = (transaction: PooledTransaction) => inspect(transaction, rules)
  return [
    method('txpool_status', { summary: 'Number of pending and queued transactions.' }, () => {
      const { pendingCount, queuedCount } = pool?.facts() ?? { pendingCount: 0, queuedCount: 0 }
      return { pending: toQuantity(pendingCount), queued: toQuantity(queuedCount) }
    }),
    method('txpool_content', { summary: 'Pooled transactions by sender and nonce.' }, () => listing(content(), full)),
    method('txpool_inspect', { summary: 'Pooled transactions in one line each.' }, () => listing(content(), brief)),
    method(
      'txpool_contentFrom',
      { summary: 'Pooled transactions of one sender by nonce.', params: [required('address', address)] },
      (sender) => {
        const [own] = pool?.content(sender) ?? []
        return { pending: byNonce(own?.pending ?? [], full), queued: byNonce(own?.queued ?? [], full) }
      },
    ),
  ]
}

function listing(content: readonly PoolContent[], format: (transaction: PooledTransaction) => unknown): RpcObject {
  const lists: { pending: Record<string, unknown>; queued: Record<string, unknown> } = { pending: {}, queued: {} }
  let room = MAX_LISTED
  for (const { sender, pending, queued } of content) {
    if (room <= 0) break
    room -= pending.length + queued.length
    if (pending.length > 0) lists.pending[sender] = byNonce(pending, format)
    if (queued.length > 0) lists.queued[sender] = byNonce(queued, format)
  }
  return lists
}

function byNonce(
  transactions: readonly PooledTransaction[],
  format: (transaction: PooledTransaction) => unknown,
): RpcObject {
  return Object.fromEntries(transactions.map((transaction) => [transaction.nonce.toString(), format(transaction)]))
}

function inspect({ raw }: PooledTransaction, rules: Common): string {
  const tx = createTxFromRLP(raw, { common: rules })
  const target = tx.to?.toString() ?? 'contract creation'
  const price = 'gasPrice' in tx ? tx.gasPrice : tx.maxFeePerGas
  return `${target}: ${tx.value} wei + ${tx.gasLimit} gas × ${price} wei`
}
