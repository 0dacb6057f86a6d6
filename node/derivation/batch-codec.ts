import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { createRlpReader } from './rlp-reader.ts'

/** What the sequencer decided about one L2 block (OP Stack singular batch). */
export interface Batch {
  /** Hash of the L2 block that it builds on. */
  readonly parentHash: Hex
  /** The L1 origin. */
  readonly epochNumber: number
  readonly epochHash: Hex
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  /** Raw signed transactions, without deposits. */
  readonly transactions: readonly Uint8Array[]
}

/** Version byte of singular batches. */
const SINGULAR_BATCH = 0x00

/** 0x00 ‖ rlp([parentHash, epochNumber, epochHash, timestamp, [transactions]]), wrapped as one RLP byte string. */
export function encodeBatch(batch: Batch): Uint8Array {
  const fields = RLP.encode([
    hexToBytes(batch.parentHash),
    batch.epochNumber,
    hexToBytes(batch.epochHash),
    batch.timestamp,
    [...batch.transactions],
  ])
  return RLP.encode(concatBytes(Uint8Array.of(SINGULAR_BATCH), fields))
}

/**
 * Reads the batches of a decompressed channel one by one, each one RLP byte string. Transactions are views into `channel`.
 * Batches before a malformed one count; it and what follows it do not, since nothing says where the next one starts.
 * Never throws on untrusted bytes.
 */
export function* decodeBatches(channel: Uint8Array): Generator<Batch, void> {
  const reader = createRlpReader(channel)
  while (!reader.isDone()) {
    let batch: Batch
    try {
      batch = decodeBatch(reader.bytes())
    } catch (error) {
      if (error instanceof InvalidError) return
      throw error
    }
    yield batch
  }
}

/** Reads one batch, without its RLP wrapping. @throws InvalidError `BatchVersion`, `BatchMalformed`, `RlpMalformed`. */
export function decodeBatch(bytes: Uint8Array): Batch {
  if (bytes[0] !== SINGULAR_BATCH) {
    throw new InvalidError('BatchVersion', `batch version ${bytes[0] ?? 'missing'} is not ${SINGULAR_BATCH} (singular)`)
  }
  const outer = createRlpReader(bytes.subarray(1))
  const fields = outer.list()
  const parentHash = hash(fields.bytes())
  const epochNumber = fields.uint()
  const epochHash = hash(fields.bytes())
  const timestamp = fields.uint()
  const list = fields.list()
  const transactions: Uint8Array[] = []
  while (!list.isDone()) transactions.push(list.bytes())
  if (!fields.isDone() || !outer.isDone()) throw new InvalidError('BatchMalformed', 'the batch has extra items')
  return { parentHash, epochNumber, epochHash, timestamp, transactions }
}

function hash(bytes: Uint8Array): Hex {
  if (bytes.length !== 32) throw new InvalidError('BatchMalformed', `a hash of ${bytes.length} bytes`)
  return bytesToHex(bytes)
}
