import { checkGraph } from '../exact/check.ts'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import type { CheckedGraph, Tensor, TensorData } from '../exact/graph.ts'
import { decodeGraph } from '../exact/graph-codec.ts'
import { withOutputs } from '../exact/observed-graph.ts'
import { runReference } from '../exact/reference.ts'
import { createByteLru } from '../protocol/byte-lru.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { type Backend, createBackend, openOnOtherKernels } from './backend.ts'
import type { TensorRunner } from './ort-session.ts'
import { type SelfTestResult, selfTest } from './self-test.ts'
import { runStartTest } from './start-test.ts'
import type { EngineSettings, SessionReport, StartReport, WorkerCalls } from './worker-protocol.ts'

/** Loads and runs models in the calling thread; the body of an inference worker. */
export interface Engine {
  /**
   * Runs the start-up self-test and, where the engine falls back, chooses the provider by it.
   * @throws UnavailableError `ProviderRefused`, `ProviderMissing` where it does not.
   */
  start(): Promise<StartReport>
  /**
   * Decodes, checks, emits, loads and tests a model, to yield its outputs or the values asked for.
   * @throws InvalidError when the bytes are not a valid graph; UnavailableError `ModelRefused` where the provider is refused
   * for it and the engine does not fall back.
   */
  open(key: string, graph: Uint8Array, options?: OpenOptions): Promise<SessionReport>
  /**
   * Runs an open model. @returns lanes of each output asked for, in its declared width.
   * @throws UnavailableError `SessionMissing` when it is not open, `InferenceFailed` when the provider failed.
   * @throws InvalidError `InputCount`, `InputLength`, `InputOutOfRange`.
   */
  run(key: string, inputs: readonly TensorData[], outputs?: readonly number[]): Promise<TensorData[]>
  /** Closes all sessions, wherever they are. */
  close(): Promise<void>
}

/** How a model is opened; see {@link WorkerCalls}. */
export type OpenOptions = Omit<WorkerCalls['open']['params'], 'key' | 'graph'>

/** ONNX Runtime keeps the constants of a model, and packs those of contractions once more. */
const PACKED_COPIES = 2

const UNTESTED: SelfTestResult = { testedInputs: 0 }

interface Session {
  readonly checked: CheckedGraph
  readonly runner: TensorRunner
  readonly report: SessionReport
}

/** An engine with no model open. Nothing runs until `start`. @param backend in place of the one that the settings name. */
export function createEngine(settings: EngineSettings, backend = createBackend(settings)): Engine {
  const sessions = createByteLru<Session>(settings.sessionCacheBytes, ({ runner }) => closeSoon(runner))
  const closings = new Set<Promise<void>>()
  let inUse = backend

  /** A session that does not close, as on a server that is gone, is no reason to fail. */
  function closeSoon(runner: TensorRunner): void {
    const closing = runner.close().catch(() => {})
    closings.add(closing)
    void closing.then(() => closings.delete(closing))
  }

  async function load(graph: Uint8Array, { values, byReference, isTested }: OpenOptions): Promise<Session> {
    const whole = checkGraph(decodeGraph(graph))
    const checked = values === undefined ? whole : withOutputs(whole, values)
    if (inUse === undefined || byReference) return referenceSession(checked, graph.length)
    const opened = await tryOpen(inUse, checked, settings)
    if ('refusal' in opened) return refusedSession(checked, graph.length, opened.refusal)
    const { runner, emitted } = opened
    const { testedInputs, difference } = isTested
      ? UNTESTED
      : await selfTest(checked, runner, () => openOnOtherKernels(settings, checked)).catch((error: unknown) => {
          closeSoon(runner)
          throw error
        })
    if (difference !== undefined) {
      closeSoon(runner)
      return refusedSession(checked, graph.length, difference)
    }
    const sizeBytes = graph.length + PACKED_COPIES * emitted.onnx.length
    const report = { provider: settings.provider, kernels: emitted.kernels, sizeBytes, testedInputs }
    return { checked, runner, report }
  }

  function refusedSession(checked: CheckedGraph, sizeBytes: number, refusal: string): Session {
    if (settings.fallsBack) return referenceSession(checked, sizeBytes, refusal)
    const message = `the ${settings.provider} provider is refused for this model: ${refusal}; ${MEND}`
    throw new UnavailableError('ModelRefused', message)
  }

  return {
    async start() {
      if (inUse === undefined) return { provider: 'reference', refusals: [] }
      const refusals = await testOrMiss(inUse, settings)
      const [first] = refusals
      if (first === undefined) return { provider: settings.provider, refusals }
      if (!settings.fallsBack) {
        const message = `the ${settings.provider} provider is refused by its self-test: ${first}; ${MEND}`
        throw new UnavailableError('ProviderRefused', message, { meta: { refusals: refusals.length } })
      }
      inUse = undefined
      return { provider: 'reference', refusals }
    },
    async open(key, graph, options = {}) {
      const known = sessions.get(key)
      if (known !== undefined) return known.report
      const session = await load(graph, options)
      sessions.set(key, session, session.report.sizeBytes)
      return session.report
    },
    async run(key, inputs, outputs) {
      const session = sessions.get(key)
      if (session === undefined) throw new UnavailableError('SessionMissing', `model ${key} is not open: open it first`)
      const tensors = await runSession(session, acceptInputs(session.checked, inputs), outputs)
      return tensors.map(({ data }) => data)
    },
    async close() {
      sessions.clear()
      await Promise.all(closings)
    },
  }
}

