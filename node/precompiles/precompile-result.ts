import { EVMError, type ExecResult } from '@ethereumjs/evm'
import { asciiToBytes, concatBytes } from '../protocol/bytes.ts'
import { keccak256 } from '../protocol/keccak.ts'

/** A Solidity custom error by its signature, e.g. `ModelNotActive(bytes32)`, with ABI-encoded arguments. */
export function customError(signature: string, ...words: readonly Uint8Array[]): Uint8Array {
  return concatBytes(keccak256(asciiToBytes(signature)).subarray(0, 4), ...words)
}

/** The call succeeded, used `gasUsed` and returns `returnValue`. */
export function succeeded(gasUsed: bigint, returnValue: Uint8Array): ExecResult {
  return { executionGasUsed: gasUsed, returnValue }
}

/** The call reverts with `returnValue` and keeps `gasUsed`. */
export function reverted(gasUsed: bigint, returnValue: Uint8Array): ExecResult {
  return {
    executionGasUsed: gasUsed,
    returnValue,
    exceptionError: new EVMError(EVMError.errorMessages.REVERT),
  }
}

/** The call ends without return data and with all its gas used. */
export function outOfGas(gasLimit: bigint): ExecResult {
  return {
    executionGasUsed: gasLimit,
    returnValue: new Uint8Array(0),
    exceptionError: new EVMError(EVMError.errorMessages.OUT_OF_GAS),
  }
}
