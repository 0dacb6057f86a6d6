import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytePair } from './byte-operands.ts'

const RUNS = { numRuns: Number(process.env.FC_NUM_RUNS ?? 500) }

/** Bounds within ±300, as `[lo, hi]`. */
const bounds = fc
  .tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 520 }))
  .map(([lo, width]) => ({ lo, hi: lo + width }))

describe('bytePair', () => {
  it.each([
    ['u8 × |w| ≤ 64', { lo: 0, hi: 255 }, { lo: -64, hi: 64 }, 'u8s8'],
    ['u8 × |w| = 65 could saturate', { lo: 0, hi: 255 }, { lo: -65, hi: 64 }, 'u8u8'],
    ['u7 × s8', { lo: 0, hi: 127 }, { lo: -128, hi: 127 }, 'u8s8'],
    ['2 · 129 · 127 = 2^15 − 2', { lo: 0, hi: 129 }, { lo: -127, hi: 127 }, 'u8s8'],
    ['2 · 130 · 127 > 2^15 − 1', { lo: 0, hi: 130 }, { lo: -127, hi: 127 }, 'u8u8'],
    ['signed activations are shifted', { lo: -64, hi: 63 }, { lo: -128, hi: 127 }, 'u8s8'],
    ['shifted as far as a full byte', { lo: -128, hi: 127 }, { lo: -65, hi: 0 }, 'u8u8'],
    ['a range of 257', { lo: -1, hi: 255 }, { lo: 0, hi: 1 }, undefined],
    ['out of reach of a zero point', { lo: 1, hi: 256 }, { lo: 0, hi: 1 }, undefined],
    ['right operand too wide', { lo: 0, hi: 1 }, { lo: -128, hi: 128 }, undefined],
  ])('%s', (_, left, right, kernel) => {
    expect(bytePair(left, right, 16)?.kernel).toBe(kernel)
  })

  it('refuses raw sums beyond int32', () => {
    const [left, right] = [
      { lo: 0, hi: 255 },
      { lo: 0, hi: 255 },
    ]
    expect(bytePair(left, right, 33_025)?.kernel).toBe('u8u8')
    expect(bytePair(left, right, 33_026)).toBeUndefined()
  })

  it('stores every value and the padding in a byte, and never lets a pair sum saturate', () => {
    fc.assert(
      fc.property(bounds, bounds, fc.integer({ min: 1, max: 2 ** 22 }), (left, right, fanIn) => {
        const pair = bytePair(left, right, fanIn)
        if (pair === undefined) return
        for (const [range, operand] of [
          [left, pair.left],
          [right, pair.right],
        ] as const) {
          const [lo, hi] = operand.dtype === 'uint8' ? [0, 255] : [-128, 127]
          expect(range.lo + operand.offset).toBeGreaterThanOrEqual(lo)
          expect(range.hi + operand.offset).toBeLessThanOrEqual(hi)
          expect(operand.offset).toBeLessThanOrEqual(255)
        }
        expect(fanIn * pair.left.maxStored * pair.right.maxStored).toBeLessThan(2 ** 31)
        if (pair.kernel === 'u8s8') expect(2 * pair.left.maxStored * pair.right.maxStored).toBeLessThan(2 ** 15)
      }),
      RUNS,
    )
  })
})
