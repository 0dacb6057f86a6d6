import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Quantised } from '../formats.ts'
import { runRecipe } from './recipe-run.ts'
import { divideBySum, logOfSum, powersOfE, type SoftmaxPrecision } from './softmax.ts'

const BOUND = 2 ** 20
const NUM_RUNS = { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) }
const PRECISE: SoftmaxPrecision = { levels: 2 ** 15, indexBits: 14 }
const FAST: SoftmaxPrecision = { levels: 255, indexBits: 12 }

interface Case {
  readonly lanes: readonly number[]
  readonly kept: readonly number[]
  readonly step: number
}

const caseOf = fc
  .record({
    columns: fc.integer({ min: 1, max: 30 }),
    scale: fc.integer({ min: 2, max: 20 }),
    step: fc.integer({ min: -20, max: 1 }),
  })
  .chain(({ columns, scale, step }) =>
    fc.record({
      lanes: fc.array(fc.integer({ min: -(2 ** scale), max: 2 ** scale }), { minLength: columns, maxLength: columns }),
      kept: fc.array(fc.constantFrom(0, 1, 1), { minLength: columns, maxLength: columns }),
      step: fc.constant(1.3 * 2 ** step),
    }),
  )

function run({ lanes, kept, step }: Case, recipe: Parameters<typeof runRecipe>[1]): Float64Array {
  const shape = [1, lanes.length]
  const x = { shape, step, lanes, lo: -BOUND, hi: BOUND }
  return runRecipe([x, { shape, step: 1, lanes: kept, lo: 0, hi: 1 }], recipe)[0] as Float64Array
}

function softmax({ lanes, kept, step }: Case): number[] {
  const greatest = Math.max(...lanes.filter((_, i) => kept[i] === 1))
  const powers = lanes.map((lane, i) => (kept[i] === 1 ? Math.exp((lane - greatest) * step) : 0))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

const greatestError = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))))

function errorOf(one: Case, precision: SoftmaxPrecision): number {
  const found = run(one, (lanes, [x, kept]) => {
    return [divideBySum(lanes, powersOfE(lanes, x as Quantised, [1], precision, kept?.id), 2 ** -15)]
  })
  return greatestError(softmax(one), found)
}

describe('softmax', () => {
  it('is that of real numbers but for rounding, without masked lanes', () => {
    fc.assert(
      fc.property(caseOf, (one) => {
        fc.pre(one.kept.includes(1))
        const lanes = one.lanes.length
        expect(errorOf(one, PRECISE)).toBeLessThan(0.001 + lanes * 2 ** -15)
        expect(errorOf(one, FAST)).toBeLessThan(0.004 + lanes / 510)
      }),
      NUM_RUNS,
    )
  })

  it('is uniform where all lanes are masked', () => {
    const found = run({ lanes: [5, -9, 1000, 7], kept: [0, 0, 0, 0], step: 1 }, (lanes, [x, kept]) => [
      divideBySum(lanes, powersOfE(lanes, x as Quantised, [1], FAST, kept?.id), 1 / 255),
    ])
    expect([...found].every((value) => Math.abs(value - 0.25) < 1 / 255)).toBe(true)
  })

  it('gives masked lanes nothing, however great they are', () => {
    const one = { lanes: [5, BOUND, -BOUND, 7], kept: [1, 0, 1, 1], step: 0.01 }
    const found = run(one, (lanes, [x, kept]) => {
      const { id } = powersOfE(lanes, x as Quantised, [1], PRECISE, kept?.id)
      return [lanes.integers(id, 1)]
    })
    expect([...found].slice(0, 3)).toEqual([Math.round(2 ** 15 * Math.exp(-0.02)), 0, 0])
  })

  it('has a logarithm', () => {
    fc.assert(
      fc.property(caseOf, (one) => {
        const all = { ...one, kept: one.kept.map(() => 1) }
        const step = 2 ** -12
        const [found = 0] = run(all, (lanes, [x, kept]) => {
          const powers = powersOfE(lanes, x as Quantised, [1], PRECISE, kept?.id)
          return [lanes.integers(logOfSum(lanes, powers, step), step)]
        })
        const greatest = Math.max(...one.lanes)
        const sum = one.lanes.reduce((total, lane) => total + Math.exp((lane - greatest) * one.step), 0)
        expect(Math.abs(found - Math.log(sum))).toBeLessThan(0.002)
      }),
      NUM_RUNS,
    )
  })
})
