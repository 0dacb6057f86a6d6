import type { BlockHeader } from '@ethereumjs/block'
import { RLP } from '@ethereumjs/rlp'
import { readLogCommitment } from '../executor/log-commitment.ts'
import { readAccount } from '../executor/read-state.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { L2_TO_L1_MESSAGE_PASSER } from '../protocol/constants.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { LogCommitment, LogRecord } from '../protocol/inference-log.ts'
import { type OutputRootProof, outputRootOf } from './output-root.ts'

/** All that a player may have to reveal of one block. */
export interface BlockClaims {
  readonly number: number
  readonly outputRoot: Hex
  /** Preimage of {@link BlockClaims.outputRoot}. */
  readonly output: OutputRootProof
  /** Preimage of the block hash. */
  readonly headerRlp: Uint8Array
  /** Its encoding is the preimage of the header's `extraData`. */
  readonly log: LogCommitment
  /** The inference log, `log.logCount` records. */
  readonly records: readonly LogRecord[]
}

/** What a player holds true of the L2 chain. */
export interface ChainClaims {
  /** Output root of a block. Rejects with UnavailableError where the chain has not got there, or its state is pruned. */
  outputRootAt(blockNumber: number): Promise<Hex>
  /** Everything about one block. Rejects like {@link ChainClaims.outputRootAt}. */
  blockAt(blockNumber: number): Promise<BlockClaims>
}

/** The parts of a stored chain that claims are read from. */
export interface ClaimedChain {
  readonly content: ContentReader
  getBlockByNumber(
    number: number,
  ): Promise<
    { readonly hash: Hex; readonly header: BlockHeader; readonly inferences: readonly LogRecord[] } | undefined
  >
}

/** The claims of a node about its own canonical chain. Cost of a root: one block read and one trie path. */
export function createChainClaims(chain: ClaimedChain): ChainClaims {
  const blockAt = async (number: number): Promise<BlockClaims> => {
    const block = await chain.getBlockByNumber(number)
    if (block === undefined) {
      throw new UnavailableError('BlockUnavailable', `L2 block ${number} is not derived yet`, { meta: { number } })
    }
    const { header, hash } = block
    const { storageRoot } = await readAccount(chain.content, header.stateRoot, L2_TO_L1_MESSAGE_PASSER)
    const output = {
      stateRoot: bytesToHex(header.stateRoot),
      messagePasserStorageRoot: storageRoot,
      latestBlockhash: hash,
    }
    return {
      number,
      outputRoot: outputRootOf(output),
      output,
      headerRlp: RLP.encode(header.raw()),
      log: await readLogCommitment(chain.content, header),
      records: block.inferences,
    }
  }
  return { blockAt, outputRootAt: async (number) => (await blockAt(number)).outputRoot }
}
