import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { decimalOf, divideFloor, divideHalfEven, parseReal, realOfNumber } from './real.ts'

describe('parseReal', () => {
  it.each([
    ['12', 12n, 1n],
    ['-1.50', -150n, 100n],
    ['.5', 5n, 10n],
    ['5.', 5n, 1n],
    ['+3e2', 300n, 1n],
    ['5e-7', 5n, 10_000_000n],
    ['2^10', 1024n, 1n],
    ['-2^-3', -1n, 8n],
  ])('reads %s', (text, numerator, denominator) => {
    expect(parseReal(text)).toEqual({ numerator, denominator })
  })

  it.each([
    '',
    '.',
    '-',
    'e5',
    '1e',
    '1,5',
    '0x10',
    'NaN',
    'Infinity',
    ' 1',
    '1 ',
    '1e401',
    '2^1025',
    '2^',
    '1e99999',
    '9'.repeat(513),
  ])('refuses %j', (text) => {
    expect(() => parseReal(text)).toThrow(expect.objectContaining({ code: 'RealMalformed' }))
  })

  it('is the inverse of decimalOf', () => {
    const property = fc.property(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.nat(60),
      fc.nat(60),
      (n, two, five) => {
        const denominator = 2n ** BigInt(two) * 5n ** BigInt(five)
        const text = decimalOf({ numerator: n, denominator })
        expect(text).toMatch(/^-?\d+(\.\d*[1-9])?$/)
        const back = parseReal(text)
        expect(back.numerator * denominator).toBe(n * back.denominator)
      },
    )
    fc.assert(property, { numRuns: numRuns(300) })
  })

  it('takes any finite number for its shortest decimal', () => {
    const property = fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const { numerator, denominator } = realOfNumber(value)
      expect(Number(decimalOf({ numerator, denominator }))).toBe(value + 0)
    })
    fc.assert(property, { numRuns: numRuns(300) })
    expect(realOfNumber(0.1)).toEqual({ numerator: 1n, denominator: 10n })
  })
})

describe('division', () => {
  const parts = [fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 6n })] as const

  it('floors', () => {
    const property = fc.property(...parts, (a, b) => {
      const floor = divideFloor(a, b)
      expect(floor * b <= a && a < (floor + 1n) * b).toBe(true)
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })

  it('rounds to the nearest, halves to the even one', () => {
    const property = fc.property(...parts, (a, b) => {
      const twiceDistance = 2n * (divideHalfEven(a, b) * b - a)
      const magnitude = twiceDistance < 0n ? -twiceDistance : twiceDistance
      expect(magnitude <= b).toBe(true)
      if (magnitude === b) expect(divideHalfEven(a, b) % 2n).toBe(0n)
    })
    fc.assert(property, { numRuns: numRuns(300) })
    expect([1n, 3n, 5n, -1n, -3n].map((a) => divideHalfEven(a, 2n))).toEqual([0n, 2n, 2n, 0n, -2n])
  })
})
