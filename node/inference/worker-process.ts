import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type AssayError, BugError, InvalidError, UnavailableError } from '../protocol/errors.ts'
import type { CallLimits } from './call-limits.ts'
import { residentBytes } from './resident-memory.ts'
import type { WireError, WorkerCall, WorkerCalls, WorkerReply } from './worker-protocol.ts'

/** One inference worker process, which takes one call at a time. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** False once it ended or was killed. */
  readonly alive: boolean
  /** Resolves with the reason when the process has ended. */
  readonly ended: Promise<string>
  /**
   * Makes a call. Only one may be under way.
   * @throws UnavailableError `InferenceTimeout`, `InferenceMemory` (the process is killed), `WorkerCrashed`; else what the call
   * threw.
   */
  exchange<Call extends WorkerCall>(
    call: Call,
    params: WorkerCalls[Call]['params'],
    limits: CallLimits,
  ): Promise<WorkerCalls[Call]['result']>
  kill(): void
}

/** How often the memory of a worker is looked at during a call, in milliseconds. */
const MEMORY_WATCH_MS = 200
const WORKER_MAIN = fileURLToPath(new URL('./worker-main.mjs', import.meta.url))

/** Starts a worker process. Its stdout is dropped (stdout is for results), its stderr is ours. */
export function startWorkerProcess(): WorkerProcess {
  const child = fork(WORKER_MAIN, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let alive = true
  let nextId = 0
  let onReply: (reply: WorkerReply) => void = () => {}
  let onEnd: (reason: string) => void = () => {}
  const ended = new Promise<string>((resolve) => {
    const end = (reason: string): void => {
      alive = false
      onEnd(reason)
      resolve(reason)
    }
    child.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    child.once('error', (error) => end(error.message))
  })
  child.on('message', (reply: WorkerReply) => onReply(reply))

  function kill(): void {
    alive = false
    child.kill('SIGKILL')
  }

  return {
    pid: child.pid,
    get alive() {
      return alive
    },
    ended,
    kill,
    exchange(call, params, { timeoutMs, memoryBytes }) {
      return new Promise((resolve, reject) => {
        const id = nextId++
        let settled = false
        const settle = (finish: () => void): void => {
          settled = true
          clearTimeout(timer)
          clearInterval(watch)
          finish()
        }
        const fail = (error: AssayError): void => settle(() => reject(error))
        const stop = (code: 'InferenceTimeout' | 'InferenceMemory', message: string): void => {
          kill()
          fail(new UnavailableError(code, `the worker took ${message} to ${call}: retry`))
        }
        const timer = setTimeout(() => stop('InferenceTimeout', `more than ${timeoutMs} ms`), timeoutMs)
        const watch = setInterval(async () => {
          const held = child.pid === undefined ? undefined : await residentBytes(child.pid)
          if (settled || held === undefined || held <= memoryBytes) return
          stop('InferenceMemory', `${held} bytes of memory, more than its limit of ${memoryBytes},`)
        }, MEMORY_WATCH_MS)
        onEnd = (reason) => fail(new UnavailableError('WorkerCrashed', `the inference worker ended (${reason}): retry`))
        onReply = (reply) => {
          if (reply.id !== id) return
          settle(() => {
            if (reply.ok) resolve(reply.result as WorkerCalls[typeof call]['result'])
            else reject(fromWire(reply.error))
          })
        }
        child.send({ id, call, params }, (error) => {
          if (error !== null)
            fail(new UnavailableError('WorkerCrashed', `the inference worker is gone: retry`, { cause: error }))
        })
      })
    },
  }
}

function fromWire({ kind, code, message }: WireError): AssayError {
  if (kind === 'Invalid') return new InvalidError(code, message)
  return kind === 'Unavailable' ? new UnavailableError(code, message) : new BugError(message)
}
