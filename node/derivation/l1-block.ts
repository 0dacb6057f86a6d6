import type { Hex } from '../protocol/bytes.ts'

/** Names one L1 block and its place. */
export interface L1BlockRef {
  readonly hash: Hex
  readonly number: number
  readonly parentHash: Hex
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
}

/** What the L2 chain reads from an L1 header. */
export interface L1BlockInfo extends L1BlockRef {
  readonly baseFeeWei: bigint
  /** Price of one unit of blob gas in this block; see {@link blobBaseFeeWei}. */
  readonly blobBaseFeeWei: bigint
  /** The header's mixHash. */
  readonly prevRandao: Hex
  /** 32 zero bytes where the L1 has none. */
  readonly parentBeaconBlockRoot: Hex
}

/** One event log of a successful L1 transaction. */
export interface L1Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Uint8Array
  /** Position of the log in its block, over all transactions. */
  readonly logIndex: number
}

/** An L1 block as the origin of an epoch: its header and the logs of the deposit contract, in order. */
export interface L1Origin {
  readonly info: L1BlockInfo
  readonly depositLogs: readonly L1Log[]
}

/** All that derivation needs of one L1 block. */
export interface L1BlockData extends L1Origin {
  /**
   * What the batcher sent to the inbox in this block, in transaction order: the call data of a plain transaction, the
   * decoded payload of each blob of a blob transaction. The bytes are untrusted.
   */
  readonly batcherData: readonly Uint8Array[]
}

/** Least price of blob gas (EIP-4844 MIN_BASE_FEE_PER_BLOB_GAS). */
const MIN_BLOB_BASE_FEE_WEI = 1n
/** EIP-7892 blob schedule, BPO2: how fast the blob price follows the excess. */
const BLOB_BASE_FEE_UPDATE_FRACTION = 11_684_671n

/**
 * Price of blob gas in wei, from the excess blob gas of an L1 header (EIP-4844 `fake_exponential`).
 * Cost: about excess / fraction rounds.
 */
export function blobBaseFeeWei(excessBlobGas: bigint): bigint {
  let sum = 0n
  let term = MIN_BLOB_BASE_FEE_WEI * BLOB_BASE_FEE_UPDATE_FRACTION
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * excessBlobGas) / (BLOB_BASE_FEE_UPDATE_FRACTION * i)
  }
  return sum / BLOB_BASE_FEE_UPDATE_FRACTION
}
