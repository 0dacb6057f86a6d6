import { type Account, createPublicClient, createWalletClient, defineChain, http, type TransactionReceipt } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Hex } from '../node/protocol/bytes.ts'
import { UnavailableError } from '../node/protocol/errors.ts'
import { L2_CHAIN_ID } from './accounts.ts'

/** The devnet's L2 as viem sees it. */
export function l2Chain(rpcUrl: string) {
  return defineChain({
    id: L2_CHAIN_ID,
    name: 'Assay devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  })
}

/** Reads the devnet's L2. */
export function l2Reader(rpcUrl: string) {
  return createPublicClient({ chain: l2Chain(rpcUrl), transport: http(rpcUrl), pollingInterval: 100, cacheTime: 0 })
}

/** A viem client for reading the devnet's L2. */
export type L2Reader = ReturnType<typeof l2Reader>

/** What a transaction does; without `to` it deploys `data`. Without `gas` the node is asked for an estimate. */
export interface TransactionRequest {
  readonly to?: Hex
  readonly data: Hex
  readonly gas?: bigint
}

/** Sends transactions of one account, many at a time if need be, in the order of the calls. */
export interface TransactionSender {
  readonly account: Account
  readonly reader: L2Reader
  /** Sends and waits for the receipt. @throws UnavailableError `TransactionFailed` saying what was being done. */
  send(what: string, request: TransactionRequest): Promise<TransactionReceipt>
}

/** Creates a sender for a key that nobody else uses meanwhile. */
export async function createSender(rpcUrl: string, privateKey: Hex): Promise<TransactionSender> {
  const account = privateKeyToAccount(privateKey)
  const reader = l2Reader(rpcUrl)
  const wallet = createWalletClient({ account, chain: l2Chain(rpcUrl), transport: http(rpcUrl) })
  const { address } = account
  let nonce = await reader.getTransactionCount({ address, blockTag: 'pending' })
  return {
    account,
    reader,
    send: async (what, { to, data, gas }) => {
      const fields = { data, nonce: nonce++, ...(to === undefined ? {} : { to }) }
      const limit = gas ?? (await reader.estimateGas({ account, ...fields }))
      const fees = await reader.estimateFeesPerGas()
      const hash = await wallet.sendTransaction({ ...fields, ...fees, gas: limit })
      const receipt = await reader.waitForTransactionReceipt({ hash, timeout: 30_000 })
      if (receipt.status === 'success') return receipt
      throw new UnavailableError('TransactionFailed', `${what}: transaction ${hash} failed`)
    },
  }
}
