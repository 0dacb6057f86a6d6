import { UnavailableError } from '../protocol/errors.ts'
import type { Log } from '../telemetry/logger.ts'
import { sleep } from './retry.ts'

/** How a loop paces itself, in milliseconds. */
export interface PollSettings {
  readonly pollMs: number
  /** Pause after a failure. */
  readonly retryDelayMs: number
}

/** Runs `step` again and again until the signal aborts. A failure that is Unavailable is logged and tried again; others reject. */
export async function pollUntilAborted(
  settings: PollSettings,
  signal: AbortSignal,
  log: Log,
  step: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const isDone = await attempt(log, 'could not follow disputes on L1, trying again', signal, step)
    await sleep(isDone ? settings.pollMs : settings.retryDelayMs, signal)
  }
}

/** Does one thing among others: a failure that is Unavailable is logged and must not keep the others from being done. */
export async function attempt(
  log: Log,
  failure: string,
  signal: AbortSignal,
  action: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    if (!signal.aborted) log.warn({ err: error }, failure)
    return false
  }
}
