import {
  type Abi,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeDeployData,
  encodeFunctionData,
  http,
  parseGwei,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { anchorStateRegistryAbi, anchorStateRegistryBytecode } from '../contracts/generated/anchor-state-registry.ts'
import { bisectionGameAbi, bisectionGameBytecode } from '../contracts/generated/bisection-game.ts'
import { disputeGameFactoryAbi, disputeGameFactoryBytecode } from '../contracts/generated/dispute-game-factory.ts'
import {
  inferenceRecordVerifierAbi,
  inferenceRecordVerifierBytecode,
} from '../contracts/generated/inference-record-verifier.ts'
import { multicall3DeployedBytecode } from '../contracts/generated/multicall3.ts'
import { optimismPortalAbi, optimismPortalBytecode } from '../contracts/generated/optimism-portal.ts'
import { proposalAbi, proposalBytecode } from '../contracts/generated/proposal.ts'
import { stepVerifierAbi, stepVerifierBytecode } from '../contracts/generated/step-verifier.ts'
import { systemConfigAbi, systemConfigBytecode } from '../contracts/generated/system-config.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import { MULTICALL3 } from '../node/protocol/constants.ts'
import { UnavailableError } from '../node/protocol/errors.ts'
import { BATCHER, DEPLOYER, GUARDIAN, L1_CHAIN_ID, PROPOSER } from './accounts.ts'
import {
  contractAddresses,
  DEPLOYMENT_ORDER,
  type DisputeParameters,
  type L1Contracts,
  PROPOSAL_GAME_TYPE,
} from './l1-contracts.ts'

/** What {@link deployL1} builds the contracts for. */
export interface L1Deployment {
  /** From {@link plannedContracts}. */
  readonly contracts: L1Contracts
  /** Gas limit of an L2 block, as the system config states it. */
  readonly gasLimit: number
  /** Output root of L2 block 0. */
  readonly genesisRoot: Hex
  readonly disputes: DisputeParameters
}

/** One transaction of the deployment: a contract, or a call of one that comes before it. */
interface DeploymentStep {
  readonly name: string
  readonly to?: Hex
  readonly data: Hex
  readonly gas: bigint
}

/** Gas of code and constructor storage besides the bytes of the creation code. */
const DEPLOYMENT_MARGIN_GAS = 600_000n
/** Gas of one byte of creation code: stored, sent and hashed. */
const GAS_PER_CODE_BYTE = 220n
const CALL_GAS = 100_000n

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

/** Where {@link deployL1} will put the contracts, so that a chain spec and its genesis can be made before. */
export async function plannedContracts(rpcUrl: string): Promise<L1Contracts> {
  const reader = createPublicClient({ chain: l1Chain(rpcUrl), transport: http(rpcUrl) })
  return contractAddresses(DEPLOYER.address, await reader.getTransactionCount({ address: DEPLOYER.address }))
}

/**
 * Deploys the rollup's contracts on a fresh L1, all in one block.
 * @throws UnavailableError `L1DeploymentFailed` naming the contract
 */
export async function deployL1(rpcUrl: string, deployment: L1Deployment): Promise<void> {
  const chain = l1Chain(rpcUrl)
  const transport = http(rpcUrl)
  const reader = createPublicClient({ chain, transport, pollingInterval: 100 })
  const wallet = createWalletClient({ chain, transport, account: privateKeyToAccount(DEPLOYER.privateKey) })
  const firstNonce = await reader.getTransactionCount({ address: DEPLOYER.address })
  const fees = { maxFeePerGas: parseGwei('10'), maxPriorityFeePerGas: parseGwei('1') }
  const run = async ({ name, ...transaction }: DeploymentStep, place: number) => {
    const hash = await wallet.sendTransaction({ ...transaction, ...fees, nonce: firstNonce + place })
    const { status } = await reader.waitForTransactionReceipt({ hash })
    if (status === 'success') return
    throw new UnavailableError('L1DeploymentFailed', `${name} was not deployed: transaction ${hash} failed on L1`)
  }
  const multicall = { address: MULTICALL3, code: multicall3DeployedBytecode }
  await reader.request({ method: 'anvil_setCode', params: [multicall.address, multicall.code] } as never)
  await Promise.all(deploymentSteps(deployment).map(run))
}

function deploymentSteps(deployment: L1Deployment): DeploymentStep[] {
  const { contracts, disputes } = deployment
  const creations = creationCode(deployment)
  const factory = { to: contracts.disputeGameFactory, gas: CALL_GAS }
  const encode = (functionName: 'setImplementation' | 'setInitBond', value: Hex | bigint) =>
    encodeFunctionData({ abi: disputeGameFactoryAbi, functionName, args: [PROPOSAL_GAME_TYPE, value] as never })
  return [
    ...DEPLOYMENT_ORDER.map((name) => ({ name, data: creations[name], gas: creationGas(creations[name]) })),
    { name: 'the game type', data: encode('setImplementation', contracts.proposal), ...factory },
    { name: 'the bond of proposals', data: encode('setInitBond', disputes.proposalBondWei), ...factory },
  ]
}

function creationGas(code: Hex): bigint {
  return DEPLOYMENT_MARGIN_GAS + GAS_PER_CODE_BYTE * BigInt(code.length / 2 - 1)
}

function creationCode({ contracts, gasLimit, genesisRoot, disputes }: L1Deployment): Record<keyof L1Contracts, Hex> {
  const create = (abi: Abi, bytecode: Hex, args: readonly unknown[]) => encodeDeployData({ abi, bytecode, args })
  const { anchorStateRegistry, bisectionGame, disputeGameFactory, stepVerifier } = contracts
  const registryArgs = [GUARDIAN.address, disputeGameFactory, PROPOSAL_GAME_TYPE, BigInt(disputes.airGapSeconds)]
  const game = {
    disputeGameFactory,
    maxClockDuration: disputes.clockSeconds,
    challengerBond: disputes.challengerBondWei,
    proposerStake: disputes.proposerStakeWei,
    gasPrice: disputes.gasPriceWei,
    stepVerifiers: [stepVerifier],
  }
  const proposal = {
    gameType: PROPOSAL_GAME_TYPE,
    anchorStateRegistry,
    bisectionGame,
    challengeWindow: BigInt(disputes.windowSeconds),
    rulingPeriod: BigInt(disputes.rulingSeconds),
    flagBond: disputes.flagBondWei,
  }
  return {
    systemConfig: create(systemConfigAbi, systemConfigBytecode, [DEPLOYER.address, BATCHER.address, BigInt(gasLimit)]),
    optimismPortal: create(optimismPortalAbi, optimismPortalBytecode, []),
    disputeGameFactory: create(disputeGameFactoryAbi, disputeGameFactoryBytecode, [DEPLOYER.address]),
    anchorStateRegistry: create(anchorStateRegistryAbi, anchorStateRegistryBytecode, [
      ...registryArgs,
      genesisRoot,
      0n,
      [PROPOSER.address],
    ]),
    stepVerifier: create(stepVerifierAbi, stepVerifierBytecode, []),
    bisectionGame: create(bisectionGameAbi, bisectionGameBytecode, [game]),
    proposal: create(proposalAbi, proposalBytecode, [proposal]),
    inferenceRecordVerifier: create(inferenceRecordVerifierAbi, inferenceRecordVerifierBytecode, [anchorStateRegistry]),
  }
}
