import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hex, hexToBytes, uintToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { LOG_DEPTH, type LogRecord, recordsRoot } from '../protocol/inference-log.ts'
import { recordLeaf } from '../protocol/inference-roots.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { verifyMerkleProof } from '../protocol/merkle.ts'
import {
  boundariesOf,
  dissect,
  dissectionRoot,
  findDisagreement,
  openSegment,
  partsOf,
  segmentRoot,
} from './dissection.ts'
import { createLogPrefixes } from './log-prefixes.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 100)
const hashOf = (seed: number): Hex => bytesToHex(keccak256(uintToBytes(seed, 8)))
const range = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 40 }))
  .map(([lo, width]) => ({ lo, hi: lo + width }))

describe('a dissection', () => {
  it('covers its range with segments of nearly equal width, at most 32', () => {
    fc.assert(
      fc.property(range, ({ lo, hi }) => {
        const boundaries = boundariesOf({ lo, hi })
        expect([boundaries[0], boundaries.at(-1)]).toEqual([lo, hi])
        expect(boundaries).toHaveLength(partsOf({ lo, hi }) + 1)
        const widths = boundaries.slice(1).map((end, i) => end - (boundaries[i] as number))
        expect(Math.min(...widths)).toBeGreaterThanOrEqual(1)
        expect(Math.max(...widths) - Math.min(...widths)).toBeLessThanOrEqual(1)
      }),
      { numRuns },
    )
  })

  it('refuses a range that holds nothing', () => {
    expect(() => partsOf({ lo: 3, hi: 3 })).toThrow(BugError)
  })

  it('opens every segment under its root', async () => {
    for (const width of [1, 2, 31, 32, 33]) {
      const dissection = await dissect({ lo: 7, hi: 7 + width }, hashOf(7), async (position) => hashOf(position))
      const root = dissectionRoot(dissection)
      for (let i = 0; i < partsOf(dissection); i++) {
        const segment = openSegment(dissection, i)
        expect(segmentRoot(segment, Math.min(width, 32))).toBe(root)
        expect([segment.start, segment.end]).toEqual([hashOf(segment.lo), hashOf(segment.hi)])
      }
    }
  })

  it('opens no other segment under its root', () => {
    const arbitrary = fc.tuple(fc.integer({ min: 1, max: 32 }), fc.nat(), fc.nat(), fc.nat())
    const property = fc.property(arbitrary, ([parts, at, field, seed]) => {
      const hashes = Array.from({ length: parts + 1 }, (_, i) => hashOf(i))
      const dissection = { lo: 0, hi: parts, hashes }
      const segment = openSegment(dissection, at % parts)
      const other = hashOf(1_000 + (seed % 1_000))
      const { siblings } = segment
      const broken = [
        { ...segment, start: other },
        { ...segment, end: other },
        { ...segment, index: (segment.index + 1) % (parts + 1) },
        { ...segment, siblings: [...siblings, other] },
        { ...segment, siblings: siblings.slice(1) },
        { ...segment, siblings: siblings.map((hash, i) => (i === seed % siblings.length ? other : hash)) },
      ][field % 6] as typeof segment
      if (JSON.stringify(broken) === JSON.stringify(segment)) return
      expect(segmentRoot(broken, parts)).not.toBe(dissectionRoot(dissection))
    })
    fc.assert(property, { numRuns })
  })

  it('is cut where truth turns false, whatever lies between', async () => {
    const arbitrary = fc.array(fc.boolean(), { minLength: 1, maxLength: 32 })
    const property = fc.asyncProperty(arbitrary, async (truths) => {
      const claims = [true, ...truths.slice(1), false]
      const hashes = claims.map((isTrue, i) => hashOf(isTrue ? i : 1_000 + i))
      const segment = await findDisagreement({ lo: 0, hi: claims.length - 1, hashes }, async (i) => hashOf(i))
      expect([claims[segment as number], claims[(segment as number) + 1]]).toEqual([true, false])
    })
    await fc.assert(property, { numRuns })
  })

  it('is left alone where its end is true', async () => {
    const hashes = [hashOf(0), hashOf(99), hashOf(2)]
    expect(await findDisagreement({ lo: 0, hi: 2, hashes }, async (i) => hashOf(i))).toBeUndefined()
  })
})

describe('the prefixes of a log', () => {
  const records = Array.from(
    { length: 37 },
    (_, i): LogRecord => ({ modelId: hashOf(1), inputRoot: hashOf(i), outputRoot: hashOf(i + 500) }),
  )

  it('have the roots of the logs that hold just them', () => {
    const prefixes = createLogPrefixes(records)
    for (let i = 0; i <= 40; i++) {
      expect(prefixes.prefixRoot(i)).toBe(bytesToHex(recordsRoot(records.slice(0, i))))
    }
  })

  it('prove every record, and that none follows', () => {
    const prefixes = createLogPrefixes(records)
    const root = recordsRoot(records)
    records.forEach(({ modelId, inputRoot, outputRoot }, i) => {
      const leaf = recordLeaf(hexToBytes(modelId), hexToBytes(inputRoot), hexToBytes(outputRoot))
      const proof = prefixes.siblings(i).map(hexToBytes)
      expect(proof).toHaveLength(LOG_DEPTH)
      expect(verifyMerkleProof(root, leaf, i, proof)).toBe(true)
    })
    expect(verifyMerkleProof(root, new Uint8Array(32), 37, prefixes.siblings(37).map(hexToBytes))).toBe(true)
  })
})
