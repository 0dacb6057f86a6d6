import { Account, createAddressFromString } from '@ethereumjs/util'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { AccountOverride } from './call-request.ts'
import type { State } from './state.ts'

/** Applies a simulation's overrides to its state. Cost: one account read each, one write a slot. */
export async function applyStateOverrides(
  state: State,
  overrides: Readonly<Record<Hex, AccountOverride>>,
): Promise<void> {
  for (const [text, override] of Object.entries(overrides)) {
    const address = createAddressFromString(text)
    const account = (await state.getAccount(address)) ?? new Account()
    account.balance = override.balanceWei ?? account.balance
    account.nonce = override.nonce ?? account.nonce
    await state.putAccount(address, account)
    if (override.code !== undefined) await state.putCode(address, override.code)
    if (override.state !== undefined) await state.clearStorage(address)
    for (const [slot, value] of Object.entries({ ...override.state, ...override.stateDiff })) {
      await state.putStorage(address, hexToBytes(slot), hexToBytes(value))
    }
  }
}
