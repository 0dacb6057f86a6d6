import { bytesToHex, bytesToUint, concatBytes, type Hex, hexToBytes, uintToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { DERIVATION_VERSION, FRAME_OVERHEAD_BYTES, MAX_FRAME_DATA_BYTES } from './limits.ts'

/** A piece of a channel. */
export interface Frame {
  /** 16 bytes. */
  readonly channelId: Hex
  /** Position in the channel, from 0. */
  readonly number: number
  readonly data: Uint8Array
  readonly isLast: boolean
}

const CHANNEL_ID_BYTES = 16
/** Offset of the frame's data: after channel id, number (u16) and length (u32). */
const DATA_OFFSET = 22

/** channel_id(16) ‖ number(u16) ‖ length(u32) ‖ data ‖ is_last(1). @throws InvalidError `FrameMalformed`. */
export function encodeFrame(frame: Frame): Uint8Array {
  const id = hexToBytes(frame.channelId)
  if (id.length !== CHANNEL_ID_BYTES || frame.data.length > MAX_FRAME_DATA_BYTES) {
    throw new InvalidError(
      'FrameMalformed',
      `a frame has a 16-byte id and at most ${MAX_FRAME_DATA_BYTES} bytes of data`,
    )
  }
  const last = Uint8Array.of(frame.isLast ? 1 : 0)
  return concatBytes(id, uintToBytes(frame.number, 2), uintToBytes(frame.data.length, 4), frame.data, last)
}

/** The data of one batcher transaction or blob: the version byte, then the frames. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  return concatBytes(Uint8Array.of(DERIVATION_VERSION), ...frames.map(encodeFrame))
}

/**
 * Reads the frames of one batcher transaction or blob. All or nothing: one malformed frame spoils the whole data.
 * The frames' data are views into `data`.
 * @throws InvalidError `BatcherDataVersion` on another version byte, `FrameMalformed` otherwise.
 */
export function decodeFrames(data: Uint8Array): Frame[] {
  if (data[0] !== DERIVATION_VERSION) {
    throw new InvalidError('BatcherDataVersion', `batcher data starts with ${data[0] ?? 'nothing'}, not the version 0`)
  }
  if (data.length === 1) throw new InvalidError('FrameMalformed', 'batcher data holds no frame')
  const frames: Frame[] = []
  for (let at = 1; at < data.length; ) {
    const frame = decodeFrame(data.subarray(at))
    frames.push(frame)
    at += frame.data.length + FRAME_OVERHEAD_BYTES
  }
  return frames
}

function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < FRAME_OVERHEAD_BYTES) {
    throw new InvalidError('FrameMalformed', `${bytes.length} bytes are too few for a frame`)
  }
  const length = bytesToUint(bytes.subarray(18, DATA_OFFSET))
  if (length > MAX_FRAME_DATA_BYTES || bytes.length < length + FRAME_OVERHEAD_BYTES) {
    throw new InvalidError('FrameMalformed', `frame declares ${length} bytes of data, which are not there or too many`)
  }
  const last = bytes[DATA_OFFSET + length] as number
  if (last > 1) throw new InvalidError('FrameMalformed', `is_last is ${last}, not 0 or 1`)
  return {
    channelId: bytesToHex(bytes.subarray(0, CHANNEL_ID_BYTES)),
    number: bytesToUint(bytes.subarray(CHANNEL_ID_BYTES, 18)),
    data: bytes.subarray(DATA_OFFSET, DATA_OFFSET + length),
    isLast: last === 1,
  }
}
