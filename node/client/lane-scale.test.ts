import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import {
  exactReal,
  laneAtLeast,
  laneAtMost,
  laneReader,
  laneRounder,
  laneScale,
  nearestLane,
  realOfLane,
} from './lane-scale.ts'
import { decimalOf, type ExactReal, parseReal } from './real.ts'

const decimals = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 18n }), fc.nat(30))
  .map(([digits, places]) => decimalOf({ numerator: digits, denominator: 10n ** BigInt(places) }))
const steps = fc.oneof(
  fc.constantFrom('1', '0.1', '0.01', '0.0001', '0.5', '2^-7', '2^-20', '2^3', '250'),
  fc.double({ min: 1e-12, max: 1e12, noNaN: true }).map(String),
  decimals,
)
const offsets = fc.oneof(fc.constantFrom('0', '-40', '0.5', '273.15'), decimals)
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((digits) => digits / 1000),
  fc.constantFrom(0, -0, 0.05, 0.15, 0.25, 1e21, 5e-324, -(2 ** 60)),
)

describe('nearestLane', () => {
  it.each([
    [0.1, '0.01', 10n],
    [0.15, '0.1', 2n],
    [0.25, '0.1', 2n],
    [0.35, '0.1', 4n],
    [1.005, '0.01', 100n],
    ['1.015', '0.01', 102n],
    [-0.25, '0.1', -2n],
    [2n ** 60n, '1', 2n ** 60n],
    [0.0887, '0.0001', 887n],
  ])('takes %s in steps of %s for %s', (value, step, lane) => {
    expect(nearestLane(laneScale(step, '0'), exactReal(value))).toBe(lane)
  })

  it('leaves at most half a step, and comes back from the real value of any lane', () => {
    const property = fc.property(steps, offsets, fc.maxSafeInteger(), numbers, (step, offset, lane, value) => {
      const scale = laneScale(step, offset)
      expect(nearestLane(scale, realOfLane(scale, lane))).toBe(BigInt(lane))
      const nearest = nearestLane(scale, exactReal(value))
      const distance = (at: bigint) => {
        const real = { numerator: scale.base + scale.gain * at, denominator: scale.denominator }
        return magnitudeOf(difference(real, exactReal(value)))
      }
      for (const other of [nearest - 1n, nearest + 1n]) expect(isLess(distance(other), distance(nearest))).toBe(false)
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })

  it('is what the rounder finds with floats', () => {
    const property = fc.property(steps, offsets, numbers, (step, offset, value) => {
      const scale = laneScale(step, offset)
      expect(BigInt(laneRounder(scale)(value))).toBe(nearestLane(scale, exactReal(value)))
    })
    fc.assert(property, { numRuns: numRuns(1000) })
  })

  it('is what the rounder finds about ties', () => {
    const property = fc.property(
      steps,
      offsets,
      fc.integer(),
      fc.integer({ min: -3, max: 3 }),
      (step, offset, lane, ulps) => {
        const scale = laneScale(step, offset)
        const half = {
          numerator: 2n * scale.base + scale.gain * BigInt(2 * lane + 1),
          denominator: 2n * scale.denominator,
        }
        const tie = Number(decimalOf(half))
        const value = tie + ulps * Math.abs(tie) * 2 ** -52
        expect(BigInt(laneRounder(scale)(value))).toBe(nearestLane(scale, exactReal(value)))
      },
    )
    fc.assert(property, { numRuns: numRuns(500) })
  })
})

describe('laneReader', () => {
  it('gives the number nearest to the real value', () => {
    const property = fc.property(steps, offsets, fc.oneof(fc.integer(), fc.maxSafeInteger()), (step, offset, lane) => {
      const scale = laneScale(step, offset)
      expect(laneReader(scale)(lane)).toBe(Number(decimalOf(realOfLane(scale, lane))))
    })
    fc.assert(property, { numRuns: numRuns(500) })
    expect(laneReader(laneScale('0.0001', '0'))(278)).toBe(0.0278)
  })
})

describe('laneAtLeast and laneAtMost', () => {
  it('enclose a real value', () => {
    const property = fc.property(steps, offsets, decimals, (step, offset, text) => {
      const [scale, real] = [laneScale(step, offset), parseReal(text)]
      const [above, below] = [laneAtLeast(scale, real), laneAtMost(scale, real)]
      expect([0n, 1n]).toContain(above - below)
      const at = (lane: bigint) => ({ numerator: scale.base + scale.gain * lane, denominator: scale.denominator })
      expect(isLess(real, at(below)) || isLess(at(above), real)).toBe(false)
      expect(isLess(real, at(above)) || above === below).toBe(true)
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })
})

function difference(a: ExactReal, b: ExactReal): ExactReal {
  const numerator = a.numerator * b.denominator - b.numerator * a.denominator
  return { numerator, denominator: a.denominator * b.denominator }
}

function magnitudeOf({ numerator, denominator }: ExactReal): ExactReal {
  return { numerator: numerator < 0n ? -numerator : numerator, denominator }
}

function isLess(a: ExactReal, b: ExactReal): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator
}
