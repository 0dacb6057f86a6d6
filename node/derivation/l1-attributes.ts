import { bytesToHex, bytesToUint, concatBytes, type Hex, hexToBytes, uintToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { L1_ATTRIBUTES_DEPOSITOR, L1_BLOCK } from '../protocol/constants.ts'
import { decodeDeposit, encodeDeposit, l1InfoSourceHash } from '../protocol/deposit-transaction.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { L1BlockInfo } from './l1-block.ts'

/** Gas limit of the L1 attributes transaction (OP Stack RegolithSystemTxGas). */
export const L1_ATTRIBUTES_GAS = 1_000_000n
/** Selector of `setL1BlockValuesEcotone()`. */
const SELECTOR: Hex = '0x440a5e20'
const CALL_DATA_BYTES = 164
/** Scalars of the L1 data fee. Zero: transactions of this chain pay no fee for L1 data apart from their L2 gas. */
const BASE_FEE_SCALAR = 0
const BLOB_BASE_FEE_SCALAR = 0

/** What an L2 block says about its L1 origin. */
export interface L1Attributes {
  readonly l1Origin: { readonly hash: Hex; readonly number: number }
  /** Seconds since the Unix epoch, of the L1 origin. */
  readonly l1Timestamp: number
  /** Position of the L2 block in its epoch, from 0. */
  readonly sequenceNumber: number
}

/**
 * The raw deposit transaction that opens every L2 block and tells it its L1 origin (OP Stack Ecotone L1 attributes):
 * packed call data selector ‖ baseFeeScalar u32 ‖ blobBaseFeeScalar u32 ‖ sequenceNumber u64 ‖ timestamp u64 ‖ number u64 ‖
 * baseFee u256 ‖ blobBaseFee u256 ‖ hash ‖ batcher address left-padded to 32 bytes.
 */
export function l1AttributesTransaction(spec: ChainSpec, l1: L1BlockInfo, sequenceNumber: number): Uint8Array {
  const data = concatBytes(
    hexToBytes(SELECTOR),
    uintToBytes(BASE_FEE_SCALAR, 4),
    uintToBytes(BLOB_BASE_FEE_SCALAR, 4),
    uintToBytes(sequenceNumber, 8),
    uintToBytes(l1.timestamp, 8),
    uintToBytes(l1.number, 8),
    word(l1.baseFeeWei),
    word(l1.blobBaseFeeWei),
    hexToBytes(l1.hash),
    new Uint8Array(12),
    hexToBytes(spec.batcherAddress),
  )
  return encodeDeposit({
    sourceHash: l1InfoSourceHash(l1.hash, sequenceNumber),
    from: L1_ATTRIBUTES_DEPOSITOR,
    to: L1_BLOCK,
    mint: 0n,
    value: 0n,
    gas: L1_ATTRIBUTES_GAS,
    isSystem: false,
    data,
  })
}

/** Reads {@link l1AttributesTransaction} back. @throws InvalidError `L1AttributesMalformed`, `DepositMalformed`. */
export function decodeL1Attributes(raw: Uint8Array): L1Attributes {
  const { from, to, data } = decodeDeposit(raw)
  const isAttributes = from === L1_ATTRIBUTES_DEPOSITOR && to === L1_BLOCK && data.length === CALL_DATA_BYTES
  if (!isAttributes || bytesToHex(data.subarray(0, 4)) !== SELECTOR) {
    throw new InvalidError('L1AttributesMalformed', 'the first transaction of the block is not its L1 attributes')
  }
  return {
    sequenceNumber: uint64(data.subarray(12, 20)),
    l1Timestamp: uint64(data.subarray(20, 28)),
    l1Origin: { number: uint64(data.subarray(28, 36)), hash: bytesToHex(data.subarray(100, 132)) },
  }
}

function word(value: bigint): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)
}

function uint64(bytes: Uint8Array): number {
  if (bytes[0] !== 0 || bytes[1] !== 0) throw new InvalidError('L1AttributesMalformed', 'a value exceeds 48 bits')
  return bytesToUint(bytes.subarray(2))
}
