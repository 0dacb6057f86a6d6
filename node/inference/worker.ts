import { AssayError } from '../protocol/errors.ts'
import { createEngine, type Engine } from './engine.ts'
import type { WireError, WorkerCall, WorkerCalls, WorkerReply, WorkerRequest } from './worker-protocol.ts'

/**
 * Serves an inference worker's calls over the IPC channel of this process, one after the other, until the channel closes.
 * The first call must be `start`.
 */
export function serveWorker(): void {
  let engine: Engine | undefined
  let last: Promise<void> = Promise.resolve()
  process.on('message', (request: WorkerRequest) => {
    last = last.then(async () => {
      const reply = await answer(request).then(
        (result): WorkerReply => ({ id: request.id, ok: true, result }),
        (error: unknown): WorkerReply => ({ id: request.id, ok: false, error: toWire(error) }),
      )
      process.send?.(reply)
    })
  })
  // The parent decides when to stop: a signal to the whole process group must not look like a crash to it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  // The parent is gone: so is the reason to live.
  process.on('disconnect', () => process.exit(0))

  async function answer(request: WorkerRequest): Promise<WorkerCalls[WorkerCall]['result']> {
    if (isCall(request, 'start')) {
      engine = createEngine(request.params)
      return engine.start()
    }
    if (engine === undefined) throw new Error('the worker was not started')
    if (isCall(request, 'open')) {
      const { key, graph, ...options } = request.params
      return engine.open(key, graph, options)
    }
    if (isCall(request, 'run')) {
      const { key, inputs, outputs } = request.params
      return engine.run(key, inputs, outputs)
    }
    if (isCall(request, 'close')) {
      await engine.close()
      return null
    }
    throw new Error(`no such call: ${request.call}`)
  }
}

function isCall<Call extends WorkerCall>(request: WorkerRequest, call: Call): request is WorkerRequest<Call> {
  return request.call === call
}

function toWire(error: unknown): WireError {
  if (error instanceof AssayError) return { kind: error.kind, code: error.code, message: error.message }
  return { kind: 'Bug', code: 'Bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
