import { availableParallelism } from 'node:os'
import type { Tensor, TensorData, ValueId } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import type { Model } from '../exact/model.ts'
import { concatBytes, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError, InvalidError, UnavailableError } from '../protocol/errors.ts'
import type { Infer, ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { decodeTensor, encodeTensor } from '../protocol/tensor-encoding.ts'
import type { RunValues } from '../prover/stored-values.ts'
import { createModelRuns, type LogWrite, type RunnableModel } from './model-runs.ts'
import { createResultCache } from './result-cache.ts'
import { createWorkerPool } from './worker-pool.ts'
import type { EngineSettings, InferenceServer, Provider, SessionReport, StartReport } from './worker-protocol.ts'

/** What inference is made from. Every limit has a default. */
export interface InferenceOptions {
  /** Holds the canonical graph bytes of every active model under its graphHash. */
  readonly content: ContentReader
  /**
   * `auto` (the default) is the CPU, and the reference where that is refused; any other provider answers, or nothing does.
   */
  readonly provider?: Provider | 'auto'
  /** The server of provider `oip`. Its request time-out is `timeoutMs`. */
  readonly server?: Omit<InferenceServer, 'timeoutMs'>
  /** Whether the reference computes what the provider is refused for. Default: with `auto` alone. */
  readonly fallsBack?: boolean
  /** Threads of one op. Default 1. */
  readonly threads?: number
  /** Worker processes, each started when it is first needed. Default: one for every four cores, from 1 to 4. */
  readonly workers?: number
  /** Results kept, in bytes. Default 64 MiB. */
  readonly resultCacheBytes?: number
  /** Open sessions kept by all workers, in bytes of their emitted and canonical models. Default 1 GiB. */
  readonly sessionCacheBytes?: number
  /** Time that each call to a worker has besides what its static cost grants, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number
  readonly log?: { readonly info: LogWrite; readonly error: LogWrite }
}

/** Runs active models in worker processes: nothing blocks this process, and an answer is right or unavailable. */
export interface InferenceService {
  /**
   * Canonical input bytes → canonical output bytes; see {@link Infer}.
   * @throws InvalidError `InputLength`, `InputOutOfRange` when the caller did not check the input.
   * @throws UnavailableError `ModelUnavailable` when the content store lacks the graph; `InferenceTimeout`, `InferenceMemory`,
   * `WorkerCrashed`, `InferenceFailed`, `WorkerClosed`; `ProviderRefused`, `ProviderMissing`, `ModelRefused` where the reference
   * may not stand in.
   */
  readonly infer: Infer
  /** Runs a model on tensors, whether the content store holds it or not. Outputs in their declared lanes. @throws as `infer`. */
  runTensors(model: Model, inputs: readonly Tensor[]): Promise<Tensor[]>
  /**
   * Runs a model for values of its ops instead of its outputs: for the traces of its inferences. It is loaded once more for that.
   * @param values all that will ever be asked for. @returns rejects as `infer`.
   */
  valueRunner(manifest: ModelManifest, values: readonly ValueId[]): RunValues
  /** Loads and self-tests a model ahead of its first use. @throws as `infer`. */
  prepare(manifest: ModelManifest): Promise<SessionReport>
  /**
   * Starts a worker ahead of the first use and reports its start-up self-test.
   * @throws UnavailableError `ProviderRefused`, `ProviderMissing` where the reference may not stand in.
   */
  start(): Promise<StartReport>
  /** Process ids of the workers that run, for operators. */
  readonly workerPids: readonly number[]
  close(): Promise<void>
}

const SILENT = { info: () => {}, error: () => {} }
/** The self-test of a worker takes a second or two; some ten on a GPU that compiles its shaders on the CPU, or on a server. */
const START_LIMITS = { timeoutMs: 300_000, memoryBytes: 2 ** 31 }
const MIB = 2 ** 20

/** Creates inference over a content store. Workers start with `start` or the first use, and again after a crash. */
export function createInference(options: InferenceOptions): InferenceService {
  const { content, provider: asked = 'auto', threads = 1, timeoutMs = 10_000, log = SILENT } = options
  const { fallsBack = asked === 'auto', workers = defaultWorkers() } = options
  const provider = asked === 'auto' ? 'cpu' : asked
  const results = createResultCache(options.resultCacheBytes ?? 64 * MIB)
  const sessionCacheBytes = Math.ceil((options.sessionCacheBytes ?? 1024 * MIB) / workers)
  const server = options.server === undefined ? {} : { server: { ...options.server, timeoutMs } }
  const engine: EngineSettings = { provider, ...server, fallsBack, threads, sessionCacheBytes }
  const pool = createWorkerPool(workers, {
    engine,
    startLimits: START_LIMITS,
    onStart(report) {
      const { refusals } = report
      if (refusals.length === 0) log.info({ provider: report.provider, threads }, 'inference worker started')
      else log.error({ refusals }, `${provider} provider refused by its self-test: the reference computes instead`)
    },
    onCrash: (reason) => log.error({ reason }, 'inference worker stopped; the next inference starts it again'),
  })
  const runs = createModelRuns({ pool, engine, limits: { timeoutMs, sessionCacheBytes }, log })

  async function graphOf(manifest: ModelManifest): Promise<Uint8Array> {
    const graph = await content.get(hexToBytes(manifest.graphHash))
    if (graph !== undefined) return graph
    const message = `the graph of model ${manifest.modelId} is not in the content store`
    throw new UnavailableError('ModelUnavailable', message, { meta: { graphHash: manifest.graphHash } })
  }

  function stored(manifest: ModelManifest): RunnableModel {
    return { key: manifest.modelId, counters: manifest.counters, graph: () => graphOf(manifest) }
  }

  async function compute(manifest: ModelManifest, input: Uint8Array): Promise<Uint8Array> {
    return encodeLanes(manifest.outputs, await runs.run(stored(manifest), decodeLanes(manifest.inputs, input)))
  }

  return {
    infer: (manifest, input) => results.resolve(manifest.modelId, input, () => compute(manifest, input)),
    async runTensors({ manifest, checked }, inputs) {
      const model = { ...stored(manifest), graph: async () => encodeGraph(checked.graph) }
      const lanes = inputs.map(({ data }) => data)
      const outputs = await runs.run(model, lanes)
      return manifest.outputs.map(({ shape }, index) => ({ shape, data: outputs[index] as TensorData }))
    },
    valueRunner(manifest, values) {
      const model = { ...stored(manifest), key: `values ${manifest.modelId}`, values }
      const positions = new Map(values.map((value, position) => [value, position]))
      return (inputs, wanted) => {
        const outputs = wanted.map((value) => positions.get(value) ?? notDeclared(value))
        const lanes = inputs.map(({ data }) => data)
        return runs.run(model, lanes, outputs)
      }
    },
    prepare: (manifest) => runs.open(stored(manifest)),
    start: () => pool.start(),
    get workerPids() {
      return pool.pids
    },
    close: () => pool.close(),
  }
}

function defaultWorkers(): number {
  return Math.min(4, Math.max(1, Math.floor(availableParallelism() / 4)))
}

function notDeclared(value: ValueId): never {
  throw new BugError(`value ${value} is none of those that this runner was made for`)
}

/** Lanes of each tensor of canonical bytes. */
function decodeLanes(specs: readonly TensorSpec[], bytes: Uint8Array): TensorData[] {
  const counts = specs.map(({ shape }) => shape.reduce((size, extent) => size * extent, 1))
  const expected = specs.reduce((size, { laneBytes }, index) => size + laneBytes * (counts[index] ?? 0), 0)
  if (bytes.length !== expected) {
    throw new InvalidError('InputLength', `the input has ${bytes.length} bytes, the model takes ${expected}`)
  }
  let at = 0
  return specs.map(({ laneBytes }, index) => {
    const count = counts[index] ?? 0
    const tensor = bytes.subarray(at, at + count * laneBytes)
    at += tensor.length
    return decodeTensor(tensor, laneBytes, count)
  })
}

/** Canonical bytes of all tensors, in order. */
function encodeLanes(specs: readonly TensorSpec[], tensors: readonly TensorData[]): Uint8Array {
  const parts = specs.map(({ laneBytes }, index) => encodeTensor(tensors[index] ?? [], laneBytes))
  return concatBytes(...parts)
}
