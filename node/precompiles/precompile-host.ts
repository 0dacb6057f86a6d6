import type { Hex } from '../protocol/bytes.ts'
import type { ContentStore } from '../protocol/content-store.ts'
import type { Hasher } from '../protocol/keccak.ts'
import type { Infer, ModelCounters, ModelManifest } from '../protocol/model-manifest.ts'
import type { InferenceLedger } from './inference-ledger.ts'

/** The call that runs a precompile, as far as Ethereum's own precompiles are not told. */
export interface PrecompileCall {
  /** Account that made the call; the executing contract for DELEGATECALL, too. */
  readonly caller: Hex
  /** Wei moved by the call: none for STATICCALL and DELEGATECALL. */
  readonly value: bigint
  readonly isStatic: boolean
  /** Whether it is a plain CALL or STATICCALL to the precompile's own address, not DELEGATECALL or CALLCODE. */
  readonly isDirect: boolean
}

/** Gas prices of inference and of models: a fork's schedule. */
export interface PrecompilePrices {
  /** Dispatch, activity check and range scan: what a bad call keeps. @param inputBytes scanned bytes. */
  scanGas(inputBytes: number): bigint
  inferenceGas(counters: ModelCounters): bigint
  firstUseGas(counters: ModelCounters): bigint
  storeChunkGas(chunkBytes: number): bigint
  activationGas(graphBytes: number): bigint
  activationWorkGas(work: Pick<ModelCounters, 'opCount' | 'constantBytes'>): bigint
  selfTestGas(counters: ModelCounters): bigint
}

/** What the precompiles of one block are given. */
export interface PrecompileHost {
  readonly content: ContentStore
  readonly infer: Infer
  readonly prices: PrecompilePrices
  /** keccak256, as fast as this node has it. */
  readonly hash: Hasher
  readonly ledger: InferenceLedger
  /** Manifests decoded so far in this block. */
  readonly manifests: Map<Hex, ModelManifest>
  /** A 32-byte slot of the state as it is now, left-padded to 32 bytes. */
  readStorage(address: Hex, slot: Uint8Array): Promise<Uint8Array>
  /** The call in progress. */
  currentCall(): PrecompileCall
}
