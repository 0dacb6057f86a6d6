import {
  type ChainConfig,
  Common,
  ConsensusAlgorithm,
  ConsensusType,
  type CustomCrypto,
  Hardfork,
} from '@ethereumjs/common'

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

/**
 * The EVM rules of a chain: Prague from block 0, proof of stake. Cost: about 0.2 ms; make one per block at most.
 * @param crypto faster equals of the library's own functions.
 */
export function chainRules(chainId: number, crypto: CustomCrypto = {}): Common {
  const chain: ChainConfig = {
    name: 'assay',
    chainId,
    genesis: { gasLimit: 30_000_000, difficulty: 0, nonce: '0x0000000000000000', extraData: '0x' },
    hardforks: ACTIVE_FORKS.map((name) => ({ name, block: 0 })),
    bootstrapNodes: [],
    consensus: { type: ConsensusType.ProofOfStake, algorithm: ConsensusAlgorithm.Casper },
  }
  return new Common({ chain, hardfork: Hardfork.Prague, customCrypto: crypto })
}
