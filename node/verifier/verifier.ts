import { sleep } from '../l1/retry.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { createFollower, type FollowerDeps, type SafeBlock } from './follower.ts'

/** How the verifier paces itself. */
export interface VerifierSettings {
  /** L1 blocks that must lie above one before it is read. */
  readonly confirmations: number
  /** Pause before L1 is asked again when it had nothing new, in milliseconds. */
  readonly pollMs: number
  /** Pause after a failure, in milliseconds; it doubles up to {@link VerifierSettings.maxRetryDelayMs}. */
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
}

/** Defaults for a public L1. */
export const DEFAULT_VERIFIER_SETTINGS: VerifierSettings = {
  confirmations: 0,
  pollMs: 500,
  retryDelayMs: 500,
  maxRetryDelayMs: 30_000,
}

/** What the verifier needs besides its settings. */
export interface VerifierDeps extends Omit<FollowerDeps, 'confirmations'> {
  /** Told about each block that became safe, after it is stored. */
  readonly onSafe?: (block: SafeBlock) => void
  /** Told when the verifier halts because an invariant broke. */
  readonly onFatal: (error: unknown) => void
}

/** The verifier service: derives the chain from L1 and keeps the safe and finalised heads, in every role of a node. */
export interface Verifier {
  start(): void
  /** Number of the last L1 block that was read; undefined before the first. What follows from the blocks before it is stored. */
  derivedL1Number(): number | undefined
  /** Stops after the step in progress. */
  close(): Promise<void>
}

/** Creates the verifier. A failure of L1, storage or execution is retried for ever; a broken invariant halts it. */
export function createVerifier(settings: VerifierSettings, deps: VerifierDeps): Verifier {
  const follower = createFollower({ ...deps, confirmations: settings.confirmations })
  const abort = new AbortController()
  let running: Promise<void> | undefined

  const run = async ({ signal }: AbortController) => {
    let retryDelayMs = settings.retryDelayMs
    while (!signal.aborted) {
      try {
        const step = await follower.step()
        retryDelayMs = settings.retryDelayMs
        if (step === 'idle') await sleep(settings.pollMs, signal)
        else if (typeof step === 'object') report(deps, step)
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        deps.log.warn({ err: error, retryDelayMs }, 'could not follow L1, trying again')
        await sleep(retryDelayMs, signal)
        retryDelayMs = Math.min(retryDelayMs * 2, settings.maxRetryDelayMs)
      }
    }
  }
  return {
    start: () => {
      running ??= run(abort).catch(deps.onFatal)
    },
    derivedL1Number: () => follower.tip?.number,
    close: async () => {
      abort.abort()
      await running
    },
  }
}

function report({ log, onSafe }: VerifierDeps, safe: SafeBlock): void {
  const { block, derivedFrom, outcome } = safe
  log.debug({ block: block.number, hash: block.hash, l1Block: derivedFrom.number, outcome }, 'block is safe')
  onSafe?.(safe)
}
