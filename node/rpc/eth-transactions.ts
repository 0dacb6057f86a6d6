import type { Common } from '@ethereumjs/common'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { type ChainReader, findBlock } from './chain-reader.ts'
import { blockNumber, data, hash32, safeQuantity } from './ethereum-codecs.ts'
import { formatReceipt } from './format-receipt.ts'
import { formatPending, formatTransaction } from './format-transaction.ts'
import { method, type RpcMethod, required } from './method.ts'
import type { Pool } from './pool.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'
import type { TransactionSink } from './transaction-sink.ts'

/** What the transaction methods use. */
export interface EthTransactionsDeps {
  readonly chain: ChainReader
  readonly rules: Common
  readonly pool?: Pool
  /** Takes raw transactions; without one they are refused. */
  readonly sink?: TransactionSink
}

/** Transactions: sending, looking up, receipts. */
export function ethTransactionsMethods(deps: EthTransactionsDeps): RpcMethod[] {
  const { chain, rules, pool, sink } = deps
  const hash = required('hash', hash32)
  return [
    method(
      'eth_sendRawTransaction',
      { summary: 'Hands a signed transaction in; returns its hash.', params: [required('transaction', data)] },
      (raw) => {
        if (sink !== undefined) return sink(hexToBytes(raw))
        throw new RpcError(
          RPC_CODES.serverError,
          'this node takes no transactions: send them to the sequencer, or configure its URL here',
        )
      },
    ),
    method(
      'eth_getTransactionByHash',
      { summary: 'A transaction of the chain or the pool; null where there is none.', params: [hash] },
      async (id) => {
        const found = await locate(chain, id)
        if (found !== undefined) return formatTransaction(found.block, found.index, rules)
        const pooled = pool?.get(id)
        return pooled === undefined ? null : formatPending(pooled, rules)
      },
    ),
    method(
      'eth_getTransactionReceipt',
      { summary: 'The receipt of an included transaction; null where there is none.', params: [hash] },
      async (id) => {
        const found = await locate(chain, id)
        return found === undefined ? null : formatReceipt(found.block, found.index)
      },
    ),
    method(
      'eth_getRawTransactionByHash',
      { summary: 'A transaction as it was signed, or a deposit in its encoding.', params: [hash] },
      (id) => rawTransaction(deps, id),
    ),
    method(
      'debug_getRawTransaction',
      { summary: 'A transaction as it was signed, or a deposit in its encoding.', params: [hash] },
      (id) => rawTransaction(deps, id),
    ),
    ...byIndexMethods(deps),
  ]
}

function byIndexMethods({ chain, rules }: EthTransactionsDeps): RpcMethod[] {
  const index = required('index', safeQuantity)
  const summary = 'A transaction by its place in a block; null where there is none.'
  const format = (block: ExecutedBlock | undefined, at: number) =>
    block?.transactions[at] === undefined ? null : formatTransaction(block, at, rules)
  return [
    method(
      'eth_getTransactionByBlockHashAndIndex',
      { summary, params: [required('blockHash', hash32), index] },
      async (id, at) => format(await chain.block(id), at),
    ),
    method(
      'eth_getTransactionByBlockNumberAndIndex',
      { summary, params: [required('block', blockNumber), index] },
      async (id, at) => format(await findBlock(chain, id), at),
    ),
  ]
}

async function rawTransaction({ chain, pool }: EthTransactionsDeps, hash: Hex): Promise<Hex | null> {
  const found = await locate(chain, hash)
  const raw = found === undefined ? pool?.get(hash)?.raw : found.block.transactions[found.index]?.raw
  return raw === undefined ? null : bytesToHex(raw)
}

async function locate(chain: ChainReader, hash: Hex): Promise<{ block: ExecutedBlock; index: number } | undefined> {
  const place = await chain.locateTransaction(hash)
  if (place === undefined) return undefined
  const block = await chain.block(place.blockHash)
  return block?.transactions[place.index] === undefined ? undefined : { block, index: place.index }
}
