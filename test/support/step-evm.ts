import { createEVM, type EVM } from '@ethereumjs/evm'
import { SimpleStateManager } from '@ethereumjs/statemanager'
import { createAccount, createAddressFromString } from '@ethereumjs/util'
import { type ContractFunctionReturnType, decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem'
import { stepVerifierAbi, stepVerifierDeployedBytecode } from '../../contracts/generated/step-verifier.ts'
import { chainRules } from '../../node/executor/chain-rules.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../node/protocol/bytes.ts'

/** What a call of the contract yielded: its result, or the name of the error that it reverted with; and the gas of the call itself. */
export type StepCall<Result> = { readonly gas: number } & (
  | { readonly result: Result; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: string }
)

/** The compiled StepVerifier in an EVM. */
export interface StepEvm {
  step(programRoot: Uint8Array, preState: Uint8Array, t: number, witness: Uint8Array): Promise<StepCall<Hex>>
  start(
    manifest: Uint8Array,
    inputRoot: Uint8Array,
    inputTensorRoots: readonly Uint8Array[],
    siblings: readonly Uint8Array[],
  ): Promise<StepCall<ContractFunctionReturnType<typeof stepVerifierAbi, 'view' | 'pure', 'start'>>>
}

const VERIFIER = createAddressFromString('0x00000000000000000000000000000000000057e9')
const GAS_LIMIT = 30_000_000n

/** Opens an EVM that holds the contract. */
export async function openStepEvm(): Promise<StepEvm> {
  const common = chainRules(1)
  const stateManager = new SimpleStateManager({ common })
  const evm = await createEVM({ common, stateManager })
  await stateManager.putAccount(VERIFIER, createAccount({}))
  await stateManager.putCode(VERIFIER, hexToBytes(stepVerifierDeployedBytecode))
  return {
    async step(programRoot, preState, t, witness) {
      const args = [bytesToHex(programRoot), bytesToHex(preState), BigInt(t), bytesToHex(witness)] as const
      return call(evm, encodeFunctionData({ abi: stepVerifierAbi, functionName: 'step', args }), (data) =>
        decodeFunctionResult({ abi: stepVerifierAbi, functionName: 'step', data }),
      )
    },
    async start(manifest, inputRoot, inputTensorRoots, siblings) {
      const args = [
        bytesToHex(manifest),
        bytesToHex(inputRoot),
        inputTensorRoots.map(bytesToHex),
        siblings.map(bytesToHex),
      ] as const
      return call(evm, encodeFunctionData({ abi: stepVerifierAbi, functionName: 'start', args }), (data) =>
        decodeFunctionResult({ abi: stepVerifierAbi, functionName: 'start', data }),
      )
    },
  }
}

/**
 * Gas of a transaction that calls the verifier's `step` directly: execution and call data at the ordinary price, or the EIP-7623 floor
 * where that is more.
 */
export function stepTransactionGas(executionGas: number, witness: Uint8Array): number {
  const args = [bytesToHex(new Uint8Array(32).fill(1)), bytesToHex(new Uint8Array(32).fill(1)), 2n ** 30n - 1n] as const
  const data = hexToBytes(
    encodeFunctionData({ abi: stepVerifierAbi, functionName: 'step', args: [...args, bytesToHex(witness)] }),
  )
  const tokens = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0)
  return 21_000 + Math.max(4 * tokens + executionGas, 10 * tokens)
}

async function call<Result>(evm: EVM, data: Hex, decode: (data: Hex) => Result): Promise<StepCall<Result>> {
  const { execResult } = await evm.runCall({
    to: VERIFIER,
    data: hexToBytes(data),
    gasLimit: GAS_LIMIT,
    isStatic: true,
  })
  const gas = Number(execResult.executionGasUsed)
  const returned = bytesToHex(execResult.returnValue)
  if (execResult.exceptionError === undefined) return { gas, result: decode(returned) }
  if (returned === '0x') return { gas, error: String(execResult.exceptionError.error) }
  return { gas, error: decodeErrorResult({ abi: stepVerifierAbi, data: returned }).errorName }
}
