import type { Common } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { decodeTransaction, MAX_TRANSACTION_BYTES, type SequencedTransaction } from '../executor/decode-transaction.ts'
import { floorGas, intrinsicGas, MAX_INITCODE_BYTES } from '../executor/intrinsic-gas.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { rlpDepthExceeds } from '../protocol/rlp-depth.ts'

/** transaction › access list › entry › storage keys. */
const MAX_RLP_DEPTH = 4
const ACCEPTED_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 4])

/** A decoded, signed transaction that passed every check that needs no state. Amounts are in wei. */
export interface PoolTransaction {
  readonly raw: Uint8Array
  readonly hash: Hex
  readonly type: number
  readonly sender: Hex
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Legacy and type 1: the gas price, like the priority fee. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** The most the sender can be charged: gas limit × max fee + value. */
  readonly cost: bigint
}

/**
 * Decodes an untrusted raw transaction of type 0, 1, 2 or 4 and recovers its sender. Cost: one signature recovery.
 * @throws InvalidError whose message begins with the text that Ethereum nodes use, since wallets match on it:
 * `OversizedData`, `TypeNotSupported`, `TransactionMalformed`, `ChainIdMismatch`, `TipAboveFeeCap`, `InitCodeTooLarge`,
 * `SignatureInvalid`, `IntrinsicGasTooLow`.
 */
export function decodePoolTransaction(raw: Uint8Array, rules: Common): PoolTransaction {
  const type = checkEnvelope(raw)
  checkFields(raw, type, rules.chainId())
  const transaction = decodeTransaction(raw, rules)
  checkInitCode(transaction)
  checkIntrinsicGas(transaction)
  const { hash, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transaction
  const sender = bytesToHex(transaction.from.bytes)
  const cost = gasLimit * maxFeePerGas + transaction.value
  return { raw, hash, type, sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, cost }
}

/** What a block with this base fee pays its producer per gas of a transaction; negative when it cannot be included. */
export function effectiveTip(
  transaction: Pick<PoolTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const room = transaction.maxFeePerGas - baseFee
  if (room < transaction.maxPriorityFeePerGas) return room
  return transaction.maxPriorityFeePerGas
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
  const fields = decodeList(type === 0 ? raw : raw.subarray(1))
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
  if (rlpDepthExceeds(body, MAX_RLP_DEPTH)) throw malformed(`lists nested deeper than ${MAX_RLP_DEPTH}`)
  let decoded: unknown
  try {
    decoded = RLP.decode(body)
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : 'not RLP', cause)
  }
  if (!Array.isArray(decoded)) throw malformed('not an RLP list')
  return decoded
}

function uintField(fields: readonly unknown[], index: number): bigint {
  const field = fields[index]
  if (!(field instanceof Uint8Array) || field.length > 32) throw malformed(`field ${index} is not a 256-bit integer`)
  return field.length === 0 ? 0n : BigInt(bytesToHex(field))
}

/** EIP-155; undefined for a signature that binds no chain. */
function legacyChainId(v: bigint): bigint | undefined {
  return v < 35n ? undefined : (v - 35n) / 2n
}

function malformed(why: string, cause?: unknown): InvalidError {
  return new InvalidError('TransactionMalformed', `malformed transaction: ${why}`, { cause })
}

function checkInitCode({ to, data }: SequencedTransaction): void {
  if (to !== undefined || data.length <= MAX_INITCODE_BYTES) return
  throw new InvalidError(
    'InitCodeTooLarge',
    `max initcode size exceeded: code size ${data.length}, limit ${MAX_INITCODE_BYTES}`,
  )
}

function checkIntrinsicGas(transaction: SequencedTransaction): void {
  const { gasLimit, data, to, accessList, authorizations } = transaction
  const intrinsic = intrinsicGas({ isCreation: to === undefined, data, accessList, authorizations })
  const floor = floorGas(data)
  for (const minimum of [intrinsic, floor]) {
    if (gasLimit >= minimum) continue
    throw new InvalidError('IntrinsicGasTooLow', `intrinsic gas too low: gas ${gasLimit}, minimum needed ${minimum}`)
  }
}
