import type { BlockHeader } from '@ethereumjs/block'
import { type EVMError, EVMError as EvmErrors } from '@ethereumjs/evm'
import { Account, createAddressFromString } from '@ethereumjs/util'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError } from '../protocol/errors.ts'
import { applyAuthorizations } from './authorizations.ts'
import { type BlockMachine, createBlockMachine, type MachineDeps } from './block-machine.ts'
import type { CallFailure, CallRequest, CallResult } from './call-request.ts'
import { executedLogs } from './executed-transaction.ts'
import { intrinsicGas, minimumGas } from './intrinsic-gas.ts'
import { finishTransaction, runMessage, warmAddresses } from './run-message.ts'
import { effectiveGasPrice } from './run-transaction.ts'
import { applyStateOverrides } from './state-overrides.ts'

const ZERO_ADDRESS: Hex = `0x${'00'.repeat(20)}`

/**
 * Runs a message on the state after `header`, in that block's environment, and undoes it: `eth_call`. No signature, nonce or
 * contract-sender check; fees are charged only when the request names a price. Nothing is written or logged anywhere.
 * @throws InvalidError `InsufficientFunds`. @throws UnavailableError when inference or content is unavailable.
 */
export async function simulateCall(
  spec: ChainSpec,
  deps: MachineDeps,
  header: BlockHeader,
  request: CallRequest,
): Promise<CallResult> {
  const machine = await openSimulation(spec, deps, header, request)
  return simulateOn(machine, request, simulationGas(header, request))
}

/** The request's gas, and no more than the block's: gas bounds the work and memory that a stranger's call may take. */
export function simulationGas(header: BlockHeader, { gas }: CallRequest): bigint {
  return gas === undefined || gas > header.gasLimit ? header.gasLimit : gas
}

/** The machine that a request's trials run on, its overrides applied. */
export async function openSimulation(
  spec: ChainSpec,
  deps: MachineDeps,
  header: BlockHeader,
  request: CallRequest,
): Promise<BlockMachine> {
  const block = request.blockOverrides ?? {}
  const isPriced = (request.maxFeePerGas ?? 0n) > 0n
  const machine = await createBlockMachine(spec, deps, header.stateRoot, {
    number: block.number ?? header.number,
    parentHash: header.parentHash,
    timestamp: block.timestamp ?? header.timestamp,
    gasLimit: block.gasLimit ?? header.gasLimit,
    baseFeePerGas: block.baseFeeWei ?? (isPriced ? (header.baseFeePerGas ?? 0n) : 0n),
    coinbase: block.feeRecipient === undefined ? header.coinbase.bytes : hexToBytes(block.feeRecipient),
    prevRandao: block.prevRandao === undefined ? header.mixHash : hexToBytes(block.prevRandao),
  })
  await applyStateOverrides(machine.state, request.stateOverrides ?? {})
  return machine
}

/** Runs a request once with this gas limit and undoes it. */
export function simulateOn(machine: BlockMachine, request: CallRequest, gasLimit: bigint): Promise<CallResult> {
  return machine.trial(() => runRequest(machine, request, gasLimit))
}

async function runRequest(machine: BlockMachine, request: CallRequest, gasLimit: bigint): Promise<CallResult> {
  machine.ledger.beginTransaction('simulated')
  const data = request.data ?? new Uint8Array(0)
  const accessList = request.accessList ?? []
  const authorizations = request.authorizations ?? []
  const from = createAddressFromString(request.from ?? ZERO_ADDRESS)
  const to = request.to === undefined || request.to === null ? undefined : createAddressFromString(request.to)
  const parts = { isCreation: to === undefined, data, accessList, authorizations }
  const minimum = minimumGas(parts)
  if (gasLimit < minimum) return tooLittleGas(minimum)
  const gasPrice = await startSender(machine, request, gasLimit)
  warmAddresses(machine, { from, to, accessList })
  const refund = await applyAuthorizations(machine, authorizations)
  const { result, gasUsed } = await runMessage(machine, {
    from,
    to,
    value: request.value ?? 0n,
    data,
    gasLimit,
    intrinsicGas: intrinsicGas(parts),
    gasPrice,
    accessList,
    refund,
  })
  await finishTransaction(machine, result)
  const { exceptionError, returnValue, logs } = result.execResult
  return {
    failure: exceptionError === undefined ? null : describeFailure(exceptionError),
    returnData: returnValue,
    gasUsed,
    logs: executedLogs(logs),
    inferences: machine.ledger.records,
  }
}

/** Charges the gas if it has a price, raises the nonce. @returns the price in wei. @throws InvalidError `InsufficientFunds`. */
async function startSender(machine: BlockMachine, request: CallRequest, gasLimit: bigint): Promise<bigint> {
  const from = createAddressFromString(request.from ?? ZERO_ADDRESS)
  const maxFeePerGas = request.maxFeePerGas ?? 0n
  const gasPrice = effectiveGasPrice(
    { maxFeePerGas, maxPriorityFeePerGas: request.maxPriorityFeePerGas ?? maxFeePerGas },
    machine.header.baseFeePerGas ?? 0n,
  )
  const sender = (await machine.state.getAccount(from)) ?? new Account()
  const needed = gasLimit * maxFeePerGas + (request.value ?? 0n)
  if (sender.balance < needed) {
    throw new InvalidError(
      'InsufficientFunds',
      `the sender has ${sender.balance} wei of the ${needed} that may be needed`,
    )
  }
  sender.balance -= gasLimit * gasPrice
  sender.nonce++
  await machine.state.putAccount(from, sender)
  return gasPrice
}

function describeFailure(error: EVMError): CallFailure {
  if (error.error === EvmErrors.errorMessages.REVERT) return { kind: 'reverted' }
  if (error.error === EvmErrors.errorMessages.OUT_OF_GAS) return { kind: 'out-of-gas' }
  return { kind: 'halted', reason: error.error }
}

function tooLittleGas(minimum: bigint): CallResult {
  return {
    failure: { kind: 'intrinsic-gas', minimum },
    returnData: new Uint8Array(0),
    gasUsed: 0n,
    logs: [],
    inferences: [],
  }
}
