import { constants, deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { inflateZlib } from './inflate.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const LIMIT = 1_000_000

const text = fc.array(fc.constantFrom('to be ', 'or not ', 'a', 'bb', '\n'), { maxLength: 400 }).map((words) => {
  return Uint8Array.from(Buffer.from(words.join('')))
})
const data = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  text,
  fc.nat(70_000).map((n) => new Uint8Array(n)),
)
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
    constants.Z_FILTERED,
  ),
  windowBits: fc.integer({ min: 9, max: 15 }),
})

describe('inflate', () => {
  it('undoes zlib at every level, strategy and window', () => {
    fc.assert(
      fc.property(data, options, (bytes, settings) => {
        expect(Buffer.from(inflateZlib(deflateSync(bytes, settings), LIMIT)).equals(bytes)).toBe(true)
      }),
      { numRuns },
    )
  })

  it('decides corrupted streams as zlib does', () => {
    fc.assert(
      fc.property(data, options, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, settings, offset, flip) => {
        const stream = new Uint8Array(deflateSync(bytes, settings))
        const at = offset % Math.min(stream.length, 200)
        stream[at] = (stream[at] as number) ^ flip
        expect(decide(() => inflateZlib(stream, LIMIT))).toEqual(decide(() => exactInflate(stream)))
      }),
      { numRuns: numRuns * 5 },
    )
  })

  it('refuses every truncation, and appended bytes', () => {
    fc.assert(
      fc.property(text, fc.nat(), (bytes, cut) => {
        const stream = deflateSync(bytes)
        expect(() => inflateZlib(stream.subarray(0, cut % stream.length), LIMIT)).toThrow(InvalidError)
        const longer = concatBytes(stream, Uint8Array.of(0))
        expect(() => inflateZlib(longer, LIMIT)).toThrow(expect.objectContaining({ code: 'InflateTrailing' }))
      }),
      { numRuns },
    )
  })

  it('stops a decompression bomb at the limit', () => {
    const bomb = deflateSync(new Uint8Array(50_000_000))
    expect(bomb.length).toBeLessThan(60_000)
    expect(() => inflateZlib(bomb, LIMIT)).toThrow(expect.objectContaining({ code: 'InflateTooLarge' }))
    expect(inflateZlib(deflateSync(new Uint8Array(LIMIT)), LIMIT)).toHaveLength(LIMIT)
  })
})

/** zlib's own verdict, with bytes after the end refused as well. */
function exactInflate(stream: Uint8Array): Uint8Array {
  const { buffer, engine } = inflateSync(stream, { info: true, maxOutputLength: LIMIT }) as unknown as {
    buffer: Uint8Array
    engine: { bytesWritten: number }
  }
  if (engine.bytesWritten !== stream.length) throw new Error('trailing bytes')
  return buffer
}

function decide(inflate: () => Uint8Array): string {
  try {
    return Buffer.from(inflate()).toString('hex')
  } catch {
    return 'refused'
  }
}
