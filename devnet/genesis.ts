import { createPublicClient, http, parseEther } from 'viem'
import { predeploys } from '../contracts/genesis-alloc.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import type { ChainSpec, GenesisAccount } from '../node/protocol/chain-spec.ts'
import { BATCHER, FUNDED_ACCOUNTS, FUNDED_ETHER, L1_CHAIN_ID, L2_CHAIN_ID, PUBLISHER } from './accounts.ts'
import { l1Chain } from './deploy-l1.ts'
import type { L1Contracts } from './l1-contracts.ts'

/** Gas limit of the devnet's L2 blocks. */
export const L2_GAS_LIMIT = 60_000_000
/** Where batches go: an address without code, from the chain id as OP chains do. */
const BATCH_INBOX: Hex = `0xff${L2_CHAIN_ID.toString().padStart(38, '0')}`

function alloc(): Record<Hex, GenesisAccount> {
  const accounts = predeploys()
  const balance = parseEther(String(FUNDED_ETHER)).toString()
  for (const { address } of [...FUNDED_ACCOUNTS, PUBLISHER]) accounts[address.toLowerCase() as Hex] = { balance }
  return accounts
}

/** The spec of a devnet chain that starts from the newest block of its L1. */
export async function createChainSpec(l1RpcUrl: string, contracts: L1Contracts): Promise<ChainSpec> {
  const l1 = createPublicClient({ chain: l1Chain(l1RpcUrl), transport: http(l1RpcUrl) })
  const start = await l1.getBlock({ blockTag: 'latest' })
  return {
    chainId: L2_CHAIN_ID,
    l1ChainId: L1_CHAIN_ID,
    genesis: {
      l1: { hash: start.hash, number: Number(start.number), timestamp: Number(start.timestamp) },
      l2TimeSeconds: Number(start.timestamp),
      gasLimit: L2_GAS_LIMIT,
      baseFeeWei: '1000000000',
      alloc: alloc(),
    },
    blockTimeSeconds: 1,
    maxSequencerDriftSeconds: 600,
    sequencerWindowBlocks: 3_600,
    channelTimeoutBlocks: 300,
    batcherAddress: BATCHER.address,
    batchInboxAddress: BATCH_INBOX,
    depositContractAddress: contracts.optimismPortal,
    inferenceGasLimit: 50_000_000,
  }
}
