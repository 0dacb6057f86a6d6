import type { BlockHeader } from '@ethereumjs/block'
import type { CustomCrypto } from '@ethereumjs/common'
import type { Hex } from '../protocol/bytes.ts'
import type { ContentStore } from '../protocol/content-store.ts'
import type { InvalidError } from '../protocol/errors.ts'
import type { Infer } from '../protocol/model-manifest.ts'

/** What the state transition is given from outside. Everything else it computes. */
export interface ExecutionDeps {
  readonly content: ContentStore
  readonly infer: Infer
  /** Faster equals of the library's plain cryptography (signature recovery, hashing); they must give the same results. */
  readonly crypto?: CustomCrypto
}

/** What a block is built from besides its sequenced transactions; a pure function of L1 and the block's place in its epoch. */
export interface BlockAttributes {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly gasLimit: number
  readonly feeRecipient: Hex
  readonly prevRandao: Hex
  readonly parentBeaconBlockRoot: Hex
  /** Raw 0x7e transactions that open the block: the L1 attributes transaction, then the epoch's user deposits. */
  readonly forcedTransactions: readonly Uint8Array[]
}

/** One entry of a block's inference log. */
export interface InferenceRecord {
  readonly modelId: Hex
  readonly inputRoot: Hex
  readonly outputRoot: Hex
}

/** One EVM log. */
export interface ExecutedLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** Outcome of one transaction of a block, in block order. */
export interface ExecutedTransaction {
  readonly raw: Uint8Array
  readonly hash: Hex
  /** EIP-2718 type; 0x7e for deposits. */
  readonly type: number
  readonly from: Hex
  readonly to: Hex | null
  readonly contractAddress: Hex | null
  readonly success: boolean
  readonly gasUsed: bigint
  readonly cumulativeGasUsed: bigint
  readonly effectiveGasPriceWei: bigint
  readonly logs: readonly ExecutedLog[]
  /** Deposits only: the sender's nonce before execution. */
  readonly depositNonce: bigint | null
}

/** A sealed block. `rlp` is the standard Ethereum block encoding; its transactions may be of type 0x7e. */
export interface ExecutedBlock {
  readonly number: number
  readonly hash: Hex
  readonly header: BlockHeader
  readonly rlp: Uint8Array
  readonly transactions: readonly ExecutedTransaction[]
  /** Distinct inferences in order of first execution. */
  readonly inferences: readonly InferenceRecord[]
}

/** Why a transaction was not taken: the pool drops it (`InvalidError`), or the block has no room left for it (`'block-full'`). */
export type InclusionVerdict =
  | { readonly included: true; readonly transaction: ExecutedTransaction }
  | { readonly included: false; readonly reason: InvalidError | 'block-full' }

/** Builds one block: forced transactions ran at creation, sequenced ones are tried one by one. */
export interface BlockBuilder {
  readonly gasLeft: bigint
  /** Runs a raw transaction; one that is not included leaves no trace. @throws UnavailableError when inference is unavailable. */
  tryTransaction(raw: Uint8Array): Promise<InclusionVerdict>
  seal(): Promise<ExecutedBlock>
}
