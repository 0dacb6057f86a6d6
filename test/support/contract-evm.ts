import { createEVM } from '@ethereumjs/evm'
import { SimpleStateManager } from '@ethereumjs/statemanager'
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem'
import { chainRules } from '../../node/executor/chain-rules.ts'
import { bytesToHex, hexToBytes } from '../../node/protocol/bytes.ts'
import type { Artifact } from './foundry-project.ts'

/** A contract in an EVM of its own, without a chain. */
export interface LocalContract {
  /** Calls a function that only computes. Rejects with the name of the error that it reverts with. */
  call(functionName: string, ...args: readonly unknown[]): Promise<unknown>
}

const GAS_LIMIT = 100_000_000n

/** Deploys a contract without constructor arguments. */
export async function openContract({ abi, bytecode }: Artifact): Promise<LocalContract> {
  const common = chainRules(1)
  const evm = await createEVM({ common, stateManager: new SimpleStateManager({ common }) })
  const { createdAddress, execResult } = await evm.runCall({ data: hexToBytes(bytecode), gasLimit: GAS_LIMIT })
  if (createdAddress === undefined || execResult.exceptionError) throw new Error('the contract could not be deployed')
  return {
    call: async (functionName, ...args) => {
      const data = hexToBytes(encodeFunctionData({ abi, functionName, args }))
      const { execResult: result } = await evm.runCall({
        to: createdAddress,
        data,
        gasLimit: GAS_LIMIT,
        isStatic: true,
      })
      const returned = bytesToHex(result.returnValue)
      if (result.exceptionError === undefined) return decodeFunctionResult({ abi, functionName, data: returned })
      throw new Error(
        returned === '0x' ? result.exceptionError.error : decodeErrorResult({ abi, data: returned }).errorName,
      )
    },
  }
}
