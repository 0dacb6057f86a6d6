import type { CallRequest } from '../executor/call-request.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { blockOverrides, callRequest, stateOverrides } from './call-codecs.ts'
import { callError, returnDataOf, withWalletWords } from './call-failure.ts'
import { type ChainReader, requireHeader } from './chain-reader.ts'
import { blockId, LATEST } from './ethereum-codecs.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import { toQuantity } from './quantity.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'
import type { Simulator } from './simulator.ts'

/** What the call methods use. */
export interface EthCallsDeps {
  readonly chain: ChainReader
  readonly simulator: Simulator
}

/** Simulated calls: `eth_call`, `eth_estimateGas`, `eth_createAccessList`. */
export function ethCallsMethods(deps: EthCallsDeps): RpcMethod[] {
  const { chain, simulator } = deps
  const call = required('call', callRequest)
  const at = optional('block', blockId, LATEST)
  const state = optional('stateOverrides', stateOverrides, {})
  const block = optional('blockOverrides', blockOverrides, {})
  return [
    method(
      'eth_call',
      { summary: 'Runs a message on the state after a block, without a trace.', params: [call, at, state, block] },
      async (request, id, stateOverrides, blockOverrides) => {
        const { header } = await requireHeader(chain, id)
        const result = await withWalletWords(simulator.call(header, { ...request, stateOverrides, blockOverrides }))
        return bytesToHex(returnDataOf(result))
      },
    ),
    method(
      'eth_estimateGas',
      { summary: 'A gas limit under which a transaction succeeds.', params: [call, at, state, block] },
      async (request, id, stateOverrides, blockOverrides) => {
        const { header } = await requireHeader(chain, id)
        return estimate(simulator, header, { ...request, stateOverrides, blockOverrides })
      },
    ),
    method(
      'eth_createAccessList',
      { summary: 'The access list (EIP-2930) of a message.', params: [call, at] },
      async (request, id) => {
        const { header } = await requireHeader(chain, id)
        const { accessList, result } = await withWalletWords(simulator.accessList(header, request))
        const entries = accessList.map(([address, slots]) => ({
          address: bytesToHex(address),
          storageKeys: slots.map(bytesToHex),
        }))
        const { failure, returnData, gasUsed } = result
        const error = failure === null ? {} : { error: callError(failure, returnData).message }
        return { accessList: entries, gasUsed: toQuantity(gasUsed), ...error }
      },
    ),
  ]
}

async function estimate(simulator: Simulator, header: Parameters<Simulator['call']>[0], request: CallRequest) {
  const { gas, failure } = await withWalletWords(simulator.estimateGas(header, request))
  if (failure === undefined) return toQuantity(gas)
  if (failure.failure?.kind === 'out-of-gas' || failure.failure?.kind === 'intrinsic-gas') {
    const allowance = request.gas ?? header.gasLimit
    throw new RpcError(RPC_CODES.serverError, `gas required exceeds allowance (${allowance})`)
  }
  returnDataOf(failure)
  return null
}
