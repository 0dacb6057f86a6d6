import { bytesToUint } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Bytes of an EIP-4844 blob: 4096 field elements of 32 bytes. */
export const BLOB_BYTES = 4096 * 32
/** Most bytes of data in one blob: 1024 rounds of 127 bytes, less the version byte and the length. */
export const MAX_BLOB_DATA_BYTES = 1024 * 127 - 4

const ENCODING_VERSION = 0
const ROUND_BLOB_BYTES = 128
const ROUND_DATA_BYTES = 127

/**
 * Packs data into a blob (OP Stack blob encoding version 0). Four field elements make a round: their 31 low bytes carry
 * 124 bytes, the 6 free bits of their top bytes 3 more. The first round starts with the version and a 3-byte length.
 * @throws InvalidError `BlobDataTooLarge` beyond {@link MAX_BLOB_DATA_BYTES}.
 */
export function encodeBlob(data: Uint8Array): Uint8Array {
  if (data.length > MAX_BLOB_DATA_BYTES) {
    throw new InvalidError(
      'BlobDataTooLarge',
      `${data.length} bytes of data do not fit a blob: split at ${MAX_BLOB_DATA_BYTES}`,
    )
  }
  const stream = new Uint8Array(Math.ceil((data.length + 4) / ROUND_DATA_BYTES) * ROUND_DATA_BYTES)
  stream.set([ENCODING_VERSION, data.length >> 16, (data.length >> 8) & 0xff, data.length & 0xff])
  stream.set(data, 4)
  const blob = new Uint8Array(BLOB_BYTES)
  for (let round = 0; round * ROUND_DATA_BYTES < stream.length; round++) {
    packRound(
      stream.subarray(round * ROUND_DATA_BYTES, (round + 1) * ROUND_DATA_BYTES),
      blob.subarray(round * ROUND_BLOB_BYTES, (round + 1) * ROUND_BLOB_BYTES),
    )
  }
  return blob
}

/**
 * Unpacks the data of a blob. Exactly one blob decodes to given data: whatever lies beyond the length must be zero.
 * @throws InvalidError `BlobLength`, `BlobFieldElement` (a top bit set), `BlobVersion`, `BlobDataLength`, `BlobExtraneousData`.
 */
export function decodeBlob(blob: Uint8Array): Uint8Array {
  if (blob.length !== BLOB_BYTES) {
    throw new InvalidError('BlobLength', `a blob has ${BLOB_BYTES} bytes, got ${blob.length}`)
  }
  const version = blob[1] as number
  if (version !== ENCODING_VERSION) {
    throw new InvalidError('BlobVersion', `blob encoding version ${version} is not ${ENCODING_VERSION}`)
  }
  const length = bytesToUint(blob.subarray(2, 5))
  if (length > MAX_BLOB_DATA_BYTES) {
    throw new InvalidError('BlobDataLength', `blob declares ${length} bytes of data, limit ${MAX_BLOB_DATA_BYTES}`)
  }
  const rounds = Math.ceil((length + 4) / ROUND_DATA_BYTES)
  const stream = new Uint8Array(rounds * ROUND_DATA_BYTES)
  for (let round = 0; round < rounds; round++) {
    unpackRound(
      blob.subarray(round * ROUND_BLOB_BYTES, (round + 1) * ROUND_BLOB_BYTES),
      stream.subarray(round * ROUND_DATA_BYTES, (round + 1) * ROUND_DATA_BYTES),
    )
  }
  requireZero(stream, length + 4)
  requireZero(blob, rounds * ROUND_BLOB_BYTES)
  return stream.slice(4, length + 4)
}

/** 127 bytes, read as 31 ‖ x ‖ 31 ‖ y ‖ 31 ‖ z ‖ 31, into four field elements; x, y and z go to the top bytes. */
function packRound(data: Uint8Array, blob: Uint8Array): void {
  for (let element = 0; element < 4; element++) {
    blob.set(data.subarray(element * 32, element * 32 + 31), element * 32 + 1)
  }
  const x = data[31] as number
  const y = data[63] as number
  const z = data[95] as number
  blob[0] = x & 0x3f
  blob[32] = (y & 0x0f) | ((x & 0xc0) >> 2)
  blob[64] = z & 0x3f
  blob[96] = ((z & 0xc0) >> 2) | (y >> 4)
}

function unpackRound(blob: Uint8Array, data: Uint8Array): void {
  for (let element = 0; element < 4; element++) {
    if (((blob[element * 32] as number) & 0xc0) !== 0) {
      throw new InvalidError('BlobFieldElement', 'a field element of the blob has one of its two top bits set')
    }
    data.set(blob.subarray(element * 32 + 1, element * 32 + 32), element * 32)
  }
  const [a, b, c, d] = [blob[0], blob[32], blob[64], blob[96]] as [number, number, number, number]
  data[31] = a | ((b & 0x30) << 2)
  data[63] = (b & 0x0f) | ((d & 0x0f) << 4)
  data[95] = c | ((d & 0x30) << 2)
}

function requireZero(bytes: Uint8Array, from: number): void {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== 0) throw new InvalidError('BlobExtraneousData', 'the blob is not zero beyond its declared data')
  }
}
