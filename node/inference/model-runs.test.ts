import { describe, expect, it } from 'vitest'
import { affineModel } from '../../test/support/models.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { CallLimits } from './call-limits.ts'
import { createModelRuns, type ModelRuns, type RunnableModel } from './model-runs.ts'
import type { WorkerClient } from './worker-client.ts'
import type { WorkerPool } from './worker-pool.ts'
import type { EngineSettings, WorkerCall } from './worker-protocol.ts'

const { manifest, graphBytes } = affineModel()
const MODEL: RunnableModel = { key: 'm', counters: manifest.counters, graph: async () => graphBytes }
const ANSWER = [Int8Array.of(7)]
const LIMITS = { timeoutMs: 1_000, sessionCacheBytes: 0 }

interface Call {
  readonly call: WorkerCall
  readonly params: { readonly key: string; readonly byReference?: boolean; readonly isTested?: boolean }
  readonly limits: CallLimits
}

/** Runs over one worker that does as it is told: runs that throw these codes first, in order, and then answer. */
function scripted(
  fallsBack: boolean,
  ...failures: readonly string[]
): { runs: ModelRuns; calls: Call[]; errors: string[] } {
  const calls: Call[] = []
  const errors: string[] = []
  const open = new Set<string>()
  const left = [...failures]
  const call = async (name: WorkerCall, params: Call['params'], limits: CallLimits) => {
    calls.push({ call: name, params, limits })
    if (name === 'open') {
      open.add(params.key)
      return { provider: params.byReference ? 'reference' : 'cpu', kernels: [], sizeBytes: 1, testedInputs: 1 }
    }
    if (!open.has(params.key)) throw new UnavailableError('SessionMissing', 'open it first')
    const code = left.shift()
    if (code === undefined) return ANSWER
    open.clear()
    throw new UnavailableError(code, 'stopped')
  }
  const pool = { workerFor: () => ({ call }) as unknown as WorkerClient } as unknown as WorkerPool
  const engine: EngineSettings = { provider: 'cpu', fallsBack, threads: 1, sessionCacheBytes: 0 }
  const log = { info: () => {}, error: (_: object, message: string) => void errors.push(message) }
  return { runs: createModelRuns({ pool, engine, limits: LIMITS, log }), calls, errors }
}

describe('runs of a model', () => {
  it('load it where the worker does not hold it', async () => {
    const { runs, calls } = scripted(true)
    expect(await runs.run(MODEL, [])).toBe(ANSWER)
    expect(calls.map(({ call }) => call)).toEqual(['run', 'open', 'run'])
    expect(await runs.run(MODEL, [])).toBe(ANSWER)
    expect(calls).toHaveLength(4)
  })

  it.each(['WorkerCrashed', 'InferenceMemory'])('are made again after %s', async (code) => {
    const { runs, calls } = scripted(false, code)
    expect(await runs.run(MODEL, [])).toBe(ANSWER)
    expect(calls.map(({ call }) => call)).toEqual(['run', 'open', 'run', 'run', 'open', 'run'])
  })

  it('test a model once, and again after it stopped a worker', async () => {
    const { runs, calls } = scripted(true, 'WorkerCrashed')
    await runs.open(MODEL)
    await runs.open(MODEL)
    await runs.run(MODEL, [])
    const opens = calls.filter(({ call }) => call === 'open')
    expect(opens.map(({ params }) => params.isTested)).toEqual([false, true, false])
  })

  it('are left to the reference once the model has stopped two workers', async () => {
    const { runs, calls, errors } = scripted(true, 'WorkerCrashed', 'WorkerCrashed')
    expect(await runs.run(MODEL, [])).toBe(ANSWER)
    expect(calls.slice(-2)).toMatchObject([
      { call: 'open', params: { key: 'm by the reference', byReference: true } },
      { call: 'run', params: { key: 'm by the reference' } },
    ])
    expect(errors).toEqual(['a model stops its workers: the reference computes it from now on'])
  })

  it('are unavailable when it stops worker after worker and the reference may not stand in', async () => {
    const { runs } = scripted(false, 'WorkerCrashed', 'WorkerCrashed', 'WorkerCrashed')
    await expect(runs.run(MODEL, [])).rejects.toMatchObject({ kind: 'Unavailable', code: 'WorkerCrashed' })
  })

  it('are not made again after a time-out, which counts all the same', async () => {
    const { runs, calls } = scripted(true, 'InferenceTimeout', 'InferenceTimeout')
    await expect(runs.run(MODEL, [])).rejects.toMatchObject({ code: 'InferenceTimeout' })
    await expect(runs.run(MODEL, [])).rejects.toMatchObject({ code: 'InferenceTimeout' })
    expect(await runs.run(MODEL, [])).toBe(ANSWER)
    expect(calls.at(-1)?.params.key).toBe('m by the reference')
  })

  it('have limits from the static cost, and more time by the reference', async () => {
    const costly = { ...MODEL, counters: { ...manifest.counters, macsNarrow: 1e9, peakBytes: 1e6 } }
    const { runs, calls } = scripted(true, 'InferenceTimeout', 'InferenceTimeout')
    await runs.run(costly, []).catch(() => {})
    await runs.run(costly, []).catch(() => {})
    await runs.run(costly, [])
    const timesOf = (key: string) =>
      calls.filter(({ call, params }) => call === 'run' && params.key === key).map(({ limits }) => limits.timeoutMs)
    expect(Math.max(...timesOf('m'))).toBeGreaterThan(20_000)
    expect(timesOf('m by the reference').at(-1)).toBeGreaterThan(200_000)
    expect(calls[0]?.limits.memoryBytes).toBeGreaterThan(3e6)
  })
})
