import { InvalidError } from '../protocol/errors.ts'

/** An exact rational number, in no particular terms; the denominator is positive and has no prime factors but 2 and 5. */
export interface ExactReal {
  readonly numerator: bigint
  readonly denominator: bigint
}

const MAX_TEXT = 512
const MAX_DECIMAL_EXPONENT = 400
const MAX_BINARY_EXPONENT = 1024
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/
const POWER_OF_TWO = /^([+-]?)2\^([+-]?\d{1,4})$/

/**
 * The real number that a text writes: a decimal (`-1.5`, `.0001`, `5e-7`) or a power of two (`2^-12`).
 * @throws InvalidError `RealMalformed` for any other text, one of more than 512 characters, or an exponent out of reach.
 */
export function parseReal(text: string): ExactReal {
  const real = text.length <= MAX_TEXT ? (parseDecimal(text) ?? parsePowerOfTwo(text)) : undefined
  if (real !== undefined) return real
  const shown = JSON.stringify(text.slice(0, 40))
  throw new InvalidError('RealMalformed', `${shown} is no number: write one as 12.5, 5e-7 or 2^-12`)
}

/** The real number that a JavaScript number means: the shortest decimal that names it. @throws InvalidError `RealMalformed`. */
export function realOfNumber(value: number): ExactReal {
  if (Number.isSafeInteger(value)) return { numerator: BigInt(value), denominator: 1n }
  return parseReal(String(value))
}

/** Exact decimal text, without an exponent or trailing zeros. */
export function decimalOf({ numerator, denominator }: ExactReal): string {
  const { twos, fives } = factorsOf(denominator)
  const places = Math.max(twos, fives)
  const digits = (numerator * 2n ** BigInt(places - twos) * 5n ** BigInt(places - fives)) as bigint
  const magnitude = (digits < 0n ? -digits : digits).toString().padStart(places + 1, '0')
  const whole = magnitude.slice(0, magnitude.length - places)
  const fraction = magnitude.slice(magnitude.length - places).replace(/0+$/, '')
  return `${digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** numerator / denominator to the nearest integer, halves to the even one. @param denominator positive */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const floor = divideFloor(numerator, denominator)
  const twice = 2n * (numerator - floor * denominator)
  if (twice < denominator || (twice === denominator && floor % 2n === 0n)) return floor
  return floor + 1n
}

/** The greatest integer that is at most numerator / denominator. @param denominator positive */
export function divideFloor(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient
}

function parseDecimal(text: string): ExactReal | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (sign === undefined || whole.length + fraction.length === 0) return undefined
  const power = Number(exponent) - fraction.length
  if (Math.abs(Number(exponent)) > MAX_DECIMAL_EXPONENT) return undefined
  const digits = BigInt(`${whole}${fraction}`)
  const numerator = sign === '-' ? -digits : digits
  if (power >= 0) return { numerator: numerator * 10n ** BigInt(power), denominator: 1n }
  return { numerator, denominator: 10n ** BigInt(-power) }
}

function parsePowerOfTwo(text: string): ExactReal | undefined {
  const [, sign, digits] = POWER_OF_TWO.exec(text) ?? []
  const exponent = Number(digits)
  if (sign === undefined || Math.abs(exponent) > MAX_BINARY_EXPONENT) return undefined
  const unit = sign === '-' ? -1n : 1n
  if (exponent >= 0) return { numerator: unit * 2n ** BigInt(exponent), denominator: 1n }
  return { numerator: unit, denominator: 2n ** BigInt(-exponent) }
}

function factorsOf(denominator: bigint): { readonly twos: number; readonly fives: number } {
  const count = (prime: bigint) => {
    let power = 0
    for (let rest = denominator; rest % prime === 0n; rest /= prime) power++
    return power
  }
  return { twos: count(2n), fives: count(5n) }
}
