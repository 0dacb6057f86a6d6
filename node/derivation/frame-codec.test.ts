import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { decodeFrames, encodeFrames, type Frame } from './frame-codec.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 100)

const frame: fc.Arbitrary<Frame> = fc.record({
  channelId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToHex),
  number: fc.integer({ min: 0, max: 0xffff }),
  data: fc.uint8Array({ maxLength: 200 }),
  isLast: fc.boolean(),
})
const frames = fc.array(frame, { minLength: 1, maxLength: 5 })

describe('frame codec', () => {
  it('lays a frame out as the OP Stack does', () => {
    const id = `0x${'0102030405060708090a0b0c0d0e0f10'}` as const
    const encoded = encodeFrames([{ channelId: id, number: 0x0203, data: Uint8Array.of(0xaa, 0xbb), isLast: true }])
    expect(bytesToHex(encoded)).toBe(`0x00${id.slice(2)}0203${'00000002'}aabb01`)
  })

  it('round-trips', () => {
    fc.assert(
      fc.property(frames, (list) => {
        expect(decodeFrames(encodeFrames(list))).toEqual(list)
      }),
      { numRuns },
    )
  })

  it('refuses every truncation that does not end at a frame, and appended bytes', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (one, cut) => {
        const encoded = encodeFrames([one])
        expect(() => decodeFrames(encoded.subarray(0, cut % encoded.length))).toThrow(InvalidError)
        expect(() => decodeFrames(concatBytes(encoded, Uint8Array.of(0)))).toThrow(InvalidError)
      }),
      { numRuns },
    )
  })

  it('refuses arbitrary bytes or reads frames that encode to them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const data = concatBytes(Uint8Array.of(0), bytes)
        try {
          expect(encodeFrames(decodeFrames(data))).toEqual(data)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
      }),
      { numRuns },
    )
  })

  it.each([
    ['no data', Uint8Array.of(), 'BatcherDataVersion'],
    ['another version', Uint8Array.of(1, 2, 3), 'BatcherDataVersion'],
    ['no frame', Uint8Array.of(0), 'FrameMalformed'],
    [
      'a length of 4 GiB',
      concatBytes(new Uint8Array(19), Uint8Array.of(255, 255, 255, 255), new Uint8Array(9)),
      'FrameMalformed',
    ],
  ])('refuses %s', (_name, data, code) => {
    expect(() => decodeFrames(data)).toThrow(expect.objectContaining({ code }))
  })
})
