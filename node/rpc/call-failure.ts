import { decodeErrorResult, parseAbi } from 'viem'
import type { CallFailure, CallResult } from '../executor/call-request.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Errors whose words are put into the message; any other revert data goes to the client as it is. */
const KNOWN_ERRORS = parseAbi([
  'error Error(string reason)',
  'error Panic(uint256 code)',
  'error ModelNotActive(bytes32 modelId)',
  'error ValueNotZero(uint256 value)',
  'error InputLength(uint256 expected, uint256 got)',
  'error InputOutOfRange(uint256 index)',
])
const MAX_REASON_LENGTH = 1000

/** The error that tells a client how its call failed: code 3 with the revert data, or -32000 with geth's words. */
export function callError(failure: CallFailure, returnData: Uint8Array): RpcError {
  switch (failure.kind) {
    case 'reverted': {
      const data = bytesToHex(returnData)
      return new RpcError(RPC_CODES.executionReverted, revertMessage(data), data)
    }
    case 'out-of-gas':
      return new RpcError(RPC_CODES.serverError, 'out of gas')
    case 'intrinsic-gas':
      return new RpcError(RPC_CODES.serverError, `intrinsic gas too low: minimum needed ${failure.minimum}`)
    case 'halted':
      return new RpcError(RPC_CODES.serverError, failure.reason)
  }
}

/** The call's return data. @throws RpcError as {@link callError} when it failed. */
export function returnDataOf({ failure, returnData }: CallResult): Uint8Array {
  if (failure !== null) throw callError(failure, returnData)
  return returnData
}

/** Runs a simulation and says 'insufficient funds' in the words that wallets match on. */
export async function withWalletWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof InvalidError) || error.code !== 'InsufficientFunds') throw error
    throw new RpcError(RPC_CODES.serverError, `insufficient funds for gas * price + value: ${error.message}`)
  }
}

function revertMessage(data: Hex): string {
  if (data === '0x') return 'execution reverted'
  try {
    const { errorName, args } = decodeErrorResult({ abi: KNOWN_ERRORS, data })
    const words = errorName === 'Error' ? String(args[0]) : `${errorName}(${args.map(String).join(', ')})`
    return `execution reverted: ${words.slice(0, MAX_REASON_LENGTH)}`
  } catch {
    return 'execution reverted'
  }
}
