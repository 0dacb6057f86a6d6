import { type ChainConfig, Common, ConsensusAlgorithm, ConsensusType, Hardfork } from '@ethereumjs/common'

/** Every Ethereum fork up to Prague, active from genesis: an L2 that starts today has no history to keep apart. */
const ACTIVE_FORKS: readonly Hardfork[] = [
  Hardfork.Chainstart,
  Hardfork.Homestead,
  Hardfork.TangerineWhistle,
  Hardfork.SpuriousDragon,
  Hardfork.Byzantium,
  Hardfork.Constantinople,
  Hardfork.Petersburg,
  Hardfork.Istanbul,
  Hardfork.Berlin,
  Hardfork.London,
  Hardfork.Paris,
  Hardfork.Shanghai,
  Hardfork.Cancun,
  Hardfork.Prague,
]

/** The EVM rules of a chain: Prague from block 0, proof of stake. Cost: about 0.1 ms; make one per block at most. */
export function chainRules(chainId: number): Common {
  const chain: ChainConfig = {
    name: 'assay',
    chainId,
    genesis: { gasLimit: 30_000_000, difficulty: 0, nonce: '0x0000000000000000', extraData: '0x' },
    hardforks: ACTIVE_FORKS.map((name) => ({ name, block: 0 })),
    bootstrapNodes: [],
    consensus: { type: ConsensusType.ProofOfStake, algorithm: ConsensusAlgorithm.Casper },
  }
  return new Common({ chain, hardfork: Hardfork.Prague })
}
