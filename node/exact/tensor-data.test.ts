import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { boundsOf, laneBytesFor, laneBytesOf, packData, shapeSize, stridesOf } from './tensor-data.ts'

describe('lane widths', () => {
  it.each([
    [-128, 127, 1],
    [-129, 0, 2],
    [0, 128, 2],
    [-32768, 32767, 2],
    [0, 32768, 4],
    [-(2 ** 31), 2 ** 31 - 1, 4],
    [-(2 ** 31) - 1, 0, 8],
    [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 8],
  ])('of [%d, %d] is %d', (lo, hi, laneBytes) => {
    expect(laneBytesFor({ lo, hi })).toBe(laneBytes)
  })
})

describe('packData', () => {
  it('keeps every lane, in the smallest width, and never −0', () => {
    const lanes = fc.array(fc.oneof(fc.integer({ min: -200, max: 200 }), fc.maxSafeInteger(), fc.constant(-0)), {
      minLength: 1,
    })
    const property = fc.property(lanes, (values) => {
      const data = packData(values)
      expect([...data]).toEqual(values.map((value) => value + 0))
      expect(laneBytesOf(data)).toBe(laneBytesFor(boundsOf(values)))
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })
})

describe('shapes', () => {
  it('have a size and row-major strides', () => {
    expect([shapeSize([]), stridesOf([])]).toEqual([1, []])
    expect([shapeSize([2, 3, 4]), stridesOf([2, 3, 4])]).toEqual([24, [12, 4, 1]])
  })
})
