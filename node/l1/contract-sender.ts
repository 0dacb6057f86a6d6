import { type Abi, BaseError, decodeErrorResult, RawContractError, RpcRequestError, type Hex as ViemHex } from 'viem'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { L1Client } from './l1-client.ts'
import { withRetries } from './retry.ts'
import type { SentTransaction, TransactionManager } from './transaction-manager.ts'

/** A call of a contract on L1. */
export interface ContractCall {
  readonly to: Hex
  readonly data: Hex
  /** Default 0. */
  readonly valueWei?: bigint
}

/** Calls contracts on L1 from one account, one call after the other. */
export interface ContractSender {
  readonly address: Hex
  /**
   * Tries the call, then brings it into L1. Rejects with UnavailableError: `CallRefused` where the contract reverts, now or once mined
   * (the message names its error): look at its state again; and like {@link TransactionManager.send}.
   */
  send(call: ContractCall, signal: AbortSignal): Promise<SentTransaction>
}

/** Room above the estimate, in percent: the state may differ a little once the call is mined. */
const GAS_MARGIN_PERCENT = 30n

/** Creates a sender over a transaction manager. Cost: one estimate a call. @param errors the custom errors that contracts may revert with. */
export function createContractSender(
  client: L1Client,
  transactions: TransactionManager,
  errors: Abi = [],
): ContractSender {
  const { address } = transactions
  return {
    address,
    async send({ to, data, valueWei = 0n }, signal) {
      const call = { account: address, to, data, value: valueWei }
      const estimate = await withRetries('a gas estimate', { attempts: 3, delayMs: 200 }, () =>
        client.estimateGas(call).catch((error: unknown) => {
          const revertData = revertDataOf(error)
          if (revertData === undefined) throw error
          return { revertData }
        }),
      )
      if (typeof estimate === 'object') throw refused(to, data, reasonOf(estimate.revertData, errors))
      const gasLimit = (estimate * (100n + GAS_MARGIN_PERCENT)) / 100n
      const sent = await transactions.send({ to, data: hexToBytes(data), valueWei, gasLimit }, signal)
      if (!sent.succeeded) throw refused(to, data, `it reverted in transaction ${sent.hash}`)
      return sent
    },
  }
}

/** The error's bytes where a contract reverted; undefined for every other failure. */
function revertDataOf(error: unknown): ViemHex | undefined {
  if (!(error instanceof BaseError)) return undefined
  const raw = error.walk((cause) => cause instanceof RawContractError)
  if (raw instanceof RawContractError) return typeof raw.data === 'object' ? raw.data.data : (raw.data ?? '0x')
  const rpc = error.walk((cause) => cause instanceof RpcRequestError)
  if (!(rpc instanceof RpcRequestError) || !/revert/i.test(rpc.details)) return undefined
  return typeof rpc.data === 'string' ? (rpc.data as ViemHex) : '0x'
}

/** What a contract said when it reverted: its custom error with its arguments where that is known, else the bytes. */
function reasonOf(revertData: Hex, errors: Abi): string {
  if (revertData === '0x') return 'it reverts without a reason'
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: errors, data: revertData })
    return `${errorName}(${args.map(String).join(', ')})`
  } catch {
    return revertData
  }
}

function refused(to: Hex, data: Hex, reason: string): UnavailableError<'CallRefused'> {
  const selector = data.slice(0, 10)
  const meta = { to, selector, reason }
  return new UnavailableError('CallRefused', `L1 refuses the call ${selector} of ${to}: ${reason}`, { meta })
}
