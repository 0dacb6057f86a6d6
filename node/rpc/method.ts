import type { Codec, JsonSchema } from './codec.ts'

/** One positional parameter. */
export interface Param<T> {
  readonly name: string
  readonly required: boolean
  readonly schema: JsonSchema
  parse(value: unknown, path: string): T
}

/** A parameter that must be given. */
export function required<T>(name: string, codec: Codec<T>): Param<T> {
  return { name, required: true, schema: codec.schema, parse: (value, path) => codec.parse(value, path) }
}

/** A parameter that may be left out or null. */
export function optional<T, D>(name: string, codec: Codec<T>, fallback: D): Param<T | D> {
  const parse = (value: unknown, path: string) =>
    value === undefined || value === null ? fallback : codec.parse(value, path)
  return { name, required: false, schema: codec.schema, parse }
}

/** One row of the methods table. */
export interface RpcMethod {
  readonly name: string
  /** One sentence for the OpenRPC document. */
  readonly summary: string
  readonly params: readonly Param<unknown>[]
  readonly result: JsonSchema
  /** Runs the method with parsed arguments. */
  call(args: readonly unknown[]): unknown
}

type Arguments<P extends readonly Param<unknown>[]> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never }

/** Facts of a method besides its name and handler. */
export interface MethodFacts<P extends readonly Param<unknown>[]> {
  readonly summary: string
  readonly params?: readonly [...P]
  /** JSON Schema of the result; any by default. */
  readonly result?: JsonSchema
}

/** Defines a method whose handler's argument types follow from its parameters. The handler's result must be JSON-safe. */
export function method<const P extends readonly Param<unknown>[] = []>(
  name: string,
  facts: MethodFacts<P>,
  handler: (...args: Arguments<P>) => unknown,
): RpcMethod {
  return {
    name,
    summary: facts.summary,
    params: facts.params ?? [],
    result: facts.result ?? {},
    call: (args) => handler(...(args as Arguments<P>)),
  }
}
