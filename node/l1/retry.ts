import { BugError, UnavailableError } from '../protocol/errors.ts'

/** How often and how patiently an L1 request is tried again. */
export interface RetrySettings {
  /** Tries in all, at least one. */
  readonly attempts: number
  /** Wait before the second try, in milliseconds; it doubles each time. */
  readonly delayMs: number
}

/** Resolves after `ms` milliseconds or as soon as the signal aborts. Never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal?.aborted) return done()
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      done()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish, { once: true })
  })
}

/**
 * Runs an I/O action, again when it fails. A failure of I/O is never a verdict: whatever is thrown, malformed answers
 * included, becomes UnavailableError (`L1Unavailable` unless it has a code already), with the failure as its cause.
 */
export async function withRetries<T>(what: string, settings: RetrySettings, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action()
    } catch (error) {
      if (error instanceof BugError) throw error
      if (attempt >= settings.attempts) throw asUnavailable(what, error)
      await sleep(settings.delayMs * 2 ** (attempt - 1))
    }
  }
}

function asUnavailable(what: string, error: unknown): UnavailableError {
  if (error instanceof UnavailableError) return error
  return new UnavailableError('L1Unavailable', `L1 did not answer: ${what}`, { cause: error })
}
