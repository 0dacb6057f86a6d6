import type { Common } from '@ethereumjs/common'
import { bytesToHex } from '../protocol/bytes.ts'
import { type ChainReader, findBlock, findHeader } from './chain-reader.ts'
import { boolean } from './codec.ts'
import { blockId, blockNumber, hash32, safeQuantity } from './ethereum-codecs.ts'
import { formatBlock } from './format-block.ts'
import { formatReceipt } from './format-receipt.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import { toQuantity } from './quantity.ts'

/** What the block methods read. */
export interface EthBlocksDeps {
  readonly chain: ChainReader
  readonly rules: Common
}

/** Blocks, their receipts and counts; uncles, which this chain has none of. */
export function ethBlocksMethods({ chain, rules }: EthBlocksDeps): RpcMethod[] {
  const block = required('block', blockNumber)
  const hash = required('blockHash', hash32)
  const withTransactions = optional('withTransactions', boolean, false)
  return [
    method('eth_blockNumber', { summary: 'Number of the latest block.' }, async () =>
      toQuantity((await chain.head('unsafe')).number),
    ),
    method(
      'eth_getBlockByNumber',
      { summary: 'A block by number or tag; null where there is none.', params: [block, withTransactions] },
      async (id, full) => {
        const found = await findBlock(chain, id)
        return found === undefined ? null : formatBlock(found, full, rules)
      },
    ),
    method(
      'eth_getBlockByHash',
      { summary: 'A block by hash; null where there is none.', params: [hash, withTransactions] },
      async (id, full) => {
        const found = await chain.block(id)
        return found === undefined ? null : formatBlock(found, full, rules)
      },
    ),
    method(
      'eth_getBlockReceipts',
      { summary: 'All receipts of a block; null where there is no such block.', params: [required('block', blockId)] },
      async (id) => {
        const found = await findBlock(chain, id)
        return found === undefined ? null : found.transactions.map((_, index) => formatReceipt(found, index))
      },
    ),
    method(
      'eth_getBlockTransactionCountByNumber',
      { summary: 'Number of transactions in a block, deposits included.', params: [block] },
      async (id) => countOf(await findBlock(chain, id)),
    ),
    method(
      'eth_getBlockTransactionCountByHash',
      { summary: 'Number of transactions in a block, deposits included.', params: [hash] },
      async (id) => countOf(await chain.block(id)),
    ),
    ...uncleMethods(chain),
    ...rawMethods(chain),
  ]
}

function countOf(block: { readonly transactions: readonly unknown[] } | undefined) {
  return block === undefined ? null : toQuantity(block.transactions.length)
}

function uncleMethods(chain: ChainReader): RpcMethod[] {
  const block = required('block', blockNumber)
  const hash = required('blockHash', hash32)
  const index = required('index', safeQuantity)
  const summary = 'There are no uncles on this chain.'
  return [
    method('eth_getUncleCountByBlockNumber', { summary, params: [block] }, async (id) =>
      (await findHeader(chain, id)) === undefined ? null : '0x0',
    ),
    method('eth_getUncleCountByBlockHash', { summary, params: [hash] }, async (id) =>
      (await chain.headerByHash(id)) === undefined ? null : '0x0',
    ),
    method('eth_getUncleByBlockNumberAndIndex', { summary, params: [block, index] }, () => null),
    method('eth_getUncleByBlockHashAndIndex', { summary, params: [hash, index] }, () => null),
  ]
}

function rawMethods(chain: ChainReader): RpcMethod[] {
  const params = [required('block', blockId)] as const
  return [
    method('debug_getRawBlock', { summary: 'A block in RLP.', params }, async (id) => {
      const found = await findBlock(chain, id)
      return found === undefined ? null : bytesToHex(found.rlp)
    }),
    method('debug_getRawHeader', { summary: "A block's header in RLP.", params }, async (id) => {
      const found = await findHeader(chain, id)
      return found === undefined ? null : bytesToHex(found.header.serialize())
    }),
  ]
}
