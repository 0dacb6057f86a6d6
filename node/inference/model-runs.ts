import type { TensorData, ValueId } from '../exact/graph.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { ModelCounters } from '../protocol/model-manifest.ts'
import { type LimitSettings, openLimits, runLimits } from './call-limits.ts'
import { isStopped, type WorkerClient } from './worker-client.ts'
import type { WorkerPool } from './worker-pool.ts'
import type { EngineSettings, Provider, SessionReport } from './worker-protocol.ts'

/** Writes one log entry: facts for machines, then a message for people. */
export type LogWrite = (fields: object, message: string) => void

/** A model that workers may be asked to run, under a key that names no other. */
export interface RunnableModel {
  readonly key: string
  readonly counters: ModelCounters
  /** Its canonical graph bytes. */
  readonly graph: () => Promise<Uint8Array>
  /** Values to yield in place of the outputs. */
  readonly values?: readonly ValueId[]
}

/** Runs models in a pool of workers, within limits from their static cost, and in spite of crashes. */
export interface ModelRuns {
  /** Runs a model, which is loaded where its worker does not hold it. @param outputs positions; default all. */
  run(model: RunnableModel, inputs: readonly TensorData[], outputs?: readonly number[]): Promise<readonly TensorData[]>
  /** Loads and tests a model. */
  open(model: RunnableModel): Promise<SessionReport>
}

/** What runs are made from. */
export interface ModelRunsOptions {
  readonly pool: WorkerPool
  readonly engine: EngineSettings
  readonly limits: LimitSettings
  readonly log: { readonly info: LogWrite; readonly error: LogWrite }
}

/** A model that stopped its worker this often is left to the reference, where that may stand in. */
const MAX_STOPS = 2
/** A call that a worker did not survive is made again this often; a slow one is not, for its caller has waited long enough. */
const MAX_RETRIES = 2

/** Runs in `pool`, none of which was made yet. */
export function createModelRuns({ pool, engine, limits, log }: ModelRunsOptions): ModelRuns {
  const stops = new Map<string, number>()
  const providers = new Map<string, Provider>()
  /** Models that the provider passed its test on: it is the same in every worker, so once a node is enough. */
  const tested = new Set<string>()
  const byReference = (key: string): boolean => engine.fallsBack && (stops.get(key) ?? 0) >= MAX_STOPS
  /** Sessions of one model by different providers are kept apart. */
  const sessionKey = (key: string): string => (byReference(key) ? `${key} by the reference` : key)

  function countStop(key: string, { code, message }: UnavailableError): void {
    tested.delete(key)
    const count = (stops.get(key) ?? 0) + 1
    stops.set(key, count)
    if (count !== MAX_STOPS || !engine.fallsBack) return
    log.error({ model: key, code, reason: message }, 'a model stops its workers: the reference computes it from now on')
  }

  async function openOn(worker: WorkerClient, model: RunnableModel): Promise<SessionReport> {
    const { key, counters, values } = model
    const params = {
      key: sessionKey(key),
      graph: await model.graph(),
      byReference: byReference(key),
      isTested: tested.has(key),
    }
    const request = values === undefined ? params : { ...params, values }
    const report = await worker.call('open', request, openLimits(counters, limits))
    const { refusal, provider, sizeBytes, testedInputs } = report
    providers.set(params.key, provider)
    if (refusal === undefined) {
      tested.add(key)
      log.info({ model: key, provider, sizeBytes, testedInputs }, 'model loaded')
    } else {
      const fallen = `${engine.provider} provider refused for a model: the reference computes it instead`
      log.error({ model: key, refusal }, fallen)
    }
    return report
  }

  async function runOn(
    worker: WorkerClient,
    model: RunnableModel,
    inputs: readonly TensorData[],
    outputs: readonly number[] | undefined,
  ): Promise<readonly TensorData[]> {
    const key = sessionKey(model.key)
    const params = outputs === undefined ? { key, inputs } : { key, inputs, outputs }
    const limitsOf = () => runLimits(model.counters, providers.get(key) ?? engine.provider, limits)
    try {
      return await worker.call('run', params, limitsOf())
    } catch (error) {
      if (!isSessionMissing(error)) throw error
    }
    await openOn(worker, model)
    return worker.call('run', params, limitsOf())
  }

  /** Makes calls about a model until its worker survives. */
  async function persist<Result>(key: string, call: (worker: WorkerClient) => Promise<Result>): Promise<Result> {
    for (let retries = 0; ; retries++) {
      try {
        return await call(pool.workerFor(key))
      } catch (error) {
        if (!isStopped(error)) throw error
        countStop(key, error)
        if (error.code === 'InferenceTimeout' || retries === MAX_RETRIES) throw error
      }
    }
  }

  return {
    run: (model, inputs, outputs) => persist(model.key, (worker) => runOn(worker, model, inputs, outputs)),
    open: (model) => persist(model.key, (worker) => openOn(worker, model)),
  }
}

function isSessionMissing(error: unknown): boolean {
  return error instanceof UnavailableError && error.code === 'SessionMissing'
}
