import { UnavailableError } from '../protocol/errors.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'
import type { EngineSettings, StartReport, WorkerCall, WorkerCalls } from './worker-protocol.ts'

/**
 * A handle on an inference worker. The worker is a child process, for native code can neither be interrupted in a thread
 * nor crash there alone (ending a thread inside a run aborts the whole process). It is started by the first call, and
 * again by the first call after it died.
 */
export interface WorkerClient {
  /**
   * Makes a call; calls run one at a time, in order. @param timeoutMs counts from when the worker takes the call.
   * @throws UnavailableError `InferenceTimeout`, `WorkerCrashed`, `WorkerClosed`; else what the call threw.
   */
  call<Call extends WorkerCall>(
    call: Call,
    params: WorkerCalls[Call]['params'],
    timeoutMs: number,
  ): Promise<WorkerCalls[Call]['result']>
  /** Starts the worker unless it runs, and returns the report of its start. */
  start(): Promise<StartReport>
  /** Process id of the worker, or undefined when none runs. */
  readonly pid: number | undefined
  /** Kills the worker; calls under way and later ones fail with `WorkerClosed`. */
  close(): Promise<void>
}

/** What a client is made from. */
export interface WorkerClientOptions {
  readonly engine: EngineSettings
  /** Time for a fresh process to load and pass its start-up self-test. */
  readonly startTimeoutMs: number
  /** Called with the outcome of each start, and with the reason of each end that nobody asked for. */
  readonly onStart: (report: StartReport) => void
  readonly onCrash: (reason: string) => void
}

/** A client whose worker is not started yet. */
export function createWorkerClient(options: WorkerClientOptions): WorkerClient {
  let worker: WorkerProcess | undefined
  let report: StartReport | undefined
  let lastTurn: Promise<unknown> = Promise.resolve()
  let closed = false

  async function ready(): Promise<{ worker: WorkerProcess; report: StartReport }> {
    if (worker?.alive && report !== undefined) return { worker, report }
    const started = startWorkerProcess()
    worker = started
    report = undefined
    void started.ended.then((reason) => {
      if (worker === started && !closed) options.onCrash(reason)
    })
    try {
      report = await started.exchange('start', options.engine, options.startTimeoutMs)
    } catch (error) {
      started.kill()
      throw error
    }
    options.onStart(report)
    return { worker: started, report }
  }

  /** Waits for all earlier turns, then takes one. */
  function inTurn<Result>(turn: () => Promise<Result>): Promise<Result> {
    const result = lastTurn.then(async () => {
      if (closed) throw closedError()
      try {
        return await turn()
      } catch (error) {
        throw closed ? closedError() : error
      }
    })
    lastTurn = result.catch(() => {})
    return result
  }

  return {
    call: (call, params, timeoutMs) => inTurn(async () => (await ready()).worker.exchange(call, params, timeoutMs)),
    start: () => inTurn(async () => (await ready()).report),
    get pid() {
      return worker?.alive ? worker.pid : undefined
    },
    async close() {
      closed = true
      worker?.kill()
      await worker?.ended
      await lastTurn
    },
  }
}

function closedError(): UnavailableError {
  return new UnavailableError('WorkerClosed', 'inference was closed')
}
