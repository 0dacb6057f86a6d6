import type { CheckedGraph, Tensor, TensorData, ValueId } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { concatBytes, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError, InvalidError, UnavailableError } from '../protocol/errors.ts'
import type { Infer, ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { decodeTensor, encodeTensor } from '../protocol/tensor-encoding.ts'
import type { RunValues } from '../prover/stored-values.ts'
import { createResultCache } from './result-cache.ts'
import { createWorkerClient } from './worker-client.ts'
import type { Provider, SessionReport, StartReport, WorkerCalls } from './worker-protocol.ts'

/** Writes one log entry: facts for machines, then a message for people. */
type LogWrite = (fields: object, message: string) => void

/** What inference is made from. Every limit has a default. */
export interface InferenceOptions {
  /** Holds the canonical graph bytes of every active model under its graphHash. */
  readonly content: ContentReader
  /**
   * `auto` (the default) is the CPU, and the reference where that is refused; any other provider answers, or nothing does.
   */
  readonly provider?: Provider | 'auto'
  /** Whether the reference computes what the provider is refused for. Default: with `auto` alone. */
  readonly fallsBack?: boolean
  /** Threads of one op. Default 1. */
  readonly threads?: number
  /** Results kept, in bytes. Default 64 MiB. */
  readonly resultCacheBytes?: number
  /** Open sessions kept, in bytes of their emitted and canonical models. Default 1 GiB. */
  readonly sessionCacheBytes?: number
  /** Time for one run, once the worker takes it. Default 60 s. */
  readonly timeoutMs?: number
  /** Time to load and test one model. Default 600 s: the reference runs a large model once. */
  readonly openTimeoutMs?: number
  readonly log?: { readonly info: LogWrite; readonly warn: LogWrite; readonly error: LogWrite }
}

/** Runs active models. One worker process computes, one call at a time; nothing blocks this process. */
export interface InferenceService {
  /**
   * Canonical input bytes → canonical output bytes; see {@link Infer}.
   * @throws InvalidError `InputLength`, `InputOutOfRange` when the caller did not check the input.
   * @throws UnavailableError `ModelUnavailable` when the content store lacks the graph; `InferenceTimeout`, `WorkerCrashed`,
   * `InferenceFailed`, `WorkerClosed`; `ProviderRefused`, `ProviderMissing`, `ModelRefused` where the reference may not stand in.
   */
  readonly infer: Infer
  /** Runs a checked graph on tensors, under any `key` that names no other graph. Outputs in their declared lanes. */
  runTensors(key: string, checked: CheckedGraph, inputs: readonly Tensor[]): Promise<Tensor[]>
  /**
   * Runs a model for values of its ops instead of its outputs: for the traces of its inferences. It is loaded once more for that.
   * @param values all that will ever be asked for. @returns rejects as `infer`.
   */
  valueRunner(manifest: ModelManifest, values: readonly ValueId[]): RunValues
  /** Loads and self-tests a model ahead of its first use. @throws as `infer`. */
  prepare(manifest: ModelManifest): Promise<SessionReport>
  /**
   * Starts the worker ahead of the first use and reports its start-up self-test.
   * @throws UnavailableError `ProviderRefused`, `ProviderMissing` unless the provider is `auto`.
   */
  start(): Promise<StartReport>
  /** Process id of the worker, for operators; undefined while none runs. */
  readonly workerPid: number | undefined
  close(): Promise<void>
}

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }
const START_TIMEOUT_MS = 120_000
const MIB = 2 ** 20

/** Creates inference over a content store. The worker starts with `start` or the first use, and again after a crash. */
export function createInference(options: InferenceOptions): InferenceService {
  const {
    content,
    provider: asked = 'auto',
    threads = 1,
    timeoutMs = 60_000,
    openTimeoutMs = 600_000,
    log = SILENT,
  } = options
  const results = createResultCache(options.resultCacheBytes ?? 64 * MIB)
  const sessionCacheBytes = options.sessionCacheBytes ?? 1024 * MIB
  const provider = asked === 'auto' ? 'cpu' : asked
  const client = createWorkerClient({
    engine: { provider, fallsBack: options.fallsBack ?? asked === 'auto', threads, sessionCacheBytes },
    startTimeoutMs: START_TIMEOUT_MS,
    onStart(report) {
      if (report.refusals.length === 0) log.info({ provider: report.provider, threads }, 'inference worker started')
      else
        log.error(
          { refusals: report.refusals },
          `${provider} provider refused by its self-test: the reference computes instead`,
        )
    },
    onCrash: (reason) => log.error({ reason }, 'inference worker stopped; the next inference starts it again'),
  })

  async function open(
    key: string,
    graphBytes: () => Promise<Uint8Array>,
    values?: readonly ValueId[],
  ): Promise<SessionReport> {
    const params = { key, graph: await graphBytes(), ...(values === undefined ? {} : { values }) }
    const report = await client.call('open', params, openTimeoutMs)
    const { refusal, provider: used, sizeBytes, testedInputs } = report
    if (refusal === undefined) log.info({ model: key, provider: used, sizeBytes, testedInputs }, 'model loaded')
    else
      log.error({ model: key, refusal }, `${provider} provider refused for a model: the reference computes it instead`)
    return report
  }

  /** Runs a model, which is loaded first where the worker does not hold it. */
  async function run(
    params: WorkerCalls['run']['params'],
    load: () => Promise<SessionReport>,
  ): Promise<readonly TensorData[]> {
    try {
      return await client.call('run', params, timeoutMs)
    } catch (error) {
      if (!(error instanceof UnavailableError) || error.code !== 'SessionMissing') throw error
    }
    await load()
    return client.call('run', params, timeoutMs)
  }

  async function graphOf(manifest: ModelManifest): Promise<Uint8Array> {
    const graph = await content.get(hexToBytes(manifest.graphHash))
    if (graph !== undefined) return graph
    const message = `the graph of model ${manifest.modelId} is not in the content store`
    throw new UnavailableError('ModelUnavailable', message, { meta: { graphHash: manifest.graphHash } })
  }

  async function compute(manifest: ModelManifest, input: Uint8Array): Promise<Uint8Array> {
    const params = { key: manifest.modelId, inputs: decodeLanes(manifest.inputs, input) }
    return encodeLanes(manifest.outputs, await run(params, () => open(manifest.modelId, () => graphOf(manifest))))
  }

  return {
    infer: (manifest, input) => results.resolve(manifest.modelId, input, () => compute(manifest, input)),
    async runTensors(key, checked, inputs) {
      const lanes = inputs.map(({ data }) => data)
      const name = `tensors ${key}`
      const outputs = await run({ key: name, inputs: lanes }, () => open(name, async () => encodeGraph(checked.graph)))
      return checked.graph.outputs.map(({ value }, index) => ({
        shape: checked.values[value]?.shape ?? [],
        data: outputs[index] as TensorData,
      }))
    },
    valueRunner(manifest, values) {
      const key = `values ${manifest.modelId}`
      const positions = new Map(values.map((value, position) => [value, position]))
      return (inputs, wanted) => {
        const outputs = wanted.map((value) => positions.get(value) ?? notDeclared(value))
        const params = { key, inputs: inputs.map(({ data }) => data), outputs }
        return run(params, () => open(key, () => graphOf(manifest), values))
      }
    },
    prepare: (manifest) => open(manifest.modelId, () => graphOf(manifest)),
    start: () => client.start(),
    get workerPid() {
      return client.pid
    },
    close: () => client.close(),
  }
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
