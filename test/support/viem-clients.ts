import { createPublicClient, createWalletClient, defineChain, http, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { chainConfig } from 'viem/op-stack'
import { LOCAL_CHAIN_ID } from './local-chain.ts'

/** The first two of the well-known development accounts. */
export const RICH: PrivateKeyAccount = privateKeyToAccount(
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
)
export const POOR: PrivateKeyAccount = privateKeyToAccount(
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
)

/** The local chain as viem's OP Stack support sees it. */
export function localViemChain(url: string) {
  return defineChain({
    ...chainConfig,
    id: LOCAL_CHAIN_ID,
    name: 'local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
}

/** A client that reads. */
export function publicClientFor(url: string) {
  return createPublicClient({ chain: localViemChain(url), transport: http(), pollingInterval: 30 })
}

/** A client that signs. */
export function walletClientFor(url: string, account: PrivateKeyAccount) {
  return createWalletClient({ account, chain: localViemChain(url), transport: http() })
}

/** A JSON-RPC answer as it came. */
export interface RawAnswer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Makes one call without any client in between. */
export async function rawCall(url: string, method: string, params: readonly unknown[]): Promise<RawAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return (await response.json()) as RawAnswer
}
