import { invalidParams } from './rpc-error.ts'

/** A JSON Schema, as far as the OpenRPC document needs it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Reads one JSON value from a client. */
export interface Codec<T> {
  readonly schema: JsonSchema
  /** @param path names the value in errors, e.g. `params[0].to`. @throws RpcError -32602. */
  parse(value: unknown, path: string): T
}

const MAX_SHOWN_LENGTH = 60

/** An error that says what was wanted and what came. */
export function mismatch(path: string, wanted: string, got: unknown): Error {
  return invalidParams(`invalid argument ${path}: want ${wanted}, got ${show(got)}`)
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text
}

/** Strings that match a pattern, turned into a value. */
export function pattern<T>(wanted: string, regex: RegExp, read: (text: string) => T): Codec<T> {
  return {
    schema: { type: 'string', title: wanted, pattern: regex.source },
    parse: (value, path) => {
      if (typeof value !== 'string' || !regex.test(value)) throw mismatch(path, wanted, value)
      return read(value)
    },
  }
}

/** true or false. */
export const boolean: Codec<boolean> = {
  schema: { type: 'boolean' },
  parse: (value, path) => {
    if (typeof value !== 'boolean') throw mismatch(path, 'a boolean', value)
    return value
  },
}

/** An array of at most `max` values. */
export function arrayOf<T>(item: Codec<T>, max: number): Codec<T[]> {
  return {
    schema: { type: 'array', items: item.schema, maxItems: max },
    parse: (value, path) => {
      if (!Array.isArray(value)) throw mismatch(path, 'an array', value)
      if (value.length > max) throw mismatch(path, `at most ${max} items`, value)
      return value.map((entry, i) => item.parse(entry, `${path}[${i}]`))
    },
  }
}

/** A value or null. */
export function nullable<T>(inner: Codec<T>): Codec<T | null> {
  return {
    schema: { oneOf: [inner.schema, { type: 'null' }] },
    parse: (value, path) => (value === null ? null : inner.parse(value, path)),
  }
}

/** The first of `choices` whose `when` holds reads the value. */
export function choice<T>(
  wanted: string,
  choices: readonly { when: (value: unknown) => boolean; codec: Codec<T> }[],
): Codec<T> {
  return {
    schema: { title: wanted, oneOf: choices.map(({ codec }) => codec.schema) },
    parse: (value, path) => {
      const chosen = choices.find(({ when }) => when(value))
      if (chosen === undefined) throw mismatch(path, wanted, value)
      return chosen.codec.parse(value, path)
    },
  }
}

/** Codecs of the members that an object may have. */
export type Members = Readonly<Record<string, Codec<unknown>>>

/** What {@link objectOf} yields: each member, or undefined where it is absent or null. */
export type ParsedMembers<M extends Members> = {
  readonly [K in keyof M]: M[K] extends Codec<infer T> ? T | undefined : never
}

/** An object with optional members; members that are not known are let through unread, as other nodes do. */
export function objectOf<M extends Members>(members: M): Codec<ParsedMembers<M>> {
  const names = Object.keys(members)
  const properties = Object.fromEntries(names.map((name) => [name, members[name]?.schema]))
  return {
    schema: { type: 'object', properties },
    parse: (value, path) => {
      const source = requireObject(value, path)
      const parsed: Record<string, unknown> = {}
      for (const name of names) {
        const member = Object.hasOwn(source, name) ? source[name] : undefined
        parsed[name] =
          member === undefined || member === null ? undefined : members[name]?.parse(member, `${path}.${name}`)
      }
      return parsed as ParsedMembers<M>
    },
  }
}

/** An object used as a map, with at most `max` entries. */
export function mapOf<K extends string, T>(key: Codec<K>, item: Codec<T>, max: number): Codec<Map<K, T>> {
  return {
    schema: { type: 'object', propertyNames: key.schema, additionalProperties: item.schema, maxProperties: max },
    parse: (value, path) => {
      const entries = Object.entries(requireObject(value, path))
      if (entries.length > max) throw mismatch(path, `at most ${max} entries`, value)
      return new Map(entries.map(([name, entry]) => [key.parse(name, path), item.parse(entry, `${path}.${name}`)]))
    },
  }
}

function requireObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(path, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}
