import { InvalidError } from '../protocol/errors.ts'
import { parseReal } from './real.ts'

/** Most characters of a name, phrase or label. */
const MAX_TEXT = 1_000

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Refuses a description. @param where the path to what is wrong @throws InvalidError `DescriptionInvalid` always. */
export function refuseField(where: string, message: string): never {
  throw new InvalidError('DescriptionInvalid', `${where}: ${message}`)
}

/** Whether a value is an object that is no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object with no keys but the known ones. @throws InvalidError `DescriptionInvalid`. */
export function objectAt(where: string, value: unknown, known: readonly string[]): JsonObject {
  if (!isObject(value)) return refuseField(where, 'is no JSON object')
  const strange = Object.keys(value).find((key) => !known.includes(key))
  if (strange === undefined) return value
  return refuseField(where, `unknown key ${JSON.stringify(strange.slice(0, 40))}, known are ${known.join(', ')}`)
}

/** A list. @throws InvalidError `DescriptionInvalid`. */
export function listAt(where: string, value: unknown, maxLength: number): readonly unknown[] {
  if (!Array.isArray(value)) return refuseField(where, 'is no list')
  return value.length <= maxLength ? value : refuseField(where, `has ${value.length} entries, at most ${maxLength}`)
}

/** A text that is not empty and fits a line. @throws InvalidError `DescriptionInvalid`. */
export function textAt(where: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return refuseField(where, 'is no text')
  if (value.length > MAX_TEXT) return refuseField(where, `has ${value.length} characters, at most ${MAX_TEXT}`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal or a source file.
  if (/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(value)) {
    return refuseField(where, 'holds line breaks or control characters')
  }
  return value
}

/** A real number, given as a number or text, as text. @throws InvalidError `DescriptionInvalid`. */
export function realAt(where: string, value: unknown): string {
  const text = typeof value === 'number' ? String(value) : textAt(where, value)
  try {
    parseReal(text)
  } catch (error) {
    if (error instanceof InvalidError) refuseField(where, error.message)
    throw error
  }
  return text
}

/** An integer within bounds. @throws InvalidError `DescriptionInvalid`. */
export function integerAt(where: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  return refuseField(where, `${JSON.stringify(value)?.slice(0, 40)} is no integer from ${least} to ${most}`)
}

/** One of a few words. @throws InvalidError `DescriptionInvalid`. */
export function wordAt<const Word extends string>(where: string, value: unknown, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === value)
  return word ?? refuseField(where, `${JSON.stringify(value)?.slice(0, 40)} is none of ${words.join(', ')}`)
}

/** Refuses two alike. @throws InvalidError `DescriptionInvalid`. */
export function requireDistinct(where: string, names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) refuseField(where, `${JSON.stringify(name)} is there twice`)
    seen.add(name)
  }
}
