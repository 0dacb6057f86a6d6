import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { materialise } from './materialise.ts'
import { type Normalisation, normalise } from './normalise.ts'
import { runRecipe } from './recipe-run.ts'

const ROWS = 3

interface Case {
  readonly lanes: readonly number[]
  readonly columns: number
  readonly step: number
  readonly options: Normalisation
}

const caseOf = fc
  .record({
    columns: fc.integer({ min: 2, max: 40 }),
    step: fc.constantFrom(2 ** -9, 0.003, 1e-7, 7),
    epsilon: fc.constantFrom(1e-12, 1e-6, 1e-5, 0.1),
    isCentred: fc.boolean(),
    bits: fc.integer({ min: 4, max: 17 }),
    gain: fc.double({ min: 0.01, max: 3, noNaN: true }),
    bias: fc.double({ min: -2, max: 2, noNaN: true }),
  })
  .chain(({ columns, step, epsilon, isCentred, bits, gain, bias }) =>
    fc
      .array(fc.integer({ min: -(2 ** bits), max: 2 ** bits }), {
        minLength: ROWS * columns,
        maxLength: ROWS * columns,
      })
      .map((lanes): Case => {
        const options = { axes: [1], isCentred, epsilon, gain, bias, step: Math.max(gain, 0.1) * 2 ** -11 }
        return { lanes, columns, step, options }
      }),
  )

function truth({ lanes, columns, step, options }: Case): number[] {
  const { isCentred, epsilon, gain, bias } = options
  return Array.from({ length: ROWS }, (_, row) => {
    const x = lanes.slice(row * columns, (row + 1) * columns).map((lane) => lane * step)
    const mean = isCentred ? x.reduce((sum, value) => sum + value, 0) / columns : 0
    const root = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns + epsilon)
    return x.map((value) => ((value - mean) / root) * Number(gain) + Number(bias))
  }).flat()
}

function compute({ lanes, columns, step, options }: Case): Float64Array {
  const lo = -(2 ** 17)
  const input = { shape: [ROWS, columns], step, lanes, lo, hi: -lo }
  const [result] = runRecipe([input], (builder, [x]) => {
    const format = { step: options.step, lo: -(2 ** 20), hi: 2 ** 20 }
    return [materialise(builder, normalise(builder, x as NonNullable<typeof x>, options), format)]
  })
  return result as Float64Array
}

/** Greatest error in steps of the result. */
function errorOf(one: Case): number {
  const [expected, found] = [truth(one), compute(one)]
  return Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number)) / one.options.step))
}

describe('normalise', () => {
  it('is the normalisation of real numbers but for rounding', () => {
    fc.assert(
      fc.property(caseOf, (one) => {
        // The mean is rounded to a fraction of a step, which rows that hardly vary can see.
        const rows = Array.from({ length: ROWS }, (_, row) => spread(one, row))
        fc.pre(Math.min(...rows) > 200)
        expect(errorOf(one)).toBeLessThan(1.6)
      }),
    )
  })

  it('gives the bias for a row of equal lanes', () => {
    const options = { axes: [1], isCentred: true, epsilon: 0, gain: 2, bias: 0.5, step: 2 ** -12 }
    const found = compute({ lanes: new Array(12).fill(1234), columns: 4, step: 1, options })
    expect([...found].every((value) => Math.abs(value - 0.5) <= 2 ** -12)).toBe(true)
  })

  it('keeps rows of small and of great deviation apart by nothing but rounding', () => {
    const columns = 64
    const wave = (i: number) => Math.sin(i * 12.9898) * Math.cos(i * 4.1)
    const sizes = [40, 3000, 130_000]
    const lanes = sizes.flatMap((size) => Array.from({ length: columns }, (_, i) => Math.round(size * wave(i))))
    const options = { axes: [1], isCentred: true, epsilon: 1e-12, gain: 1, bias: 0, step: 2 ** -11 }
    // The mean of the smallest row is right to 1/32 in 26.
    expect(errorOf({ lanes, columns, step: 2 ** -8, options })).toBeLessThan(3.5)
  })

  it('takes a gain and a bias for each channel', () => {
    const shape = [4]
    const gain = { shape, data: Float64Array.from([1, 0.001, 2, 0]) }
    const bias = { shape, data: Float64Array.from([0, 1, -1, 3]) }
    const options = { axes: [1], isCentred: true, epsilon: 1e-5, gain, bias, step: 2 ** -11 }
    const found = compute({ lanes: [500, -700, 900, 100, 1, 2, 3, 4, -9, 9, -9, 9], columns: 4, step: 0.01, options })
    const normal = truth({
      lanes: [500, -700, 900, 100, 1, 2, 3, 4, -9, 9, -9, 9],
      columns: 4,
      step: 0.01,
      options: { ...options, gain: 1, bias: 0 },
    })
    normal.forEach((value, i) => {
      const expected = value * (gain.data[i % 4] as number) + (bias.data[i % 4] as number)
      expect(Math.abs((found[i] as number) - expected)).toBeLessThan(0.02)
    })
  })
})

/** Standard deviation of a row in lanes; the root mean square where it is not centred. */
function spread({ lanes, columns, options, step }: Case, row: number): number {
  const x = lanes.slice(row * columns, (row + 1) * columns)
  const mean = options.isCentred ? x.reduce((sum, value) => sum + value, 0) / columns : 0
  return Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns + options.epsilon / step ** 2)
}
