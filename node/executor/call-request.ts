import type { Hex } from '../protocol/bytes.ts'
import type { AccessListEntry, Authorization } from './decode-transaction.ts'
import type { ExecutedLog, InferenceRecord } from './execution.ts'

/** Replaces parts of an account before a call (`eth_call`'s third parameter). */
export interface AccountOverride {
  readonly balanceWei?: bigint
  readonly nonce?: bigint
  readonly code?: Uint8Array
  /** All of the account's storage: 32-byte slot → 32-byte value. */
  readonly state?: Readonly<Record<Hex, Hex>>
  /** Slots on top of the account's storage. */
  readonly stateDiff?: Readonly<Record<Hex, Hex>>
}

/** Replaces fields of the block that a call sees (`eth_call`'s fourth parameter). */
export interface BlockOverride {
  readonly number?: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Hex
  readonly prevRandao?: Hex
  readonly baseFeeWei?: bigint
}

/** A message to simulate. Nothing needs to be signed; the sender may be a contract. */
export interface CallRequest {
  /** Default: the zero address. */
  readonly from?: Hex
  /** Absent or null: contract creation. */
  readonly to?: Hex | null
  readonly data?: Uint8Array
  readonly value?: bigint
  /** Default, and greatest: the gas limit of the block that the call follows. */
  readonly gas?: bigint
  /** Wei per gas. When the price is zero, so is the base fee, and nothing is charged. */
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizations?: readonly Authorization[]
  readonly stateOverrides?: Readonly<Record<Hex, AccountOverride>>
  readonly blockOverrides?: BlockOverride
}

/** Why a simulated call failed. `halted`: any exception other than the named ones; `reason` is the EVM's word for it. */
export type CallFailure =
  | { readonly kind: 'reverted' }
  | { readonly kind: 'out-of-gas' }
  | { readonly kind: 'intrinsic-gas'; readonly minimum: bigint }
  | { readonly kind: 'halted'; readonly reason: string }

/** Outcome of a simulated call. */
export interface CallResult {
  /** Absent on success. */
  readonly failure: CallFailure | null
  /** Return data, revert data, or the created contract's code. */
  readonly returnData: Uint8Array
  /** As the transaction's receipt would show it. */
  readonly gasUsed: bigint
  readonly logs: readonly ExecutedLog[]
  /** Inferences that the call ran; they are in no block's log. */
  readonly inferences: readonly InferenceRecord[]
}
