import { getContractAddress, parseEther, parseGwei } from 'viem'
import type { Hex } from '../node/protocol/bytes.ts'

/** Type of our proposals in the dispute game factory. viem takes 4, 5, 7 and 9 for something else. */
export const PROPOSAL_GAME_TYPE = 7007

/** The rollup's contracts on L1. */
export interface L1Contracts {
  readonly systemConfig: Hex
  readonly optimismPortal: Hex
  readonly disputeGameFactory: Hex
  readonly anchorStateRegistry: Hex
  readonly stepVerifier: Hex
  readonly bisectionGame: Hex
  /** What the proxies of proposals run. */
  readonly proposal: Hex
  readonly inferenceRecordVerifier: Hex
}

/** The contracts in the order in which they are deployed: each one's address follows from its place. */
export const DEPLOYMENT_ORDER = [
  'systemConfig',
  'optimismPortal',
  'disputeGameFactory',
  'anchorStateRegistry',
  'stepVerifier',
  'bisectionGame',
  'proposal',
  'inferenceRecordVerifier',
] as const satisfies readonly (keyof L1Contracts)[]

/** Addresses that the contracts get from a deployer whose next nonce is `firstNonce`. */
export function contractAddresses(deployer: Hex, firstNonce: number): L1Contracts {
  const addresses = DEPLOYMENT_ORDER.map((name, place) => [
    name,
    getContractAddress({ from: deployer, nonce: BigInt(firstNonce + place) }),
  ])
  return Object.fromEntries(addresses) as unknown as L1Contracts
}

/** What disputes cost and how long they take. */
export interface DisputeParameters {
  /** Time that each side of a game has for all its moves, in seconds. */
  readonly clockSeconds: number
  /** How long after a proposal games can be opened, in seconds. */
  readonly windowSeconds: number
  /** Time that the guardian has to rule after a flag, in seconds. */
  readonly rulingSeconds: number
  /** Time between a proposal's resolution and its finality, in seconds. */
  readonly airGapSeconds: number
  readonly proposalBondWei: bigint
  readonly challengerBondWei: bigint
  /** What a proposer puts down with its first answer in a game. */
  readonly proposerStakeWei: bigint
  readonly flagBondWei: bigint
  /** The stated price of a winner's gas. */
  readonly gasPriceWei: bigint
}

/** The devnet's disputes take seconds. A clock has room for all moves of a game on a slow machine. */
export const DEVNET_DISPUTES: DisputeParameters = {
  clockSeconds: 90,
  windowSeconds: 30,
  rulingSeconds: 30,
  airGapSeconds: 5,
  proposalBondWei: parseEther('1'),
  challengerBondWei: parseEther('0.2'),
  proposerStakeWei: parseEther('0.1'),
  flagBondWei: parseEther('0.2'),
  gasPriceWei: parseGwei('20'),
}
