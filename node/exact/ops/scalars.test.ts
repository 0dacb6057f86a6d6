import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numRuns } from '../../../test/support/random-graph.ts'
import { shiftRight } from './scalars.ts'

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
