import type { EVMResult } from '@ethereumjs/evm'
import { Address } from '@ethereumjs/util'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import type { BlockMachine } from './block-machine.ts'
import type { AccessListEntry } from './decode-transaction.ts'
import { floorGas } from './intrinsic-gas.ts'

/** Refunds are capped at this part of the gas used (EIP-3529). */
const MAX_REFUND_QUOTIENT = 5n

/** A transaction's outermost call or creation, once it is known to be valid and its sender's nonce went up. */
export interface TransactionMessage {
  readonly from: Address
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  readonly gasLimit: bigint
  /** Of `gasLimit`: see {@link intrinsicGas}. */
  readonly intrinsicGas: bigint
  readonly gasPrice: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Refund owed before the call, as of authorizations. */
  readonly refund: bigint
}

/** Outcome of a transaction's message. */
export interface MessageOutcome {
  readonly result: EVMResult
  /** After refunds, and no less than the calldata floor. */
  readonly gasUsed: bigint
}

/**
 * Warms what a transaction starts with (EIP-2929, 2930, 3651). Authorities of type 4 are warmed as they are applied.
 * Cost: one step an entry.
 */
export function warmAddresses(
  machine: BlockMachine,
  message: Pick<TransactionMessage, 'from' | 'to' | 'accessList'>,
): void {
  const { journal, precompiles } = machine.evm
  for (const address of precompiles.keys()) journal.addAlwaysWarmAddress(address)
  journal.addAlwaysWarmAddress(machine.header.coinbase.toString())
  journal.addAlwaysWarmAddress(message.from.toString())
  if (message.to !== undefined) journal.addAlwaysWarmAddress(message.to.toString())
  for (const [addressBytes, slots] of message.accessList) {
    const address = new Address(addressBytes).toString()
    journal.addAlwaysWarmAddress(address)
    for (const slot of slots) journal.addAlwaysWarmSlot(address, bytesToHex(slot))
  }
}

/**
 * Runs the message, then settles gas: refunds up to a fifth, calldata floor (EIP-3529, 7623). Fees are the caller's business,
 * and so is {@link finishTransaction}. Cost: what the EVM does.
 */
export async function runMessage(machine: BlockMachine, message: TransactionMessage): Promise<MessageOutcome> {
  const { from, to, value, data, gasPrice } = message
  const result = await machine.evm.runCall({
    block: { header: machine.header },
    caller: from,
    gasLimit: message.gasLimit - message.intrinsicGas,
    gasPrice,
    value,
    data,
    skipNonceIncrement: true,
    ...(to === undefined ? {} : { to }),
  })
  const spent = message.intrinsicGas + result.execResult.executionGasUsed
  const refund = message.refund + (result.execResult.gasRefund ?? 0n)
  const cap = spent / MAX_REFUND_QUOTIENT
  const used = spent - (refund < cap ? refund : cap)
  const floor = floorGas(data)
  return { result, gasUsed: used > floor ? used : floor }
}

/** Removes contracts that were created and destroyed within the transaction (EIP-6780), and touched empty accounts (EIP-158). */
export async function finishTransaction(machine: BlockMachine, result: EVMResult): Promise<void> {
  const { evm, state } = machine
  const created = result.execResult.createdAddresses ?? new Set()
  for (const address of result.execResult.selfdestruct?.keys() ?? []) {
    if (created.has(address)) await evm.journal.deleteAccount(new Address(hexToBytes(address)))
  }
  await evm.journal.cleanup()
  state.originalStorageCache.clear()
}
