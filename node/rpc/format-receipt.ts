import type { ExecutedBlock, ExecutedTransaction } from '../executor/execution.ts'
import { DEPOSIT_RECEIPT_VERSION, logsBloom } from '../executor/receipt.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import type { RpcObject } from './format-transaction.ts'
import { toQuantity } from './quantity.ts'

/** A log with its place in the chain, as `eth_getLogs` returns it. */
export interface RpcLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockHash: Hex
  readonly blockNumber: Hex
  readonly blockTimestamp: Hex
  readonly transactionHash: Hex
  readonly transactionIndex: Hex
  readonly logIndex: Hex
  readonly removed: boolean
}

/** Receipt of transaction `index` of a block. Cost: one pass over the logs before it. */
export function formatReceipt(block: ExecutedBlock, index: number): RpcObject {
  const executed = block.transactions[index] as ExecutedTransaction
  return {
    type: toQuantity(executed.type),
    status: executed.success ? '0x1' : '0x0',
    transactionHash: executed.hash,
    transactionIndex: toQuantity(index),
    blockHash: block.hash,
    blockNumber: toQuantity(block.number),
    from: executed.from,
    to: executed.to,
    contractAddress: executed.contractAddress,
    cumulativeGasUsed: toQuantity(executed.cumulativeGasUsed),
    gasUsed: toQuantity(executed.gasUsed),
    effectiveGasPrice: toQuantity(executed.effectiveGasPriceWei),
    logs: formatLogs(block, index, firstLogIndex(block, index)),
    logsBloom: bytesToHex(logsBloom(executed.logs)),
    ...(executed.type === DEPOSIT_TYPE ? depositFields(executed) : {}),
  }
}

/** All logs of a block, in order. */
export function blockLogs(block: ExecutedBlock): RpcLog[] {
  const logs: RpcLog[] = []
  for (const index of block.transactions.keys()) logs.push(...formatLogs(block, index, logs.length))
  return logs
}

function formatLogs(block: ExecutedBlock, index: number, firstIndex: number): RpcLog[] {
  const { logs, hash } = block.transactions[index] as ExecutedTransaction
  return logs.map(({ address, topics, data }, i) => ({
    address,
    topics,
    data,
    blockHash: block.hash,
    blockNumber: toQuantity(block.number),
    blockTimestamp: toQuantity(block.header.timestamp),
    transactionHash: hash,
    transactionIndex: toQuantity(index),
    logIndex: toQuantity(firstIndex + i),
    removed: false,
  }))
}

function firstLogIndex(block: ExecutedBlock, index: number): number {
  return block.transactions.slice(0, index).reduce((sum, { logs }) => sum + logs.length, 0)
}

function depositFields({ depositNonce }: ExecutedTransaction): RpcObject {
  return { depositNonce: toQuantity(depositNonce ?? 0n), depositReceiptVersion: toQuantity(DEPOSIT_RECEIPT_VERSION) }
}
