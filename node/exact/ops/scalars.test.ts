import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numRuns } from '../../../test/support/random-graph.ts'
import { floorDivide, ISQRT_LIMIT, integerSqrt, shiftRight } from './scalars.ts'

it('rounds like integer arithmetic, over all safe integers and shifts, ties included', () => {
  const tie = fc
    .tuple(fc.integer(), fc.integer({ min: 1, max: 52 }))
    .map(([m, bits]) => [(m * 2 + 1) * 2 ** (bits - 1), bits])
  const pairs = fc.oneof(fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 1, max: 52 })), tie)
  const property = fc.property(pairs, ([x = 0, bits = 1]) => {
    fc.pre(Number.isSafeInteger(x))
    const unit = 1n << BigInt(bits)
    const floor = BigInt(x) >> BigInt(bits)
    const doubled = 2n * (BigInt(x) - floor * unit)
    const nearest = doubled > unit || (doubled === unit && floor % 2n !== 0n) ? floor + 1n : floor
    expect(shiftRight(x, bits, 'floor')).toBe(Number(floor))
    expect(shiftRight(x, bits, 'half-even')).toBe(Number(nearest))
  })
  fc.assert(property, { numRuns: numRuns(2000) })
})

it('divides like integer arithmetic, towards −∞, over all safe integers', () => {
  const divisor = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
  const multiple = fc
    .tuple(fc.maxSafeInteger(), divisor, fc.integer({ min: -1, max: 1 }))
    .map(([a, b, off]) => [a - (a % b) + off, b])
  const property = fc.property(fc.oneof(fc.tuple(fc.maxSafeInteger(), divisor), multiple), ([a = 0, b = 1]) => {
    fc.pre(Number.isSafeInteger(a))
    const quotient = BigInt(a) / BigInt(b)
    const floor = quotient * BigInt(b) > BigInt(a) ? quotient - 1n : quotient
    expect(floorDivide(a, b)).toBe(Number(floor))
  })
  fc.assert(property, { numRuns: numRuns(2000) })
})

it('takes the root that integers take, next to squares too', () => {
  const nextToSquare = fc.tuple(fc.integer({ min: 1, max: 2 ** 26 - 1 }), fc.integer({ min: -1, max: 1 }))
  const radicand = fc.oneof(
    fc.integer({ min: 0, max: ISQRT_LIMIT - 1 }),
    nextToSquare.map(([root, off]) => root * root + off),
    fc.constant(ISQRT_LIMIT - 1),
  )
  const property = fc.property(radicand, (x) => {
    const root = BigInt(integerSqrt(x))
    expect(root ** 2n <= BigInt(x) && (root + 1n) ** 2n > BigInt(x)).toBe(true)
  })
  fc.assert(property, { numRuns: numRuns(2000) })
})
