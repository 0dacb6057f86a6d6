import { concatBytes, uintToBytes } from './bytes.ts'
import { TENSOR_DOMAIN } from './domains.ts'
import { InvalidError } from './errors.ts'
import { type Hasher, keccak256 } from './keccak.ts'
import { merkleRoot } from './merkle.ts'

/** Width of a two's-complement lane in bytes. */
export type LaneWidth = 1 | 2 | 4 | 8

/** Lanes held in the narrowest array of their width; 8-byte lanes are safe integers in a Float64Array. */
export type Lanes = Int8Array | Int16Array | Int32Array | Float64Array

/** Bytes of a tensor under one Merkle leaf; a multiple of every lane width, so that no lane straddles two chunks. */
export const CHUNK_BYTES = 256

const TWO_32 = 2 ** 32

/** Least and greatest lane of a width in bytes: two's complement, and ±(2^53 − 1) for 8. */
export function laneRange(laneBytes: LaneWidth): { readonly lo: number; readonly hi: number } {
  if (laneBytes === 8) return { lo: -Number.MAX_SAFE_INTEGER, hi: Number.MAX_SAFE_INTEGER }
  const half = 2 ** (8 * laneBytes - 1)
  return { lo: -half, hi: half - 1 }
}

/**
 * Canonical bytes of row-major lanes: big-endian two's complement, `laneBytes` each, nothing before, between or after.
 * @throws InvalidError `TensorLaneRange` naming the first lane that is not an integer of that width.
 */
export function encodeTensor(data: ArrayLike<number>, laneBytes: LaneWidth): Uint8Array {
  const { lo, hi } = laneRange(laneBytes)
  const bytes = new Uint8Array(data.length * laneBytes)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < data.length; i++) {
    const lane = data[i] as number
    if (!Number.isInteger(lane) || lane < lo || lane > hi) {
      throw new InvalidError('TensorLaneRange', `lane ${i} is ${lane}, not an integer of ${laneBytes} bytes`)
    }
    writeLane(view, i * laneBytes, lane, laneBytes)
  }
  return bytes
}

/**
 * As {@link encodeTensor} with the width of the array, for lanes that are known to be integers of it: nothing is checked.
 * Cost: one pass without a check a lane; none at all for single bytes, which share the array's memory.
 */
export function encodeLanes(data: Lanes): Uint8Array {
  if (data instanceof Int8Array) return new Uint8Array(data.buffer, data.byteOffset, data.length)
  const bytes = new Uint8Array(data.byteLength)
  const view = new DataView(bytes.buffer)
  if (data instanceof Int16Array) for (let i = 0; i < data.length; i++) view.setInt16(2 * i, data[i] as number)
  else if (data instanceof Int32Array) for (let i = 0; i < data.length; i++) view.setInt32(4 * i, data[i] as number)
  else for (let i = 0; i < data.length; i++) writeLane(view, 8 * i, data[i] as number, 8)
  return bytes
}

/**
 * Lanes of canonical bytes.
 * @param count lanes expected; the bytes must be exactly `count × laneBytes` long.
 * @throws InvalidError `TensorLength`, or `TensorLaneRange` on an 8-byte lane beyond ±(2^53 − 1).
 */
export function decodeTensor(bytes: Uint8Array, laneBytes: LaneWidth, count: number): Lanes {
  requireLength(bytes, laneBytes, count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data = emptyLanes(laneBytes, count)
  for (let i = 0; i < count; i++) data[i] = readLane(view, i * laneBytes, laneBytes)
  return data
}

/** Merkle leaves of a tensor's canonical bytes: keccak256 of each 256-byte chunk, the last one zero-padded. */
export function tensorLeaves(bytes: Uint8Array, hash: Hasher = keccak256): Uint8Array[] {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) leaves.push(hash(tensorChunk(bytes, at / CHUNK_BYTES)))
  return leaves
}

/** Chunk `index` of a tensor's canonical bytes: 256 bytes, zero-padded past the end. */
export function tensorChunk(bytes: Uint8Array, index: number): Uint8Array {
  const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
  if (chunk.length === CHUNK_BYTES) return chunk
  const padded = new Uint8Array(CHUNK_BYTES)
  padded.set(chunk)
  return padded
}

/**
 * The commitment to a tensor: keccak256(domain ‖ laneBytes u8 ‖ count u64 ‖ root of the tree over {@link tensorLeaves}).
 * Cost: about one hash of 256 bytes and one of 64 bytes a chunk.
 * @throws InvalidError `TensorLength` when the bytes are not `count × laneBytes` long.
 */
export function tensorRoot(
  bytes: Uint8Array,
  laneBytes: LaneWidth,
  count: number,
  hash: Hasher = keccak256,
): Uint8Array {
  requireLength(bytes, laneBytes, count)
  return bindTensorRoot(merkleRoot(tensorLeaves(bytes, hash), hash), laneBytes, count, hash)
}

/** Binds lane width and lane count to the root of a tensor's chunk tree; see {@link tensorRoot}. */
export function bindTensorRoot(
  treeRoot: Uint8Array,
  laneBytes: LaneWidth,
  count: number,
  hash: Hasher = keccak256,
): Uint8Array {
  return hash(concatBytes(TENSOR_DOMAIN, uintToBytes(laneBytes, 1), uintToBytes(count, 8), treeRoot))
}

function requireLength(bytes: Uint8Array, laneBytes: LaneWidth, count: number): void {
  if (bytes.length === count * laneBytes) return
  throw new InvalidError('TensorLength', `${bytes.length} bytes given for ${count} lanes of ${laneBytes} bytes`)
}

function emptyLanes(laneBytes: LaneWidth, count: number): Lanes {
  if (laneBytes === 1) return new Int8Array(count)
  if (laneBytes === 2) return new Int16Array(count)
  if (laneBytes === 4) return new Int32Array(count)
  return new Float64Array(count)
}

function writeLane(view: DataView, at: number, lane: number, laneBytes: LaneWidth): void {
  if (laneBytes === 1) view.setInt8(at, lane)
  else if (laneBytes === 2) view.setInt16(at, lane)
  else if (laneBytes === 4) view.setInt32(at, lane)
  else {
    const high = Math.floor(lane / TWO_32)
    view.setInt32(at, high)
    view.setUint32(at + 4, lane - high * TWO_32)
  }
}

function readLane(view: DataView, at: number, laneBytes: LaneWidth): number {
  if (laneBytes === 1) return view.getInt8(at)
  if (laneBytes === 2) return view.getInt16(at)
  if (laneBytes === 4) return view.getInt32(at)
  const lane = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
  if (Number.isSafeInteger(lane)) return lane
  throw new InvalidError('TensorLaneRange', `the 8-byte lane at byte ${at} is beyond ±(2^53 − 1)`)
}
