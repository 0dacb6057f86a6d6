import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { type Batch, decodeBatch, decodeBatches, encodeBatch } from './batch-codec.ts'
import { readChannel } from './channel-codec.ts'
import { createRlpReader } from './rlp-reader.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 100)

const hash: fc.Arbitrary<Hex> = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const uint48 = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const batch: fc.Arbitrary<Batch> = fc.record({
  parentHash: hash,
  epochNumber: uint48,
  epochHash: hash,
  timestamp: uint48,
  transactions: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }),
})

/** The batch inside its RLP wrapping. */
const unwrapped = (one: Batch): Uint8Array => createRlpReader(encodeBatch(one)).bytes()

describe('batch codec', () => {
  it('lays a batch out as the OP Stack does', () => {
    const a = `0x${'aa'.repeat(32)}` as const
    const b = `0x${'bb'.repeat(32)}` as const
    const one = { parentHash: a, epochNumber: 5, epochHash: b, timestamp: 0x6500, transactions: [Uint8Array.of(2, 3)] }
    const fields = `a0${a.slice(2)}05a0${b.slice(2)}826500c3820203`
    expect(bytesToHex(unwrapped(one))).toBe(`0x00f84a${fields}`)
    expect(bytesToHex(encodeBatch(one))).toBe(`0xb84d00f84a${fields}`)
  })

  it('round-trips one by one and in a channel', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const bytes = concatBytes(...batches.map(encodeBatch))
        expect([...decodeBatches(bytes)]).toEqual(batches)
        expect([...readChannel(deflateSync(bytes))]).toEqual(batches)
        for (const one of batches) expect(decodeBatch(unwrapped(one))).toEqual(one)
      }),
      { numRuns },
    )
  })

  it('accepts one encoding only: corrupted bytes are refused or encode back to themselves', () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, offset, flip) => {
        const bytes = unwrapped(one).slice()
        const at = offset % bytes.length
        bytes[at] = (bytes[at] as number) ^ flip
        try {
          expect(unwrapped(decodeBatch(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
      }),
      { numRuns: numRuns * 3 },
    )
  })

  it('refuses truncated batches and appended bytes', () => {
    fc.assert(
      fc.property(batch, fc.nat(), (one, cut) => {
        const bytes = unwrapped(one)
        expect(() => decodeBatch(bytes.subarray(0, cut % bytes.length))).toThrow(InvalidError)
        expect(() => decodeBatch(concatBytes(bytes, Uint8Array.of(0)))).toThrow(InvalidError)
      }),
      { numRuns },
    )
  })

  it('keeps the batches before a malformed one', () => {
    fc.assert(
      fc.property(batch, fc.uint8Array({ minLength: 1, maxLength: 60 }), (one, garbage) => {
        const [first, ...others] = [...decodeBatches(concatBytes(encodeBatch(one), garbage))]
        expect(first).toEqual(one)
        expect(others).toEqual([])
      }),
      { numRuns },
    )
  })

  it.each([
    ['an integer with a leading zero', '0x820001'],
    ['an integer of seven bytes', '0x8701020304050607'],
    ['a prefixed small byte', '0x8105'],
    ['a long length for a short string', '0xb80101'],
    ['a length with a leading zero', '0xb90038'],
    ['a length of 8 bytes', '0xbfffffffffffffffff'],
    ['a list where an integer belongs', '0xc0'],
    ['nothing', '0x'],
  ])('RLP: refuses %s', (_name, hex) => {
    expect(() => createRlpReader(hexToBytes(hex)).uint()).toThrow(expect.objectContaining({ code: 'RlpMalformed' }))
  })

  it('survives lists nested a hundred thousand deep', () => {
    expect([...decodeBatches(new Uint8Array(100_000).fill(0xc1))]).toEqual([])
  })
})

describe('channel', () => {
  it.each([
    ['nothing', Uint8Array.of()],
    ['brotli, which this version refuses', Uint8Array.of(1, 2, 3)],
    ['the reserved zlib method', Uint8Array.of(0x7f, 0x01, 3)],
    ['a corrupt checksum', new Uint8Array(deflateSync(Uint8Array.of(1, 2, 3))).fill(0, 10)],
  ])('holds no batch when it is %s', (_name, bytes) => {
    expect([...readChannel(bytes)]).toEqual([])
  })

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([...readChannel(bytes)]).toEqual([])
        for (const one of readChannel(deflateSync(bytes))) expect(one.transactions).toBeDefined()
      }),
      { numRuns },
    )
  })
})
