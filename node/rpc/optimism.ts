import type { L1BlockRef } from '../derivation/l1-block.ts'
import { type L2BlockRef, l2BlockRef } from '../derivation/l2-block-ref.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { L2_TO_L1_MESSAGE_PASSER } from '../protocol/constants.ts'
import { BugError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { type ChainHeader, type ChainReader, requireHeader } from './chain-reader.ts'
import { blockNumber } from './ethereum-codecs.ts'
import type { RpcObject } from './format-transaction.ts'
import { method, type RpcMethod, required } from './method.ts'
import type { StateReader } from './state-reader.ts'

/** What this node knows of L1. */
export interface L1Status {
  /** The block up to which this node has derived L2. */
  readonly current: L1BlockRef
  readonly head: L1BlockRef
  readonly safe: L1BlockRef
  readonly finalized: L1BlockRef
}

/** What the rollup methods read. */
export interface OptimismDeps {
  readonly spec: ChainSpec
  readonly chain: ChainReader
  readonly state: StateReader
  readonly version: string
  /** Rejects with UnavailableError when L1 cannot be reached. */
  l1Status(): Promise<L1Status>
}

/** op-node's rollup namespace; numbers are JSON numbers, as there. */
export function optimismMethods(deps: OptimismDeps): RpcMethod[] {
  return [
    method('optimism_syncStatus', { summary: 'Heads of both chains as this node has them.' }, () => syncStatus(deps)),
    method(
      'optimism_outputAtBlock',
      { summary: 'Output root (version 0) of an L2 block.', params: [required('block', blockNumber)] },
      async (id) => outputAtBlock(deps, await requireHeader(deps.chain, id)),
    ),
    method('optimism_rollupConfig', { summary: 'What the chain was set up with.' }, () => rollupConfig(deps)),
    method('optimism_version', { summary: 'Version of this software.' }, () => `v${deps.version}`),
  ]
}

async function syncStatus({ spec, chain, l1Status }: OptimismDeps): Promise<RpcObject> {
  const { current, head, safe, finalized } = await l1Status()
  const refOf = async (label: 'unsafe' | 'safe' | 'finalized') =>
    formatL2(await refOfHeader(spec, chain, await chain.head(label)))
  const unsafeL2 = await refOf('unsafe')
  const safeL2 = await refOf('safe')
  return {
    current_l1: formatL1(current),
    current_l1_finalized: formatL1(finalized),
    head_l1: formatL1(head),
    safe_l1: formatL1(safe),
    finalized_l1: formatL1(finalized),
    unsafe_l2: unsafeL2,
    safe_l2: safeL2,
    finalized_l2: await refOf('finalized'),
    pending_safe_l2: safeL2,
    cross_unsafe_l2: unsafeL2,
    local_safe_l2: safeL2,
  }
}

async function outputAtBlock(deps: OptimismDeps, at: ChainHeader): Promise<RpcObject> {
  const { stateRoot } = at.header
  const { storageRoot } = await deps.state.account(stateRoot, L2_TO_L1_MESSAGE_PASSER)
  const version = new Uint8Array(32)
  const preimage = concatBytes(version, stateRoot, hexToBytes(storageRoot), hexToBytes(at.hash))
  return {
    version: bytesToHex(version),
    outputRoot: bytesToHex(keccak256(preimage)),
    blockRef: formatL2(await refOfHeader(deps.spec, deps.chain, at)),
    withdrawalStorageRoot: storageRoot,
    stateRoot: bytesToHex(stateRoot),
    syncStatus: await syncStatus(deps),
  }
}

async function refOfHeader(
  spec: ChainSpec,
  chain: ChainReader,
  { hash, number, header }: ChainHeader,
): Promise<L2BlockRef> {
  const block = await chain.block(hash)
  if (block === undefined) throw new BugError(`block ${number} has a header and no body`)
  const parentHash = bytesToHex(header.parentHash)
  const firstTransaction = block.transactions[0]?.raw
  return l2BlockRef(spec, { hash, number, parentHash, timestamp: Number(header.timestamp), firstTransaction })
}

async function rollupConfig({ spec, chain }: OptimismDeps): Promise<RpcObject> {
  const genesis = await requireHeader(chain, { kind: 'number', number: 0 })
  const zero: Hex = `0x${'00'.repeat(32)}`
  return {
    genesis: {
      l1: { hash: spec.genesis.l1.hash, number: spec.genesis.l1.number },
      l2: { hash: genesis.hash, number: 0 },
      l2_time: spec.genesis.l2TimeSeconds,
      system_config: {
        batcherAddr: spec.batcherAddress,
        overhead: zero,
        scalar: zero,
        gasLimit: spec.genesis.gasLimit,
      },
    },
    block_time: spec.blockTimeSeconds,
    max_sequencer_drift: spec.maxSequencerDriftSeconds,
    seq_window_size: spec.sequencerWindowBlocks,
    channel_timeout: spec.channelTimeoutBlocks,
    l1_chain_id: spec.l1ChainId,
    l2_chain_id: spec.chainId,
    regolith_time: 0,
    canyon_time: 0,
    delta_time: null,
    ecotone_time: 0,
    fjord_time: 0,
    batch_inbox_address: spec.batchInboxAddress,
    deposit_contract_address: spec.depositContractAddress,
    l1_system_config_address: `0x${'00'.repeat(20)}`,
  }
}

function formatL1({ hash, number, parentHash, timestamp }: L1BlockRef): RpcObject {
  return { hash, number, parentHash, timestamp }
}

function formatL2({ hash, number, parentHash, timestamp, l1Origin, sequenceNumber }: L2BlockRef): RpcObject {
  return { hash, number, parentHash, timestamp, l1origin: l1Origin, sequenceNumber }
}
