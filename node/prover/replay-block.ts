import type { BlockHeader } from '@ethereumjs/block'
import { ContentOverlay } from '../executor/content-overlay.ts'
import { executeBlock } from '../executor/execute-block.ts'
import type { BlockAttributes, ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError } from '../protocol/errors.ts'
import { inputRoot } from '../protocol/inference-roots.ts'
import type { Infer, ModelManifest } from '../protocol/model-manifest.ts'

const DEPOSIT_TYPE = 0x7e

/** A block to execute again, and what lies below it. */
export interface Replay {
  readonly spec: ChainSpec
  /** Read only: what the execution writes is dropped. */
  readonly content: ContentReader
  readonly infer: Infer
  readonly parent: BlockHeader
  readonly block: Pick<ExecutedBlock, 'header' | 'transactions'>
}

/** One inference with its canonical input bytes. */
export interface ReplayedInference {
  readonly manifest: ModelManifest
  readonly input: Uint8Array
}

/**
 * Executes a stored block's transactions again, on inference of the caller's choice; the outcome equals the block where that
 * inference agrees with the one it was built on. Rejects with UnavailableError when state or inference cannot be had.
 */
export function replayBlock({ spec, content, infer, parent, block }: Replay): Promise<ExecutedBlock> {
  const { header, transactions } = block
  const isForced = ({ type }: { readonly type: number }) => type === DEPOSIT_TYPE
  const attributes: BlockAttributes = {
    timestamp: Number(header.timestamp),
    gasLimit: Number(header.gasLimit),
    feeRecipient: header.coinbase.toString(),
    prevRandao: bytesToHex(header.mixHash),
    parentBeaconBlockRoot: bytesToHex(header.parentBeaconBlockRoot ?? new Uint8Array(32)),
    forcedTransactions: transactions.filter(isForced).map(({ raw }) => raw),
  }
  const sequenced = transactions.filter((transaction) => !isForced(transaction)).map(({ raw }) => raw)
  return executeBlock(spec, { content: new ContentOverlay(content), infer }, parent, attributes, sequenced)
}

/**
 * Finds one inference of a block by executing the block again: the log holds roots only, a trace needs the bytes.
 * @throws BugError when the block makes no such inference.
 */
export async function findInference(
  replay: Replay,
  wanted: { readonly modelId: Hex; readonly inputRoot: Hex },
): Promise<ReplayedInference> {
  let found: ReplayedInference | undefined
  const infer: Infer = (manifest, input) => {
    const isWanted =
      manifest.modelId === wanted.modelId && bytesToHex(inputRoot(manifest.inputs, input)) === wanted.inputRoot
    if (isWanted) found = { manifest, input: input.slice() }
    return replay.infer(manifest, input)
  }
  await replayBlock({ ...replay, infer })
  if (found !== undefined) return found
  const number = Number(replay.block.header.number)
  throw new BugError(`block ${number} makes no inference of model ${wanted.modelId} on ${wanted.inputRoot}`)
}
