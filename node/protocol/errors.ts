/**
 * The three kinds of failure, kept apart everywhere:
 * - `Invalid`: a provable verdict on some input (a model, a batch, a transaction, a request). Deterministic.
 * - `Unavailable`: an I/O or resource failure. Retry; it is never a verdict.
 * - `Bug`: an invariant of ours broke. Halt.
 */
export type ErrorKind = 'Invalid' | 'Unavailable' | 'Bug'

/** What an {@link AssayError} may carry besides its message. */
export interface ErrorOptions {
  /** The failure that led here. */
  readonly cause?: unknown
  /** Facts for machines: values that were wrong, limits that were exceeded. JSON-safe. */
  readonly meta?: Readonly<Record<string, string | number | boolean>>
}

/** Base of every error that Assay throws. `code` is a stable string literal; callers branch on it, never on `message`. */
export class AssayError<Code extends string = string> extends Error {
  readonly kind: ErrorKind
  readonly code: Code
  readonly meta: Readonly<Record<string, string | number | boolean>>

  constructor(kind: ErrorKind, code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = `${kind}Error`
    this.kind = kind
    this.code = code
    this.meta = options.meta ?? {}
  }
}

/** A provable verdict: the input is wrong, and every node says so. */
export class InvalidError<Code extends string = string> extends AssayError<Code> {
  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super('Invalid', code, message, options)
  }
}

/** Something needed could not be had (I/O, time, memory). Retry; never a verdict. */
export class UnavailableError<Code extends string = string> extends AssayError<Code> {
  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super('Unavailable', code, message, options)
  }
}

/** An invariant of ours broke: the program must halt rather than go on. */
export class BugError extends AssayError<'Bug'> {
  constructor(message: string, options: ErrorOptions = {}) {
    super('Bug', 'Bug', message, options)
  }
}
