import type { Hex } from '../protocol/bytes.ts'
import type { Frame } from './frame-codec.ts'
import { FRAME_ACCOUNTING_BYTES, MAX_CHANNEL_BYTES } from './limits.ts'

/** The channel that frames are being added to. */
interface OpenChannel {
  readonly id: Hex
  /** Number of the L1 block that held frame 0. */
  readonly openedAt: number
  readonly parts: Uint8Array[]
  sizeBytes: number
}

/** Puts the frames of L1 blocks together into channels. */
export interface ChannelAssembler {
  /** Takes the next frame in L1 order; returns the channel's bytes when this frame completes it. Never throws. */
  add(frame: Frame, l1BlockNumber: number): Uint8Array | undefined
}

/**
 * Assembles channels by the OP Stack's Holocene rules: one channel at a time, frames in order. Frame 0 always starts a
 * channel anew and discards the one before; every other frame that is not the next one of the open channel is ignored; a
 * channel that is not complete `timeoutBlocks` after its frame 0, or is too large, is dropped.
 *
 * What is open at some L1 block so depends on the last `timeoutBlocks` blocks alone, which is what makes a restart, and a
 * proof that starts in the middle of the chain, see the same channels as a node that saw it all.
 */
export function createChannelAssembler(timeoutBlocks: number): ChannelAssembler {
  let open: OpenChannel | undefined
  return {
    add(frame, l1BlockNumber) {
      if (frame.number === 0) open = { id: frame.channelId, openedAt: l1BlockNumber, parts: [], sizeBytes: 0 }
      if (open === undefined || open.id !== frame.channelId || open.parts.length !== frame.number) return undefined
      if (open.openedAt + timeoutBlocks < l1BlockNumber) {
        open = undefined
        return undefined
      }
      open.parts.push(frame.data)
      open.sizeBytes += frame.data.length + FRAME_ACCOUNTING_BYTES
      if (open.sizeBytes > MAX_CHANNEL_BYTES) {
        open = undefined
        return undefined
      }
      if (!frame.isLast) return undefined
      const channel = joinParts(open.parts)
      open = undefined
      return channel
    },
  }
}

/** Like concatBytes, without passing 65,536 parts as arguments. */
function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
