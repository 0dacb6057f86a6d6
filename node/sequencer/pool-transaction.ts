import type { Common } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import { bytesEqual, bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { rlpDepthExceeds } from '../protocol/rlp-depth.ts'

/** Greatest size of a pooled transaction, in bytes (the limit that other Ethereum pools use). */
export const MAX_TRANSACTION_BYTES = 128 * 1024

/** EIP-3860: greatest size of contract creation code, in bytes. */
const MAX_INITCODE_BYTES = 49_152
/** transaction › access list › entry › storage keys. */
const MAX_RLP_DEPTH = 4
const ACCEPTED_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 4])

/** A decoded, signed transaction that passed every check that needs no state. */
export interface PoolTransaction {
  readonly raw: Uint8Array
  readonly hash: Hex
  readonly type: number
  readonly sender: Hex
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Legacy and type 1: the gas price. */
  readonly maxFeePerGasWei: bigint
  /** Legacy and type 1: the gas price. */
  readonly maxPriorityFeePerGasWei: bigint
  /** The most the sender can be charged: gas limit × max fee + value. */
  readonly costWei: bigint
}

/**
 * Decodes an untrusted raw transaction of type 0, 1, 2 or 4 and recovers its sender. Cost: one signature recovery.
 * @throws InvalidError whose message begins with the text that Ethereum nodes use, since wallets match on it:
 * `OversizedData`, `TypeNotSupported`, `TransactionMalformed`, `ChainIdMismatch`, `TipAboveFeeCap`, `InitCodeTooLarge`,
 * `SenderInvalid`, `IntrinsicGasTooLow`.
 */
export function decodePoolTransaction(raw: Uint8Array, common: Common): PoolTransaction {
  const type = checkEnvelope(raw)
  checkFields(raw, type, common.chainId())
  const tx = decodeChecked(raw, common)
  checkInitCode(tx)
  checkIntrinsicGas(tx)
  const { maxFeePerGasWei, maxPriorityFeePerGasWei } = feesOf(tx)
  return {
    raw,
    hash: bytesToHex(tx.hash()),
    type,
    sender: recoverSender(tx),
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    maxFeePerGasWei,
    maxPriorityFeePerGasWei,
    costWei: tx.gasLimit * maxFeePerGasWei + tx.value,
  }
}

/** What a block with `baseFeeWei` pays its producer per gas of this transaction; negative when it cannot be included. */
export function effectiveTipWei(
  transaction: Pick<PoolTransaction, 'maxFeePerGasWei' | 'maxPriorityFeePerGasWei'>,
  baseFeeWei: bigint,
): bigint {
  const room = transaction.maxFeePerGasWei - baseFeeWei
  if (room < transaction.maxPriorityFeePerGasWei) return room
  return transaction.maxPriorityFeePerGasWei
}

function checkEnvelope(raw: Uint8Array): number {
  if (raw.length > MAX_TRANSACTION_BYTES) {
    throw new InvalidError(
      'OversizedData',
      `oversized data: transaction size ${raw.length}, limit ${MAX_TRANSACTION_BYTES}`,
    )
  }
  const first = raw[0]
  if (first === undefined) throw new InvalidError('TransactionMalformed', 'malformed transaction: no bytes')
  const type = first >= 0xc0 ? 0 : first
  if (first === 0 || !ACCEPTED_TYPES.has(type)) {
    throw new InvalidError(
      'TypeNotSupported',
      `transaction type not supported: 0x${first.toString(16)}; send type 0, 1, 2 or 4`,
    )
  }
  return type
}

/** Checks what the transaction library would refuse with words that no wallet knows. */
function checkFields(raw: Uint8Array, type: number, chainId: bigint): void {
  const body = type === 0 ? raw : raw.subarray(1)
  if (rlpDepthExceeds(body, MAX_RLP_DEPTH)) {
    throw new InvalidError('TransactionMalformed', `malformed transaction: lists nested deeper than ${MAX_RLP_DEPTH}`)
  }
  const fields = decodeList(body)
  const declared = type === 0 ? legacyChainId(uintField(fields, 6)) : uintField(fields, 0)
  if (declared !== undefined && declared !== chainId) {
    throw new InvalidError('ChainIdMismatch', `invalid chain id for signer: have ${declared} want ${chainId}`)
  }
  if (type !== 2 && type !== 4) return
  const [tip, feeCap] = [uintField(fields, 2), uintField(fields, 3)]
  if (tip > feeCap) {
    throw new InvalidError(
      'TipAboveFeeCap',
      `max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${feeCap}`,
    )
  }
}

function decodeList(body: Uint8Array): readonly unknown[] {
  try {
    const decoded = RLP.decode(body)
    if (Array.isArray(decoded)) return decoded
  } catch (cause) {
    throw malformed(cause)
  }
  throw new InvalidError('TransactionMalformed', 'malformed transaction: not an RLP list')
}

function uintField(fields: readonly unknown[], index: number): bigint {
  const field = fields[index]
  if (!(field instanceof Uint8Array) || field.length > 32) {
    throw new InvalidError('TransactionMalformed', `malformed transaction: field ${index} is not a 256-bit integer`)
  }
  return field.length === 0 ? 0n : BigInt(bytesToHex(field))
}

/** EIP-155; undefined for a signature that binds no chain. */
function legacyChainId(v: bigint): bigint | undefined {
  return v < 35n ? undefined : (v - 35n) / 2n
}

function decodeChecked(raw: Uint8Array, common: Common): TypedTransaction {
  let tx: TypedTransaction
  try {
    tx = createTxFromRLP(raw, { common })
  } catch (cause) {
    throw malformed(cause)
  }
  if (!tx.isSigned()) throw new InvalidError('SenderInvalid', 'invalid sender: the transaction is not signed')
  if (!bytesEqual(tx.serialize(), raw)) {
    throw new InvalidError('TransactionMalformed', 'malformed transaction: not in canonical encoding')
  }
  return tx
}

function malformed(cause: unknown): InvalidError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new InvalidError('TransactionMalformed', `malformed transaction: ${detail.slice(0, 200)}`, { cause })
}

function checkInitCode(tx: TypedTransaction): void {
  if (!tx.toCreationAddress() || tx.data.length <= MAX_INITCODE_BYTES) return
  throw new InvalidError(
    'InitCodeTooLarge',
    `max initcode size exceeded: code size ${tx.data.length}, limit ${MAX_INITCODE_BYTES}`,
  )
}

function checkIntrinsicGas(tx: TypedTransaction): void {
  const minimum = tx.getMinimumGasLimit()
  if (tx.gasLimit >= minimum) return
  throw new InvalidError('IntrinsicGasTooLow', `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${minimum}`)
}

function recoverSender(tx: TypedTransaction): Hex {
  try {
    return bytesToHex(tx.getSenderAddress().bytes)
  } catch (cause) {
    throw new InvalidError('SenderInvalid', 'invalid sender: the signature recovers no account', { cause })
  }
}

function feesOf(tx: TypedTransaction): Pick<PoolTransaction, 'maxFeePerGasWei' | 'maxPriorityFeePerGasWei'> {
  if ('gasPrice' in tx) return { maxFeePerGasWei: tx.gasPrice, maxPriorityFeePerGasWei: tx.gasPrice }
  return { maxFeePerGasWei: tx.maxFeePerGas, maxPriorityFeePerGasWei: tx.maxPriorityFeePerGas }
}
