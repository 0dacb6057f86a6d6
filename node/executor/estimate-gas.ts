import type { BlockHeader } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { BlockMachine, MachineDeps } from './block-machine.ts'
import type { CallRequest, CallResult } from './call-request.ts'
import { openSimulation, simulateOn, simulationGas } from './simulate-call.ts'

/** The search stops when the answer is at most this part above the least gas that works. */
const TOLERANCE_DIVISOR = 64n
/** Gas that a call with value hands on for free (EIP-150). */
const CALL_STIPEND = 2_300n

/** A gas limit that works, or the failure that no gas limit up to the cap avoids. */
export type GasEstimate =
  | { readonly gas: bigint; readonly failure?: never }
  | { readonly gas?: never; readonly failure: CallResult }

/**
 * The least gas limit, within 1/64, under which the request succeeds: `eth_estimateGas`. A call keeps back a 64th of its gas at each
 * level and refunds come late, so that gas used is only where the search starts. Cost: two trial runs mostly, about ten at worst.
 * @throws InvalidError `InsufficientFunds`. @throws UnavailableError when inference or content is unavailable.
 */
export async function estimateGas(
  spec: ChainSpec,
  deps: MachineDeps,
  header: BlockHeader,
  request: CallRequest,
): Promise<GasEstimate> {
  const machine = await openSimulation(spec, deps, header, request)
  const cap = await gasCap(machine, request, simulationGas(header, request))
  const atCap = await simulateOn(machine, request, cap)
  if (atCap.failure !== null) return { failure: atCap }
  const succeeds = async (gas: bigint): Promise<boolean> => (await simulateOn(machine, request, gas)).failure === null
  if (await succeeds(atCap.gasUsed)) return { gas: atCap.gasUsed }
  return { gas: await search(succeeds, atCap.gasUsed, cap) }
}

/** @param fails a gas limit that is too low. @param works one that is enough. */
async function search(succeeds: (gas: bigint) => Promise<boolean>, fails: bigint, works: bigint): Promise<bigint> {
  let low = fails
  let high = works
  // Most calls need no more than what they used, a 64th and a stipend on top: try that before halving a wide range.
  let next = ((low + CALL_STIPEND) * 64n) / 63n
  while (high - low > 1n && high - low > high / TOLERANCE_DIVISOR) {
    if (next <= low || next >= high) next = (low + high) / 2n
    if (await succeeds(next)) high = next
    else low = next
    next = (low + high) / 2n
  }
  return high
}

/** The limit, as far as the sender can pay for it. */
async function gasCap(machine: BlockMachine, request: CallRequest, limit: bigint): Promise<bigint> {
  const price = request.maxFeePerGas ?? 0n
  if (price === 0n || request.from === undefined) return limit
  const balance = (await machine.state.getAccount(createAddressFromString(request.from)))?.balance ?? 0n
  const value = request.value ?? 0n
  if (balance < value) throw new InvalidError('InsufficientFunds', `the sender has ${balance} wei and sends ${value}`)
  const affordable = (balance - value) / price
  return affordable < limit ? affordable : limit
}
