import { type Abi, createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { multicall3DeployedBytecode } from '../contracts/generated/multicall3.ts'
import { optimismPortalAbi, optimismPortalBytecode } from '../contracts/generated/optimism-portal.ts'
import { systemConfigAbi, systemConfigBytecode } from '../contracts/generated/system-config.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import { MULTICALL3 } from '../node/protocol/constants.ts'
import { UnavailableError } from '../node/protocol/errors.ts'
import { BATCHER, DEPLOYER, L1_CHAIN_ID } from './accounts.ts'

/** The rollup's contracts on the devnet's L1. */
export interface L1Contracts {
  readonly optimismPortal: Hex
  readonly systemConfig: Hex
}

/** The devnet's L1 as viem sees it, Multicall3 included (viem's op-stack actions need it). */
export function l1Chain(rpcUrl: string) {
  return defineChain({
    id: L1_CHAIN_ID,
    name: 'Assay devnet L1',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
    contracts: { multicall3: { address: MULTICALL3 } },
  })
}

/**
 * Deploys the rollup's contracts on a fresh L1, all in one block. @param gasLimit of an L2 block, as the system config states it.
 * @throws UnavailableError `L1DeploymentFailed` naming the contract
 */
export async function deployL1(rpcUrl: string, gasLimit: number): Promise<L1Contracts> {
  const chain = l1Chain(rpcUrl)
  const transport = http(rpcUrl)
  const reader = createPublicClient({ chain, transport, pollingInterval: 100 })
  const wallet = createWalletClient({ chain, transport, account: privateKeyToAccount(DEPLOYER.privateKey) })
  const firstNonce = await reader.getTransactionCount({ address: DEPLOYER.address })
  const deploy = async (name: string, place: number, abi: Abi, bytecode: Hex, args: readonly unknown[]) => {
    const hash = await wallet.deployContract({ abi, bytecode, args, nonce: firstNonce + place })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    if (receipt.status === 'success' && receipt.contractAddress) return receipt.contractAddress
    throw new UnavailableError('L1DeploymentFailed', `${name} was not deployed: transaction ${hash} failed on L1`)
  }
  const multicall = { address: MULTICALL3, code: multicall3DeployedBytecode }
  await reader.request({ method: 'anvil_setCode', params: [multicall.address, multicall.code] } as never)
  const [systemConfig, optimismPortal] = await Promise.all([
    deploy('SystemConfig', 0, systemConfigAbi, systemConfigBytecode, [
      DEPLOYER.address,
      BATCHER.address,
      BigInt(gasLimit),
    ]),
    deploy('OptimismPortal', 1, optimismPortalAbi, optimismPortalBytecode, []),
  ])
  return { optimismPortal, systemConfig }
}
