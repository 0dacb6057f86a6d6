import { Account } from '@ethereumjs/util'
import { bytesEqual } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { isDelegation } from './authorizations.ts'
import type { BlockMachine } from './block-machine.ts'
import type { SequencedTransaction } from './decode-transaction.ts'
import { minimumGas } from './intrinsic-gas.ts'
import { EMPTY_CODE_HASH } from './state.ts'

const MAX_NONCE = 2n ** 64n - 1n

/**
 * Whether a transaction may run now: Ethereum's validity rules against the block and the sender. Changes nothing.
 * Cost: one account read, and its code if it has some.
 * @throws InvalidError `GasLimitExceedsBlock`, `IntrinsicGasTooLow`, `FeeCapTooLow`, `NonceTooLow`, `NonceTooHigh`,
 * `SenderNotEoa`, `InsufficientFunds`.
 */
export async function checkTransaction(machine: BlockMachine, transaction: SequencedTransaction): Promise<void> {
  checkAgainstBlock(machine, transaction)
  checkIntrinsicGas(transaction)
  const sender = (await machine.state.getAccount(transaction.from)) ?? new Account()
  checkNonce(transaction, sender.nonce)
  await checkSenderCode(machine, transaction, sender)
  checkFunds(transaction, sender.balance)
}

function checkAgainstBlock({ header }: BlockMachine, transaction: SequencedTransaction): void {
  if (transaction.gasLimit > header.gasLimit) {
    throw new InvalidError(
      'GasLimitExceedsBlock',
      `gas limit ${transaction.gasLimit} is above the block's ${header.gasLimit}`,
    )
  }
  const baseFee = header.baseFeePerGas ?? 0n
  if (transaction.maxFeePerGas < baseFee) {
    throw new InvalidError(
      'FeeCapTooLow',
      `max fee per gas ${transaction.maxFeePerGas} is below the base fee ${baseFee}`,
    )
  }
}

function checkIntrinsicGas(transaction: SequencedTransaction): void {
  const minimum = minimumGas({ ...transaction, isCreation: transaction.to === undefined })
  if (transaction.gasLimit < minimum) {
    throw new InvalidError('IntrinsicGasTooLow', `gas limit ${transaction.gasLimit} is below the minimum ${minimum}`)
  }
}

function checkNonce({ nonce }: SequencedTransaction, expected: bigint): void {
  if (nonce < expected) throw new InvalidError('NonceTooLow', `nonce ${nonce}; the sender's next is ${expected}`)
  if (nonce > expected) throw new InvalidError('NonceTooHigh', `nonce ${nonce}; the sender's next is ${expected}`)
  if (nonce >= MAX_NONCE) throw new InvalidError('NonceTooHigh', 'the sender has used its last nonce (EIP-2681)')
}

async function checkSenderCode(machine: BlockMachine, { from }: SequencedTransaction, sender: Account): Promise<void> {
  if (bytesEqual(sender.codeHash, EMPTY_CODE_HASH)) return
  if (isDelegation(await machine.state.getCode(from))) return
  throw new InvalidError('SenderNotEoa', `sender ${from.toString()} is a contract (EIP-3607)`)
}

function checkFunds(transaction: SequencedTransaction, balance: bigint): void {
  const needed = transaction.gasLimit * transaction.maxFeePerGas + transaction.value
  if (balance < needed) {
    throw new InvalidError('InsufficientFunds', `the sender has ${balance} wei of the ${needed} that may be needed`)
  }
}