async function runSession(
  session: Session,
  inputs: readonly Tensor[],
  outputs: readonly number[] | undefined,
): Promise<Tensor[]> {
  try {
    return await session.runner.run(inputs, outputs)
  } catch (cause) {
    throw new UnavailableError('InferenceFailed', `the ${session.report.provider} provider failed: ${textOf(cause)}`, {
      cause,
    })
  }
}

const MEND = 'with --inference.provider auto the reference computes what the CPU provider is refused for'

/** The refusals of a start-up self-test; one where the provider is missing and the reference may stand in. */
async function testOrMiss(backend: Backend, { threads, fallsBack }: EngineSettings): Promise<readonly string[]> {
  try {
    await backend.prepare?.()
    return await runStartTest(backend, threads)
  } catch (error) {
    if (!fallsBack) throw error
    return [textOf(error)]
  }
}

async function tryOpen(
  backend: Backend,
  checked: CheckedGraph,
  { threads, fallsBack }: EngineSettings,
): Promise<{ readonly emitted: EmittedModel; readonly runner: TensorRunner } | { readonly refusal: string }> {
  try {
    const emitted = backend.emit(checked)
    return { emitted, runner: await backend.open(emitted, threads) }
  } catch (error) {
    if (error instanceof UnavailableError && !fallsBack) throw error
    return { refusal: `the emitted model does not load: ${textOf(error)}` }
  }
}

function referenceSession(checked: CheckedGraph, sizeBytes: number, refusal?: string): Session {
  const runner: TensorRunner = {
    run: async (inputs, outputs) => {
      const tensors = runReference(checked, inputs)
      return outputs?.map((position) => tensors[position] as Tensor) ?? tensors
    },
    close: async () => {},
  }
  const report = { provider: 'reference', kernels: [], sizeBytes, testedInputs: 0 } as const
  return { checked, runner, report: refusal === undefined ? report : { ...report, refusal } }
}

/** Pairs lanes with the declared shapes. ONNX Runtime is exact within the declared bounds only, so they are enforced here. */
function acceptInputs({ graph }: CheckedGraph, inputs: readonly TensorData[]): Tensor[] {
  if (inputs.length !== graph.inputs.length) {
    throw new InvalidError('InputCount', `${inputs.length} inputs given, the model has ${graph.inputs.length}`)
  }
  return graph.inputs.map(({ shape, lo, hi }, index) => {
    const data = inputs[index] as TensorData
    const lanes = shape.reduce((size, extent) => size * extent, 1)
    if (data.length !== lanes) {
      throw new InvalidError('InputLength', `input ${index} has ${data.length} lanes, the model declares ${lanes}`)
    }
    for (let lane = 0; lane < lanes; lane++) {
      const value = data[lane] as number
      if (value >= lo && value <= hi && Number.isInteger(value)) continue
      throw new InvalidError('InputOutOfRange', `input ${index}, lane ${lane} is ${value}, not in [${lo}, ${hi}]`)
    }
    return { shape, data }
  })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
