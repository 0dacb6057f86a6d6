import { createAddressFromString } from '@ethereumjs/util'
import type { Hex } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import type { BlockMachine } from './block-machine.ts'

/** Keeps recent parent beacon block roots by timestamp (EIP-4788). */
export const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** Keeps recent block hashes by number (EIP-2935). */
export const BLOCK_HASH_HISTORY: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935'

/** Runtime code of the system contracts, as the EIPs give it; genesis places it. */
export const SYSTEM_CONTRACTS: Readonly<Record<Hex, Hex>> = {
  [BEACON_ROOTS]:
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
  [BLOCK_HASH_HISTORY]:
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
}

const SYSTEM_CALLER: Hex = '0xfffffffffffffffffffffffffffffffffffffffe'
const SYSTEM_CALL_GAS = 30_000_000n

/**
 * Tells the system contracts about the block's parents before its first transaction (EIP-4788, EIP-2935). Outside the
 * block's gas. Cost: two calls of a few slots.
 */
export async function callSystemContracts(machine: BlockMachine, parentBeaconBlockRoot: Uint8Array): Promise<void> {
  await systemCall(machine, BEACON_ROOTS, parentBeaconBlockRoot)
  await systemCall(machine, BLOCK_HASH_HISTORY, machine.header.parentHash)
}

async function systemCall(machine: BlockMachine, to: Hex, data: Uint8Array): Promise<void> {
  const { evm, state, header } = machine
  const { execResult } = await evm.runCall({
    block: { header },
    caller: createAddressFromString(SYSTEM_CALLER),
    to: createAddressFromString(to),
    gasLimit: SYSTEM_CALL_GAS,
    data,
    skipNonceIncrement: true,
  })
  if (execResult.exceptionError !== undefined) throw new BugError(`system call to ${to} failed`)
  await evm.journal.cleanup()
  state.originalStorageCache.clear()
}
