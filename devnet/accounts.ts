import { mnemonicToAccount } from 'viem/accounts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import { BugError } from '../node/protocol/errors.ts'

/** The well-known test mnemonic: its keys are public. Never send anything of value to them. */
export const MNEMONIC = 'test test test test test test test test test test test junk'
/** Chain id of the devnet's L1: what viem calls `foundry`. */
export const L1_CHAIN_ID = 31_337
/** Chain id of the devnet's L2 (0xa55a1). */
export const L2_CHAIN_ID = 677_281
/** Ether that each funded account starts with on L2. */
export const FUNDED_ETHER = 10_000

/** An account of the devnet. */
export interface DevnetAccount {
  readonly address: Hex
  readonly privateKey: Hex
}

function accountAt(addressIndex: number): DevnetAccount {
  const account = mnemonicToAccount(MNEMONIC, { addressIndex })
  const key = account.getHdKey().privateKey
  if (key === null) throw new BugError('the devnet mnemonic yields no private key')
  return { address: account.address, privateKey: bytesToHex(key) }
}

/** The ten accounts for people: funded on L1 and on L2. */
export const FUNDED_ACCOUNTS: readonly DevnetAccount[] = Array.from({ length: 10 }, (_, index) => accountAt(index))
/** Posts batches to L1. */
export const BATCHER: DevnetAccount = accountAt(10)
/** Deploys the L1 contracts. */
export const DEPLOYER: DevnetAccount = accountAt(11)
/** Registers the models and deploys the demo on L2; funded there besides the ten. */
export const PUBLISHER: DevnetAccount = accountAt(12)
/** Proposes output roots, and answers for them. */
export const PROPOSER: DevnetAccount = accountAt(13)
/** Challenges proposals that are wrong. */
export const CHALLENGER: DevnetAccount = accountAt(14)
/** Rules on flagged proposals and keeps the allow-list of proposers. */
export const GUARDIAN: DevnetAccount = accountAt(15)
