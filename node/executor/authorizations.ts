import { Account, type Address, eoaCode7702RecoverAuthority, SECP256K1_ORDER_DIV_2 } from '@ethereumjs/util'
import { bytesEqual, bytesToHex, concatBytes } from '../protocol/bytes.ts'
import type { BlockMachine } from './block-machine.ts'
import type { Authorization } from './decode-transaction.ts'
import { EMPTY_CODE_HASH } from './state.ts'

const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00)
const NO_ADDRESS = new Uint8Array(20)
const MAX_NONCE = 2n ** 64n - 1n
/** PER_EMPTY_ACCOUNT_COST − PER_AUTH_BASE_COST: what an authority that exists gets back. */
const EXISTING_ACCOUNT_REFUND = 12_500n

/** Whether code is an EIP-7702 delegation designator: `0xef0100 ‖ address`. */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && bytesEqual(code.subarray(0, 3), DELEGATION_PREFIX)
}

/**
 * Applies the authorizations of a type 4 transaction in order and skips those that do not hold (EIP-7702).
 * Runs after the sender's nonce went up. Cost: a signature recovery and two account reads each.
 * @returns the gas to refund.
 */
export async function applyAuthorizations(
  machine: BlockMachine,
  authorizations: readonly Authorization[],
): Promise<bigint> {
  let refund = 0n
  for (const authorization of authorizations) refund += await applyAuthorization(machine, authorization)
  return refund
}

async function applyAuthorization(machine: BlockMachine, authorization: Authorization): Promise<bigint> {
  const authority = recoverAuthority(machine, authorization)
  if (authority === undefined) return 0n
  const { evm, state } = machine
  evm.journal.addAlwaysWarmAddress(authority.toString())
  const existing = await state.getAccount(authority)
  const account = existing ?? new Account()
  if (!bytesEqual(account.codeHash, EMPTY_CODE_HASH) && !isDelegation(await state.getCode(authority))) return 0n
  if (account.nonce !== toUint(authorization[2])) return 0n
  account.nonce++
  await evm.journal.putAccount(authority, account)
  await state.putCode(authority, delegationTo(authorization[1]))
  return existing === undefined ? 0n : EXISTING_ACCOUNT_REFUND
}

function recoverAuthority(machine: BlockMachine, authorization: Authorization): Address | undefined {
  const [chainId, , nonce, yParity, , s] = authorization
  const chain = toUint(chainId)
  if (chain !== 0n && chain !== machine.rules.chainId()) return undefined
  if (toUint(nonce) >= MAX_NONCE || toUint(yParity) > 1n || toUint(s) > SECP256K1_ORDER_DIV_2) return undefined
  try {
    return eoaCode7702RecoverAuthority([...authorization])
  } catch {
    return undefined
  }
}

/** Delegating to the zero address clears the code. */
function delegationTo(target: Uint8Array): Uint8Array {
  return bytesEqual(target, NO_ADDRESS) ? new Uint8Array(0) : concatBytes(DELEGATION_PREFIX, target)
}

function toUint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}
