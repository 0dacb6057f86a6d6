import type { Common } from '@ethereumjs/common'
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import type { ExecutedBlock, ExecutedTransaction } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE, decodeDeposit } from '../protocol/deposit-transaction.ts'
import { toQuantity } from './quantity.ts'

/** A JSON-RPC object. */
export type RpcObject = Readonly<Record<string, unknown>>

/** A transaction that is in no block yet. */
export interface PendingTransaction {
  readonly raw: Uint8Array
  readonly hash: Hex
  readonly sender: Hex
}

/** Transaction `index` of a block, as `eth_getTransactionByHash` returns it. */
export function formatTransaction(block: ExecutedBlock, index: number, rules: Common): RpcObject {
  const executed = block.transactions[index] as ExecutedTransaction
  const place = {
    blockHash: block.hash,
    blockNumber: toQuantity(block.number),
    transactionIndex: toQuantity(index),
    from: executed.from,
    hash: executed.hash,
  }
  if (executed.type === DEPOSIT_TYPE) return { ...place, ...depositFields(executed) }
  const tx = createTxFromRLP(executed.raw, { common: rules })
  return { ...place, ...signedFields(tx), gasPrice: toQuantity(executed.effectiveGasPriceWei) }
}

/** A pooled transaction; its place is null. */
export function formatPending(pending: PendingTransaction, rules: Common): RpcObject {
  const tx = createTxFromRLP(pending.raw, { common: rules })
  const place = { blockHash: null, blockNumber: null, transactionIndex: null }
  return { ...place, from: pending.sender, hash: pending.hash, ...signedFields(tx) }
}

/** Fields that op-geth gives a 0x7e transaction. */
function depositFields({ raw, depositNonce }: ExecutedTransaction): RpcObject {
  const deposit = decodeDeposit(raw)
  return {
    type: '0x7e',
    sourceHash: deposit.sourceHash,
    mint: toQuantity(deposit.mint),
    isSystemTx: deposit.isSystem,
    depositReceiptVersion: '0x1',
    nonce: toQuantity(depositNonce ?? 0n),
    to: deposit.to,
    value: toQuantity(deposit.value),
    gas: toQuantity(deposit.gas),
    gasPrice: '0x0',
    input: bytesToHex(deposit.data),
    v: '0x0',
    r: '0x0',
    s: '0x0',
  }
}

function signedFields(tx: TypedTransaction): RpcObject {
  return {
    type: toQuantity(tx.type),
    nonce: toQuantity(tx.nonce),
    to: tx.to?.toString() ?? null,
    value: toQuantity(tx.value),
    gas: toQuantity(tx.gasLimit),
    input: bytesToHex(tx.data),
    ...feeFields(tx),
    ...typedFields(tx),
    v: toQuantity(tx.v ?? 0n),
    r: toQuantity(tx.r ?? 0n),
    s: toQuantity(tx.s ?? 0n),
  }
}

function feeFields(tx: TypedTransaction): RpcObject {
  if ('gasPrice' in tx) return { gasPrice: toQuantity(tx.gasPrice) }
  return {
    gasPrice: toQuantity(tx.maxFeePerGas),
    maxFeePerGas: toQuantity(tx.maxFeePerGas),
    maxPriorityFeePerGas: toQuantity(tx.maxPriorityFeePerGas),
  }
}

function typedFields(tx: TypedTransaction): RpcObject {
  if (tx.type === 0) return legacyChainId(tx.v ?? 0n)
  const { accessList, authorizationList, chainId } = tx.toJSON()
  return {
    chainId,
    yParity: toQuantity(tx.v ?? 0n),
    accessList: accessList ?? [],
    ...(authorizationList === undefined ? {} : { authorizationList: authorizationList.map(unpadded) }),
  }
}

/** EIP-155; signatures that bind no chain have no chain id. */
function legacyChainId(v: bigint): RpcObject {
  return v < 35n ? {} : { chainId: toQuantity((v - 35n) / 2n) }
}

function unpadded(item: { chainId: Hex; address: Hex; nonce: Hex; yParity: Hex; r: Hex; s: Hex }): RpcObject {
  const quantity = (hex: Hex) => toQuantity(BigInt(hex === '0x' ? 0 : hex))
  const { chainId, address, nonce, yParity, r, s } = item
  return {
    chainId: quantity(chainId),
    address,
    nonce: quantity(nonce),
    yParity: quantity(yParity),
    r: quantity(r),
    s: quantity(s),
  }
}
