import { UnavailableError } from '../protocol/errors.ts'
import type { CallLimits } from './call-limits.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'
import type { EngineSettings, StartReport, WorkerCall, WorkerCalls } from './worker-protocol.ts'

/**
 * A handle on an inference worker. The worker is a child process, for native code can neither be interrupted in a thread
 * nor crash there alone (ending a thread inside a run aborts the whole process). It is started by the first call, and
 * again by the first call after it died.
 */
export interface WorkerClient {
  /**
   * Makes a call; calls run one at a time, in order. @param limits count from when the worker takes the call.
   * @throws UnavailableError `InferenceTimeout`, `InferenceMemory`, `WorkerCrashed`, `WorkerClosed`; `ProviderRefused` where the
   * worker's own self-test stops it; else what the call threw.
   */
  call<Call extends WorkerCall>(
    call: Call,
    params: WorkerCalls[Call]['params'],
    limits: CallLimits,
  ): Promise<WorkerCalls[Call]['result']>
  /** Starts the worker unless it runs, and returns the report of its start. */
  start(): Promise<StartReport>
  /** Calls under way or waiting. */
  readonly waiting: number
  /** Process id of the worker, or undefined when none runs. */
  readonly pid: number | undefined
  /** Kills the worker; calls under way and later ones fail with `WorkerClosed`. */
  close(): Promise<void>
}

/** What a client is made from. */
export interface WorkerClientOptions {
  readonly engine: EngineSettings
  /** What a fresh process may take to load and pass its start-up self-test. */
  readonly startLimits: CallLimits
  /** Called with the outcome of each start, and with the reason of each end that nobody asked for. */
  readonly onStart: (report: StartReport) => void
  readonly onCrash: (reason: string) => void
}

/** What a worker may take to have its models unloaded from a server. */
const CLOSE_LIMITS: CallLimits = { timeoutMs: 5_000, memoryBytes: Number.POSITIVE_INFINITY }

/** A client whose worker is not started yet. */
export function createWorkerClient(options: WorkerClientOptions): WorkerClient {
  let worker: WorkerProcess | undefined
  let report: StartReport | undefined
  let lastTurn: Promise<unknown> = Promise.resolve()
  let closed = false
  let waiting = 0

  async function ready(): Promise<{ worker: WorkerProcess; report: StartReport }> {
    if (worker?.alive && report !== undefined) return { worker, report }
    const { engine } = options
    try {
      return await launch(engine)
    } catch (error) {
      if (closed || !isStopped(error)) throw error
      const refusal = `its self-test stopped the worker: ${error.message}`
      if (!engine.fallsBack) {
        throw new UnavailableError('ProviderRefused', `the ${engine.provider} provider is refused: ${refusal}`)
      }
      return await launch({ ...engine, provider: 'reference' }, [refusal])
    }
  }

  async function launch(
    engine: EngineSettings,
    refusals: readonly string[] = [],
  ): Promise<{ worker: WorkerProcess; report: StartReport }> {
    const started = startWorkerProcess()
    worker = started
    report = undefined
    try {
      const { provider, refusals: found } = await started.exchange('start', engine, options.startLimits)
      report = { provider, refusals: [...refusals, ...found] }
    } catch (error) {
      started.kill()
      throw error
    }
    void started.ended.then((reason) => {
      if (worker === started && !closed) options.onCrash(reason)
    })
    options.onStart(report)
    return { worker: started, report }
  }

  /** Waits for all earlier turns, then takes one. */
  function inTurn<Result>(turn: () => Promise<Result>): Promise<Result> {
    waiting++
    const result = lastTurn.then(async () => {
      try {
        if (closed) throw closedError()
        return await turn()
      } catch (error) {
        throw closed ? closedError() : error
      } finally {
        waiting--
      }
    })
    lastTurn = result.catch(() => {})
    return result
  }

  return {
    call: (call, params, limits) => inTurn(async () => (await ready()).worker.exchange(call, params, limits)),
    start: () => inTurn(async () => (await ready()).report),
    get waiting() {
      return waiting
    },
    get pid() {
      return worker?.alive ? worker.pid : undefined
    },
    async close() {
      const isIdle = waiting === 0
      closed = true
      // A server keeps its models when the worker that loaded them is killed.
      if (isIdle && worker?.alive && options.engine.server !== undefined) {
        await worker.exchange('close', null, CLOSE_LIMITS).catch(() => {})
      }
      worker?.kill()
      await worker?.ended
      await lastTurn
    },
  }
}

/** Whether an error says that the worker was stopped in the middle of a call, by itself or by us. */
export function isStopped(error: unknown): error is UnavailableError {
  const codes = ['WorkerCrashed', 'InferenceTimeout', 'InferenceMemory']
  return error instanceof UnavailableError && codes.includes(error.code)
}

function closedError(): UnavailableError {
  return new UnavailableError('WorkerClosed', 'inference was closed')
}
