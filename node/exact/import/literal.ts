import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import type { Shape } from '../graph.ts'
import type { Dtype } from './dtypes.ts'
import { refuse } from './import-error.ts'

/** A constant of the file with its real values, before it becomes lanes of the graph. Values are decoded when asked for. */
export interface Literal {
  readonly kind: 'literal'
  readonly name: string
  readonly dtype: Dtype
  readonly shape: Shape
  /** Row-major real values; a fresh array each time. @throws ImportError. */
  values(): Float64Array
}

/** Greatest |frac| of any tensor: `m · 2^-frac` then never leaves the exponents of float32. */
export const MAX_FRAC = 100

/** Integers up to this magnitude are kept as they are: a common power of two would have to be shifted back in later. */
const PLAIN_INTEGER = 2 ** 24

/**
 * The least frac at which all values are integers: of [0.5, 2] it is 1; of integers it is 0, or negative where they are
 * large multiples of a power of two. Integer types stay at 0; undefined if all values are zero, which suit any frac.
 * @throws ImportError `OnnxInexact` on infinities, NaN, and values finer than 2^-{@link MAX_FRAC}.
 */
export function naturalFrac(literal: Literal, values: Float64Array): number | undefined {
  if (!literal.dtype.float) return 0
  let exponent = Number.POSITIVE_INFINITY
  let greatest = 0
  for (const value of values) {
    if (!Number.isFinite(value))
      refuse('OnnxInexact', `constant ${literal.name} holds ${value}: only finite values are exact`)
    greatest = Math.max(greatest, Math.abs(value))
    if (value === 0 || (exponent < Number.POSITIVE_INFINITY && Number.isInteger(value * 2 ** -exponent))) continue
    exponent = lowestBit(value)
    if (Math.abs(exponent) > MAX_FRAC) {
      refuse(
        'OnnxInexact',
        `constant ${literal.name} holds ${value}, no multiple of 2^-${MAX_FRAC}: round it to fixed point`,
      )
    }
  }
  if (greatest === 0) return undefined
  return exponent > 0 && greatest <= PLAIN_INTEGER ? 0 : 0 - exponent
}

/** The exponent e for which a non-zero value is an odd multiple of 2^e. */
function lowestBit(value: number): number {
  let odd = Math.abs(value)
  let exponent = 0
  while (!Number.isInteger(odd)) {
    odd *= 2
    exponent--
  }
  while (odd % 2 === 0) {
    odd /= 2
    exponent++
  }
  return exponent
}

/**
 * The values as integers `value · 2^frac`, in place.
 * @throws ImportError `OnnxInexact` when one is no safe integer.
 */
export function toLanes(literal: Literal, values: Float64Array, frac: number): Float64Array {
  const { dtype, name } = literal
  const scale = 2 ** frac
  for (let i = 0; i < values.length; i++) {
    const lane = (values[i] as number) * scale + 0
    if (!Number.isInteger(lane) || Math.abs(lane) > MAX_SAFE_LANE) {
      const mend = dtype.float ? 'round the constant to fewer bits' : 'use values within ±2^53'
      refuse(
        'OnnxInexact',
        `constant ${name} (${dtype.name}) holds ${values[i]}, no exact integer times 2^${-frac}: ${mend}`,
      )
    }
    if (!dtype.float && (lane < dtype.range.lo || lane > dtype.range.hi)) {
      refuse('OnnxMalformed', `constant ${name} holds ${lane}, outside ${dtype.name}`)
    }
    values[i] = lane
  }
  return values
}
