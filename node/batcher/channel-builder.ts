import { Zlib } from 'fflate'
import { type Batch, encodeBatch } from '../derivation/batch-codec.ts'
import type { Frame } from '../derivation/frame-codec.ts'
import { MAX_CHANNEL_BYTES } from '../derivation/limits.ts'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'

/** Compresses batches into a channel, one after the other. */
export interface ChannelBuilder {
  /** Number of batches so far. */
  readonly batchCount: number
  /** Upper bound of the channel's size when it were closed now, in bytes. */
  readonly sizeBytes: number
  /** Whether one more batch would make the channel too large for derivation. */
  hasRoomFor(batch: Batch): boolean
  add(batch: Batch): void
  /** Ends the channel and cuts it into frames of at most `frameDataBytes` of data. */
  close(frameDataBytes: number): Frame[]
}

/** Header, checksum and block ends of a zlib stream. */
const ZLIB_OVERHEAD_BYTES = 64
const MAX_FRAMES = 0x10000

/** @param channelId 16 bytes, never used before. @param level of compression, 0 to 9. */
export function createChannelBuilder(channelId: Hex, level: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 = 6): ChannelBuilder {
  if (hexToBytes(channelId).length !== 16) throw new BugError('a channel id has 16 bytes')
  const parts: Uint8Array[] = []
  let compressedBytes = 0
  let rawBytes = 0
  // What went in since the compressor last gave something out counts in full.
  let pendingBytes = 0
  let batchCount = 0
  const zlib = new Zlib({ level }, (part) => {
    parts.push(part.slice())
    compressedBytes += part.length
    pendingBytes = 0
  })
  return {
    get batchCount() {
      return batchCount
    },
    get sizeBytes() {
      return compressedBytes + pendingBytes + ZLIB_OVERHEAD_BYTES
    },
    hasRoomFor: (batch) => rawBytes + encodeBatch(batch).length <= MAX_CHANNEL_BYTES,
    add(batch) {
      const bytes = encodeBatch(batch)
      rawBytes += bytes.length
      pendingBytes += bytes.length
      batchCount++
      zlib.push(bytes, false)
    },
    close(frameDataBytes) {
      zlib.push(new Uint8Array(), true)
      return cutFrames(channelId, Buffer.concat(parts), frameDataBytes)
    },
  }
}

function cutFrames(channelId: Hex, data: Uint8Array, frameDataBytes: number): Frame[] {
  const count = Math.ceil(data.length / frameDataBytes)
  if (count > MAX_FRAMES) throw new BugError(`a channel of ${data.length} bytes has too many frames`)
  return Array.from({ length: count }, (_, number) => ({
    channelId,
    number,
    data: data.subarray(number * frameDataBytes, (number + 1) * frameDataBytes),
    isLast: number === count - 1,
  }))
}
