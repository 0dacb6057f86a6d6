import type { Hex } from './bytes.ts'

/** One account of the genesis state. Quantities are decimal strings, in wei for `balance`. */
export interface GenesisAccount {
  readonly balance?: string
  readonly nonce?: number
  readonly code?: Hex
  /** 32-byte slot → 32-byte value. */
  readonly storage?: Readonly<Record<Hex, Hex>>
}

/** All that two nodes must agree on before block 1. JSON-safe: `chain-spec.json` in the data directory is this object. */
export interface ChainSpec {
  readonly chainId: number
  readonly l1ChainId: number
  readonly genesis: {
    /** The L1 block that the L2 chain starts from. */
    readonly l1: { readonly hash: Hex; readonly number: number; readonly timestamp: number }
    /** Unix time of L2 block 0, in seconds. */
    readonly l2TimeSeconds: number
    readonly gasLimit: number
    readonly baseFeeWei: string
    readonly alloc: Readonly<Record<Hex, GenesisAccount>>
  }
  /** L2 block time in seconds. */
  readonly blockTimeSeconds: number
  /** A sequencer may keep an L1 origin while its block's time is at most this many seconds ahead of the origin's. */
  readonly maxSequencerDriftSeconds: number
  /** Batches of an epoch must land within this many L1 blocks. */
  readonly sequencerWindowBlocks: number
  /** A channel must close within this many L1 blocks of its first frame. */
  readonly channelTimeoutBlocks: number
  /** The L1 account whose inbox transactions count. */
  readonly batcherAddress: Hex
  /** The L1 address (no code) that batcher transactions are sent to. */
  readonly batchInboxAddress: Hex
  /** The OptimismPortal whose TransactionDeposited events become deposits. */
  readonly depositContractAddress: Hex
  /** Gas that inferences of one block, deposits included, may use in all. */
  readonly inferenceGasLimit: number
}
