import { encodeBlob, MAX_BLOB_DATA_BYTES } from '../derivation/blob-codec.ts'
import { encodeFrames, type Frame } from '../derivation/frame-codec.ts'
import { FRAME_OVERHEAD_BYTES } from '../derivation/limits.ts'
import type { TransactionCandidate } from '../l1/transaction-manager.ts'
import type { Hex } from '../protocol/bytes.ts'

/** Where batches travel: in blobs, or in call data where blobs are dear or absent. */
export type DataAvailability = 'blobs' | 'calldata'

/** Version byte before the frames. */
const VERSION_BYTES = 1
/** Most call data of one transaction: what L1 pools take (128 KiB), less room for the rest of the transaction. */
const MAX_CALL_DATA_BYTES = 120_000

/** Most bytes of data of a frame, one of which fills a blob or a transaction's call data. */
export function frameDataBytes(kind: DataAvailability): number {
  const limit = kind === 'blobs' ? MAX_BLOB_DATA_BYTES : MAX_CALL_DATA_BYTES
  return limit - VERSION_BYTES - FRAME_OVERHEAD_BYTES
}

/** The transactions that carry a channel's frames, in order. */
export function batchTransactions(
  kind: DataAvailability,
  inbox: Hex,
  frames: readonly Frame[],
  blobsPerTransaction: number,
): TransactionCandidate[] {
  if (kind === 'calldata') return frames.map((frame) => ({ to: inbox, data: encodeFrames([frame]) }))
  const transactions: TransactionCandidate[] = []
  for (let at = 0; at < frames.length; at += blobsPerTransaction) {
    const blobs = frames.slice(at, at + blobsPerTransaction).map((frame) => encodeBlob(encodeFrames([frame])))
    transactions.push({ to: inbox, blobs })
  }
  return transactions
}
