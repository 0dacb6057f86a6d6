import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createFeeMarket1559Tx } from '@ethereumjs/tx'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { type Hex, hexToBytes } from '../../node/protocol/bytes.ts'

/** Chain rules for tests of the pool. */
export const common = new Common({ chain: { ...Mainnet, chainId: 901 }, hardfork: Hardfork.Prague })

const ALICE_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

/** A funded test account. */
export type Account = PrivateKeyAccount
/** The first three of the well-known development accounts. */
export const alice: Account = privateKeyToAccount(ALICE_KEY)
export const bob: Account = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
export const carol: Account = privateKeyToAccount('0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a')

/** What a test says about a transaction; the rest has defaults. Fees in wei per gas. */
export interface Fields {
  readonly nonce?: number
  readonly tip?: bigint
  readonly cap?: bigint
  readonly gas?: bigint
  readonly value?: bigint
  readonly data?: Hex
  readonly chainId?: number
}

/** Signs a type 2 transaction. */
export async function sign(account: Account, fields: Fields = {}): Promise<Uint8Array> {
  const { nonce = 0, tip = 10n, cap = 1000n, gas = 21_000n, value = 0n, data = '0x', chainId = 901 } = fields
  const to = '0x00000000000000000000000000000000000000ff'
  const fees = { maxFeePerGas: cap, maxPriorityFeePerGas: tip }
  return hexToBytes(await account.signTransaction({ type: 'eip1559', chainId, nonce, gas, value, data, to, ...fees }))
}

/** As {@link sign}, also for fees that signers refuse; with a tip above the cap the signature is not a valid one. */
export async function signUnchecked(account: Account, fields: Fields): Promise<Uint8Array> {
  const { tip = 10n, cap = 1000n } = fields
  if (tip <= cap) return sign(account, fields)
  const fees = { maxFeePerGas: 201n, maxPriorityFeePerGas: 200n }
  const allowed = createFeeMarket1559Tx({ nonce: 5n, gasLimit: 21_000n, ...fees }, { common })
  const text = Buffer.from(allowed.sign(hexToBytes(ALICE_KEY)).serialize()).toString('hex')
  return new Uint8Array(Buffer.from(text.replace('81c881c9', '81c981c8'), 'hex'))
}
