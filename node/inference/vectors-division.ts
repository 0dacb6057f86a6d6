import { constant, type ExactVector, vector } from './exact-vector.ts'

const SAFE = Number.MAX_SAFE_INTEGER

/** Quotients and square roots next to the integers that a float could round them to, at the edges of float32 and float64. */
export function divisionVectors(): ExactVector[] {
  return [
    quotients('float32', 2 ** 24, [1, 2, 3, 5, 7, 4095, 4096, 4097, 2 ** 23 - 1, 2 ** 24 - 1, 2 ** 24]),
    quotients('float64', SAFE, [1, 3, 7, 94_906_265, 94_906_267, 2 ** 52 - 1, 2 ** 52 + 1, SAFE - 1, SAFE]),
    roots('float32', 2 ** 24, 1, 4096),
    roots('float64', 2 ** 52 - 1, 2 ** 26 - 2048, 2 ** 26),
  ]
}

/** Each divisor under its multiples nearest to `reach`, and their neighbours, of either sign. */
function quotients(dtype: string, reach: number, divisors: readonly number[]): ExactVector {
  const dividends = divisors.map((divisor) => {
    const top = reach - (reach % divisor)
    const around = [top, top - 1, Math.min(top + 1, reach), divisor, divisor - 1, 0]
    return around.flatMap((lane) => [lane, 0 - lane])
  })
  const lanes = dividends.flat()
  const columns = lanes.length / divisors.length
  return vector({
    name: `quotients of up to ${reach}`,
    kernel: `floordiv-${dtype}`,
    inputs: [{ lo: -reach, hi: reach, shape: [divisors.length, columns], lanes }],
    constants: [constant([divisors.length, 1], divisors)],
    ops: [{ kind: 'floordiv', inputs: [0, 1] }],
  })
}

/** The squares of `first` to `last`, and one less, as far as they are within `reach`. */
function roots(dtype: string, reach: number, first: number, last: number): ExactVector {
  const squares = Array.from({ length: last - first + 1 }, (_, i) => (first + i) ** 2)
  const lanes = [0, reach, ...squares.flatMap((square) => [square - 1, square])].filter((lane) => lane <= reach)
  return vector({
    name: `roots of up to ${reach}`,
    kernel: `isqrt-${dtype}`,
    inputs: [{ lo: 0, hi: reach, shape: [lanes.length], lanes }],
    ops: [{ kind: 'isqrt', inputs: [0] }],
  })
}
