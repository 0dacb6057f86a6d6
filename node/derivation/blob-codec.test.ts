import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidError } from '../protocol/errors.ts'
import { BLOB_BYTES, decodeBlob, encodeBlob, MAX_BLOB_DATA_BYTES } from './blob-codec.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 50)

/** A blob that starts with the given bytes. */
function blobOf(...head: readonly number[]): Uint8Array {
  const blob = new Uint8Array(BLOB_BYTES)
  blob.set(head)
  return blob
}

const ff = (count: number): number[] => new Array<number>(count).fill(0xff)

describe('blob codec, vectors of the OP Stack', () => {
  it.each([
    ['nothing', [], []],
    ['one zero byte', [0, 0, 0, 0, 1], [0]],
    ['ten bytes', [0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]],
    ['27 bytes fill the first element', [0, 0, 0, 0, 27, ...ff(27)], ff(27)],
    ['the 28th spills into the top bytes', [0x3f, 0, 0, 0, 28, ...ff(27), 0x30], ff(28)],
    ['32 bytes', [0x3f, 0, 0, 0, 32, ...ff(27), 0x30, ...ff(4)], ff(32)],
  ])('%s', (_name, head, data) => {
    expect(decodeBlob(blobOf(...head))).toEqual(Uint8Array.from(data))
    expect(Buffer.from(blobOf(...head)).equals(encodeBlob(Uint8Array.from(data)))).toBe(true)
  })

  it('holds 130,044 bytes and not one more', () => {
    expect(MAX_BLOB_DATA_BYTES).toBe(130_044)
    expect(decodeBlob(blobOf(0, 0, 0x01, 0xfb, 0xfc))).toEqual(new Uint8Array(130_044))
    expect(() => decodeBlob(blobOf(0, 0, 0x01, 0xfb, 0xfd))).toThrow(
      expect.objectContaining({ code: 'BlobDataLength' }),
    )
    expect(() => encodeBlob(new Uint8Array(130_045))).toThrow(expect.objectContaining({ code: 'BlobDataTooLarge' }))
  })

  it.each([
    ['another version', blobOf(0, 1), 'BlobVersion'],
    ['a top bit in the first element', blobOf(0x80), 'BlobFieldElement'],
    ['bits in the top byte beyond the data', blobOf(0x30), 'BlobExtraneousData'],
    ['a byte beyond the data', blobOf(0, 0, 0, 0, 0, 1), 'BlobExtraneousData'],
    ['too few bytes', new Uint8Array(BLOB_BYTES - 1), 'BlobLength'],
  ])('refuses %s', (_name, blob, code) => {
    expect(() => decodeBlob(blob)).toThrow(expect.objectContaining({ code }))
  })
})

describe('blob codec, properties', () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.integer({ min: MAX_BLOB_DATA_BYTES - 300, max: MAX_BLOB_DATA_BYTES }).map((n) => new Uint8Array(n).fill(0xa5)),
  )

  it('round-trips', () => {
    fc.assert(
      fc.property(data, (bytes) => {
        expect(Buffer.from(bytes).equals(decodeBlob(encodeBlob(bytes)))).toBe(true)
      }),
      { numRuns },
    )
  })

  it('gives every data one blob: a flipped bit is refused or is other data', () => {
    const at = fc.integer({ min: 0, max: 1023 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), at, fc.integer({ min: 0, max: 7 }), (bytes, offset, bit) => {
        const blob = encodeBlob(bytes)
        blob[offset] = (blob[offset] as number) ^ (1 << bit)
        try {
          expect(Buffer.from(blob).equals(encodeBlob(decodeBlob(blob)))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
      }),
      { numRuns },
    )
  })
})
