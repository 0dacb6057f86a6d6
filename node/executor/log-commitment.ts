import type { BlockHeader } from '@ethereumjs/block'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader, ContentStore } from '../protocol/content-store.ts'
import {
  blockLeaf,
  decodeLogCommitment,
  encodeLogCommitment,
  type LogCommitment,
  type LogRecord,
  logCommitmentHash,
  recordsRoot,
} from '../protocol/inference-log.ts'
import { appendToAccumulator, EMPTY_ACCUMULATOR_ROOT } from './accumulator.ts'
import { requireContent } from './content-overlay.ts'

/** The commitment behind a block's `extraData`. Cost: one content read. @throws UnavailableError `ContentMissing`. */
export async function readLogCommitment(content: ContentReader, header: BlockHeader): Promise<LogCommitment> {
  return decodeLogCommitment(await requireContent(content, header.extraData, 'log commitment'))
}

/**
 * Commits to a block's inference log and to all blocks before it: appends the parent to the parent's accumulator, stores the
 * preimage and returns the block's `extraData`. Cost: one Merkle tree over the records, at most 33 content reads.
 */
export async function commitInferenceLog(
  content: ContentStore,
  parent: BlockHeader,
  records: readonly LogRecord[],
): Promise<Uint8Array> {
  const before = await readLogCommitment(content, parent)
  const accumulatorRoot = await appendToAccumulator(
    content,
    hexToBytes(before.accumulatorRoot),
    Number(parent.number),
    blockLeaf(parent.hash(), hexToBytes(before.logRoot)),
  )
  return putCommitment(content, accumulatorRoot, records)
}

/** `extraData` of the genesis block: no record, nothing before it. */
export function commitGenesisLog(content: ContentStore): Uint8Array {
  return putCommitment(content, EMPTY_ACCUMULATOR_ROOT, [])
}

function putCommitment(content: ContentStore, accumulatorRoot: Uint8Array, records: readonly LogRecord[]): Uint8Array {
  const preimage = encodeLogCommitment({
    logRoot: bytesToHex(recordsRoot(records)),
    logCount: records.length,
    accumulatorRoot: bytesToHex(accumulatorRoot),
  })
  const hash = logCommitmentHash(preimage)
  content.put(hash, preimage)
  return hash
}
