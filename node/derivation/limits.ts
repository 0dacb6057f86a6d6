/** Version byte before the frames in the data of a batcher transaction (OP Stack derivation version 0). */
export const DERIVATION_VERSION = 0x00
/** Most bytes of data in one frame (OP Stack MaxFrameLen). */
export const MAX_FRAME_DATA_BYTES = 1_000_000
/** Bytes of a frame besides its data: channel id 16, frame number 2, length 4, is_last 1. */
export const FRAME_OVERHEAD_BYTES = 23
/** What each frame counts for beyond its data when a channel's size is limited (OP Stack frame_size). */
export const FRAME_ACCOUNTING_BYTES = 200
/** Most bytes of a channel, both as frames and decompressed (OP Stack MAX_RLP_BYTES_PER_CHANNEL since Fjord). */
export const MAX_CHANNEL_BYTES = 100_000_000
/** Most bytes of batches that wait for the blocks before them; the latest to come are dropped beyond it. */
export const MAX_WAITING_BATCH_BYTES = 256_000_000
/** What each waiting batch counts for beyond its transactions. */
export const BATCH_ACCOUNTING_BYTES = 1024
