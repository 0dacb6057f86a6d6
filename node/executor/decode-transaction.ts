import type { Common } from '@ethereumjs/common'
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import type { Address } from '@ethereumjs/util'
import { bytesEqual, bytesToHex, type Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import { InvalidError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { rlpDepthExceeds } from '../protocol/rlp-depth.ts'

/** Greatest size of a sequenced transaction in bytes: larger ones are invalid in any block. */
export const MAX_TRANSACTION_BYTES: number = 128 * 1024

/** transaction › access list › entry › storage keys: no valid transaction nests deeper. */
const MAX_RLP_DEPTH = 4
const BLOB_TYPE = 3

/** One EIP-7702 authorization: chain id, address, nonce, y parity, r, s. */
export type Authorization = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]

/** One EIP-2930 entry: an address and its 32-byte slots. */
export type AccessListEntry = readonly [Uint8Array, readonly Uint8Array[]]

/** A signed transaction of type 0, 1, 2 or 4, decoded, its sender recovered. Amounts are in wei. */
export interface SequencedTransaction {
  readonly raw: Uint8Array
  readonly hash: Hex
  readonly type: number
  readonly from: Address
  readonly to: Address | undefined
  readonly nonce: bigint
  readonly gasLimit: bigint
  readonly value: bigint
  readonly data: Uint8Array
  /** Types 0 and 1: the gas price, like the priority fee. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  readonly authorizations: readonly Authorization[]
}

/**
 * Decodes one raw transaction strictly: a transaction has one encoding. Cost: one signature recovery.
 * @throws InvalidError `TransactionTooLarge`, `BlobTransaction`, `DepositNotForced`, `TransactionMalformed`, `SignatureInvalid`.
 */
export function decodeTransaction(raw: Uint8Array, rules: Common): SequencedTransaction {
  requireEnvelope(raw)
  const tx = parse(raw, rules)
  return {
    raw,
    hash: bytesToHex(keccak256(raw)),
    type: tx.type,
    from: recoverSender(tx),
    to: tx.to,
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    value: tx.value,
    data: tx.data,
    maxFeePerGas: 'maxFeePerGas' in tx ? tx.maxFeePerGas : tx.gasPrice,
    maxPriorityFeePerGas: 'maxPriorityFeePerGas' in tx ? tx.maxPriorityFeePerGas : tx.gasPrice,
    accessList: 'accessList' in tx ? tx.accessList : [],
    authorizations: 'authorizationList' in tx ? tx.authorizationList : [],
  }
}

function requireEnvelope(raw: Uint8Array): void {
  if (raw.length > MAX_TRANSACTION_BYTES) {
    throw new InvalidError(
      'TransactionTooLarge',
      `${raw.length} bytes; a transaction has ${MAX_TRANSACTION_BYTES} at most`,
    )
  }
  if (raw[0] === BLOB_TYPE) {
    throw new InvalidError('BlobTransaction', 'type 3 (blob) transactions belong on L1; send type 0, 1, 2 or 4')
  }
  if (raw[0] === DEPOSIT_TYPE) {
    throw new InvalidError('DepositNotForced', 'type 0x7e (deposit) transactions come from L1 only')
  }
  const body = (raw[0] ?? 0) < 0xc0 ? raw.subarray(1) : raw
  if (rlpDepthExceeds(body, MAX_RLP_DEPTH)) {
    throw new InvalidError('TransactionMalformed', `malformed transaction: lists nest deeper than ${MAX_RLP_DEPTH}`)
  }
}

function parse(raw: Uint8Array, rules: Common): TypedTransaction {
  let tx: TypedTransaction
  let canonical: Uint8Array
  try {
    tx = createTxFromRLP(raw, { common: rules })
    canonical = tx.serialize()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidError('TransactionMalformed', `malformed transaction: ${reason}`, { cause })
  }
  if (!bytesEqual(canonical, raw)) {
    throw new InvalidError('TransactionMalformed', 'malformed transaction: not in its canonical encoding')
  }
  return tx
}

function recoverSender(tx: TypedTransaction): Address {
  try {
    return tx.getSenderAddress()
  } catch (cause) {
    throw new InvalidError('SignatureInvalid', 'the signature recovers to no sender', { cause })
  }
}
