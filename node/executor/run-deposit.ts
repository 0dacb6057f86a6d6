import { EVMError, type EVMResult } from '@ethereumjs/evm'
import { Account, type Address, createAddressFromString } from '@ethereumjs/util'
import type { DepositTransaction } from '../protocol/deposit-transaction.ts'
import { BugError } from '../protocol/errors.ts'
import type { BlockMachine } from './block-machine.ts'
import { type IntrinsicParts, intrinsicGas, MAX_INITCODE_BYTES, minimumGas } from './intrinsic-gas.ts'
import { finishTransaction, type MessageOutcome, runMessage, warmAddresses } from './run-message.ts'

const MAX_BALANCE = 2n ** 256n - 1n

/** Outcome of a deposit. */
export interface DepositOutcome extends MessageOutcome {
  /** The sender's nonce before the deposit. */
  readonly depositNonce: bigint
}

/**
 * Runs a deposit as the OP Stack does since Regolith: it mints first, pays no fees, needs no valid nonce, and is included
 * whatever happens; when it fails, the mint stays and the nonce goes up all the same. One that cannot start (gas below the
 * intrinsic cost, value above the balance, oversized creation code) uses all its gas. One that asks for more gas than the
 * block has left fails and uses none: L1 meters deposits so that this does not happen.
 * Inferences count against the block's limit; one that does not fit fails like a call without gas.
 * @param blockGasLeft gas not yet used in the block.
 * @throws UnavailableError when inference or content is unavailable.
 */
export async function runDeposit(
  machine: BlockMachine,
  deposit: DepositTransaction,
  blockGasLeft: bigint,
): Promise<DepositOutcome> {
  machine.ledger.beginTransaction('forced')
  const from = createAddressFromString(deposit.from)
  const depositNonce = await mintAndCount(machine, from, deposit.mint)
  if (deposit.gas > blockGasLeft) return { ...failed(0n), depositNonce }
  if (!(await canStart(machine, from, deposit))) return { ...failed(deposit.gas), depositNonce }
  const to = deposit.to === null ? undefined : createAddressFromString(deposit.to)
  warmAddresses(machine, { from, to, accessList: [] })
  const outcome = await runMessage(machine, {
    from,
    to,
    value: deposit.value,
    data: deposit.data,
    gasLimit: deposit.gas,
    intrinsicGas: intrinsicGas(intrinsicPartsOf(deposit)),
    gasPrice: 0n,
    accessList: [],
    refund: 0n,
  })
  await finishTransaction(machine, outcome.result)
  return { ...outcome, depositNonce }
}

/** Adds the mint to the sender and raises its nonce; both stay whatever follows. @returns the nonce before. */
async function mintAndCount(machine: BlockMachine, from: Address, mint: bigint): Promise<bigint> {
  const sender = (await machine.state.getAccount(from)) ?? new Account()
  const { nonce } = sender
  sender.balance += mint
  // INVARIANT: minted wei is locked on L1, where less than 2^256 exist.
  if (sender.balance > MAX_BALANCE) throw new BugError('a deposit mints more wei than L1 has')
  sender.nonce++
  await machine.state.putAccount(from, sender)
  return nonce
}

async function canStart(machine: BlockMachine, from: Address, deposit: DepositTransaction): Promise<boolean> {
  if (deposit.to === null && deposit.data.length > MAX_INITCODE_BYTES) return false
  if (deposit.gas < minimumGas(intrinsicPartsOf(deposit))) return false
  const sender = (await machine.state.getAccount(from)) ?? new Account()
  return sender.balance >= deposit.value
}

function intrinsicPartsOf({ to, data }: DepositTransaction): IntrinsicParts {
  return { isCreation: to === null, data, accessList: [], authorizations: [] }
}

function failed(gasUsed: bigint): MessageOutcome {
  const result: EVMResult = {
    execResult: {
      executionGasUsed: gasUsed,
      returnValue: new Uint8Array(0),
      exceptionError: new EVMError(EVMError.errorMessages.INSUFFICIENT_BALANCE),
    },
  }
  return { result, gasUsed }
}
