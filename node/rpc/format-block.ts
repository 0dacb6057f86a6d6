import type { BlockHeader } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { formatTransaction, type RpcObject } from './format-transaction.ts'
import { optionalQuantity, toQuantity } from './quantity.ts'

/** A block as `eth_getBlockByHash` returns it, with whole transactions or their hashes. */
export function formatBlock(block: ExecutedBlock, withTransactions: boolean, rules: Common): RpcObject {
  return {
    ...formatHeader(block.header, block.hash),
    size: toQuantity(block.rlp.length),
    transactions: block.transactions.map(({ hash }, i) =>
      withTransactions ? formatTransaction(block, i, rules) : hash,
    ),
    uncles: [],
    withdrawals: [],
  }
}

function formatHeader(header: BlockHeader, hash: Hex): RpcObject {
  return {
    hash,
    number: toQuantity(header.number),
    parentHash: bytesToHex(header.parentHash),
    sha3Uncles: bytesToHex(header.uncleHash),
    miner: header.coinbase.toString(),
    stateRoot: bytesToHex(header.stateRoot),
    transactionsRoot: bytesToHex(header.transactionsTrie),
    receiptsRoot: bytesToHex(header.receiptTrie),
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: '0x0',
    totalDifficulty: '0x0',
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: bytesToHex(header.mixHash),
    nonce: bytesToHex(header.nonce),
    baseFeePerGas: toQuantity(header.baseFeePerGas ?? 0n),
    withdrawalsRoot: optionalHex(header.withdrawalsRoot),
    blobGasUsed: optionalQuantity(header.blobGasUsed),
    excessBlobGas: optionalQuantity(header.excessBlobGas),
    parentBeaconBlockRoot: optionalHex(header.parentBeaconBlockRoot),
    requestsHash: optionalHex(header.requestsHash),
  }
}

function optionalHex(bytes: Uint8Array | undefined): Hex | undefined {
  return bytes === undefined ? undefined : bytesToHex(bytes)
}
