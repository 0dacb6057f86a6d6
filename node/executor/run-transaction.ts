import type { EVMResult } from '@ethereumjs/evm'
import { Account, type Address } from '@ethereumjs/util'
import { BugError } from '../protocol/errors.ts'
import { applyAuthorizations } from './authorizations.ts'
import type { BlockMachine } from './block-machine.ts'
import type { SequencedTransaction } from './decode-transaction.ts'
import { intrinsicGas } from './intrinsic-gas.ts'
import { finishTransaction, runMessage, warmAddresses } from './run-message.ts'

/** Outcome of one transaction of either origin. */
export interface TransactionOutcome {
  readonly result: EVMResult
  readonly gasUsed: bigint
  /** Wei per gas that the sender paid. */
  readonly gasPrice: bigint
}

/**
 * Runs one sequenced transaction that passed `checkTransaction` on the machine's state: buy gas, delegate, call, refund, tip
 * (EIP-1559: the base fee is burned, the fee recipient gets the rest). Run it inside {@link BlockMachine.attempt}.
 * @throws InvalidError `InferenceLimit` when its inferences do not fit the block.
 * @throws UnavailableError when inference or content is unavailable.
 */
export async function runTransaction(
  machine: BlockMachine,
  transaction: SequencedTransaction,
): Promise<TransactionOutcome> {
  machine.ledger.beginTransaction('sequenced')
  const baseFee = machine.header.baseFeePerGas ?? 0n
  const gasPrice = effectiveGasPrice(transaction, baseFee)
  await buyGas(machine, transaction, gasPrice)
  warmAddresses(machine, transaction)
  const refund = await applyAuthorizations(machine, transaction.authorizations)
  const { result, gasUsed } = await runMessage(machine, {
    ...transaction,
    intrinsicGas: intrinsicGas({ ...transaction, isCreation: transaction.to === undefined }),
    gasPrice,
    refund,
  })
  await credit(machine, transaction.from, (transaction.gasLimit - gasUsed) * gasPrice)
  await credit(machine, machine.header.coinbase, gasUsed * (gasPrice - baseFee))
  await finishTransaction(machine, result)
  return { result, gasUsed, gasPrice }
}

/** Wei per gas: the base fee plus the tip, as far as the fee cap allows (EIP-1559). */
export function effectiveGasPrice(
  fees: Pick<SequencedTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const capped = baseFee + fees.maxPriorityFeePerGas
  if (capped < fees.maxFeePerGas) return capped
  return fees.maxFeePerGas
}

/** Takes the whole gas limit from the sender and raises its nonce. */
async function buyGas(machine: BlockMachine, transaction: SequencedTransaction, gasPrice: bigint): Promise<void> {
  const sender = (await machine.state.getAccount(transaction.from)) ?? new Account()
  sender.balance -= transaction.gasLimit * gasPrice
  sender.nonce++
  // INVARIANT: the check saw enough wei for the fee cap, which the price does not exceed.
  if (sender.balance < transaction.value) throw new BugError('a checked sender cannot pay its gas')
  await machine.evm.journal.putAccount(transaction.from, sender)
}

/** Adds wei to an account; touches it even when there is nothing to add, as EIP-158 has it. */
async function credit(machine: BlockMachine, address: Address, wei: bigint): Promise<void> {
  const account = (await machine.state.getAccount(address)) ?? new Account()
  account.balance += wei
  await machine.evm.journal.putAccount(address, account)
}
