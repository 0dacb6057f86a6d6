import { InvalidError } from '../protocol/errors.ts'
import { type Batch, decodeBatches } from './batch-codec.ts'
import { inflateZlib } from './inflate.ts'
import { MAX_CHANNEL_BYTES } from './limits.ts'

/**
 * The batches of an assembled channel, in order. A channel is a zlib stream, told by its first byte, whose low nibble is 8
 * (another first byte, such as 1 for brotli, is free for later versions and refused by this one). A channel that is not
 * wholly sound, or holds more than {@link MAX_CHANNEL_BYTES}, holds no batch. Never throws on untrusted bytes.
 */
export function* readChannel(channel: Uint8Array): Generator<Batch, void> {
  let bytes: Uint8Array
  try {
    bytes = inflateZlib(channel, MAX_CHANNEL_BYTES)
  } catch (error) {
    if (error instanceof InvalidError) return
    throw error
  }
  yield* decodeBatches(bytes)
}
