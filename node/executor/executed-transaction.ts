import type { Log } from '@ethereumjs/evm'
import { type Address, bigIntToUnpaddedBytes, generateAddress } from '@ethereumjs/util'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE, type DepositTransaction } from '../protocol/deposit-transaction.ts'
import { keccak256 } from '../protocol/keccak.ts'
import type { SequencedTransaction } from './decode-transaction.ts'
import type { ExecutedLog, ExecutedTransaction } from './execution.ts'
import type { DepositOutcome } from './run-deposit.ts'
import type { TransactionOutcome } from './run-transaction.ts'

/** Address of the contract that `from` creates with its nonce at `nonce`: the last 20 bytes of keccak256(rlp([from, nonce])). */
export function createdAddress(from: Address, nonce: bigint): Hex {
  return bytesToHex(generateAddress(from.bytes, bigIntToUnpaddedBytes(nonce)))
}

/** EVM logs as plain data. */
export function executedLogs(logs: readonly Log[] | undefined): ExecutedLog[] {
  return (logs ?? []).map(([address, topics, data]) => ({
    address: bytesToHex(address),
    topics: topics.map(bytesToHex),
    data: bytesToHex(data),
  }))
}

/** A sequenced transaction with its outcome. @param gasBefore gas used in the block before it. */
export function describeTransaction(
  transaction: SequencedTransaction,
  outcome: TransactionOutcome,
  gasBefore: bigint,
): ExecutedTransaction {
  const { raw, hash, type, from, to, nonce } = transaction
  return {
    raw,
    hash,
    type,
    from: from.toString(),
    to: to === undefined ? null : to.toString(),
    contractAddress: to === undefined ? createdAddress(from, nonce) : null,
    success: outcome.result.execResult.exceptionError === undefined,
    gasUsed: outcome.gasUsed,
    cumulativeGasUsed: gasBefore + outcome.gasUsed,
    effectiveGasPriceWei: outcome.gasPrice,
    logs: executedLogs(outcome.result.execResult.logs),
    depositNonce: null,
  }
}

/** A deposit with its outcome. @param gasBefore gas used in the block before it. */
export function describeDeposit(
  raw: Uint8Array,
  deposit: DepositTransaction,
  from: Address,
  outcome: DepositOutcome,
  gasBefore: bigint,
): ExecutedTransaction {
  return {
    raw,
    hash: bytesToHex(keccak256(raw)),
    type: DEPOSIT_TYPE,
    from: deposit.from,
    to: deposit.to,
    contractAddress: deposit.to === null ? createdAddress(from, outcome.depositNonce) : null,
    success: outcome.result.execResult.exceptionError === undefined,
    gasUsed: outcome.gasUsed,
    cumulativeGasUsed: gasBefore + outcome.gasUsed,
    effectiveGasPriceWei: 0n,
    logs: executedLogs(outcome.result.execResult.logs),
    depositNonce: outcome.depositNonce,
  }
}
