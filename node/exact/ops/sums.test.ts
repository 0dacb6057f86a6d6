import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../../test/support/random-graph.ts'
import { constantOf } from '../../../test/support/small-graph.ts'
import type { Bounds } from '../graph.ts'
import { FREE_CONSTANT_READS, MAX_CONSTANT_PASSES } from '../limits.ts'
import { packData } from '../tensor-data.ts'
import { createColumnSums, sumBounds } from './sums.ts'

const MAX = Number.MAX_SAFE_INTEGER

/** The same figures by plain enumeration, in integers of any size. */
function expectedSums(columns: readonly (readonly number[])[], x: Bounds) {
  const sum = (terms: readonly bigint[]) => terms.reduce((total, term) => total + term, 0n)
  const most = (values: readonly bigint[]) => values.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n
  const per = columns.map((weights) => {
    const greatest = weights.map((w) => BigInt(w) * BigInt(w > 0 ? x.hi : x.lo))
    const least = weights.map((w) => BigInt(w) * BigInt(w > 0 ? x.lo : x.hi))
    const positive = sum(greatest.filter((term) => term > 0n))
    const negative = sum(least.filter((term) => term < 0n))
    return { lo: sum(least), hi: sum(greatest), accumulation: most([positive, -negative]) }
  })
  return {
    lo: -most(per.map(({ lo }) => -lo)),
    hi: most(per.map(({ hi }) => hi)),
    accumulation: most(per.map(({ accumulation }) => accumulation)),
  }
}

const magnitudes = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer(), fc.maxSafeInteger())
const bounds = fc.tuple(magnitudes, magnitudes).map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) }))

describe('createColumnSums', () => {
  it('gives the exact interval and the exact partial-sum budget of every column, or figures above 2^53 − 1', () => {
    const layouts = fc.record({ outer: fc.nat(2), depth: fc.nat(3), inner: fc.nat(3) }).chain((counts) => {
      const [outer, depth, inner] = [counts.outer + 1, counts.depth + 1, counts.inner + 1]
      const lanes = fc.array(magnitudes, { minLength: outer * depth * inner, maxLength: outer * depth * inner })
      return fc.record({ outer: fc.constant(outer), depth: fc.constant(depth), inner: fc.constant(inner), lanes })
    })
    const property = fc.property(layouts, bounds, ({ outer, depth, inner, lanes }, x) => {
      const columns = Array.from({ length: outer * inner }, (_, column) =>
        Array.from({ length: depth }, (_, row) => {
          const at = (Math.floor(column / inner) * depth + row) * inner + (column % inner)
          return (lanes[at] as number) + 0
        }),
      )
      const expected = expectedSums(columns, x)
      const got = createColumnSums(0)(constantOf([outer, depth, inner], lanes), { depth, inner }, x)
      expect(got.accumulation > MAX).toBe(expected.accumulation > BigInt(MAX))
      if (got.accumulation <= MAX) {
        expect({ lo: BigInt(got.lo), hi: BigInt(got.hi), accumulation: BigInt(got.accumulation) }).toEqual(expected)
      }
    })
    fc.assert(property, { numRuns: numRuns(1000) })
  })

  it('reads columns of more than one block', () => {
    const inner = 2500
    const lanes = Array.from({ length: 3 * inner }, (_, i) => (i === 2 * inner - 1 ? -70 : i % 7))
    const got = createColumnSums(0)(constantOf([3, inner], lanes), { depth: 3, inner }, { lo: 0, hi: 10 })
    expect(got.lo).toBe(-700)
  })

  it('reads a constant once for the same layout and bounds, and limits the lanes that it reads in all', () => {
    const lanes = 2 ** 20
    const constant = { shape: [lanes], data: packData(new Int8Array(lanes)) }
    const columnSums = createColumnSums(lanes)
    const reads = MAX_CONSTANT_PASSES + FREE_CONSTANT_READS / lanes
    const read = (hi: number) => columnSums(constant, { depth: lanes, inner: 1 }, { lo: 0, hi })
    for (let hi = 0; hi < reads; hi++) read(hi)
    expect(read(0)).toEqual({ lo: 0, hi: 0, accumulation: 0 })
    expect(() => read(reads)).toThrow(expect.objectContaining({ code: 'CheckTooCostly' }))
  })
})

describe('sumBounds', () => {
  it.each([
    [3, { lo: -2, hi: 5 }, { lo: -6, hi: 15, accumulation: 15 }],
    [3, { lo: -7, hi: -5 }, { lo: -21, hi: -15, accumulation: 21 }],
    [4, { lo: 2, hi: 3 }, { lo: 8, hi: 12, accumulation: 12 }],
    [5, { lo: 0, hi: 0 }, { lo: 0, hi: 0, accumulation: 0 }],
  ])('%d terms in %o', (count, term, expected) => {
    expect(sumBounds(count, term)).toEqual(expected)
  })
})
