import type { ModelCounters } from '../protocol/model-manifest.ts'
import { SELF_TEST_WORK } from './self-test.ts'
import type { Provider } from './worker-protocol.ts'

/** How long a call may take, and how much memory the worker may hold meanwhile. */
export interface CallLimits {
  readonly timeoutMs: number
  readonly memoryBytes: number
}

/** What limits are made of besides a model's cost. */
export interface LimitSettings {
  /** Time that any call has, in milliseconds. */
  readonly timeoutMs: number
  readonly sessionCacheBytes: number
}

const MIB = 2 ** 20
/** Terms and lanes in a millisecond, well below what the slowest kernels do on the weakest supported CPU. */
const EMITTED_WORK_PER_MS = 50_000
/** The same for the reference; measured here: some 30,000. */
const REFERENCE_WORK_PER_MS = 5_000
/** Decoding, checking and emitting a model. */
const OPENED_BYTES_PER_MS = 1_000
/** A worker before it has loaded anything, its self-test done. */
const WORKER_BYTES = 768 * MIB
/** Constants are widened to 8 bytes a lane at most, and kept in three forms: emitted, loaded and packed. */
const BYTES_PER_GRAPH_BYTE = 24
/** Tensors in use at once, and as much again while they are freed or converted. */
const BYTES_PER_PEAK_BYTE = 3

/** Limits of one run of a model by `provider`, from its static cost. */
export function runLimits(counters: ModelCounters, provider: Provider, settings: LimitSettings): CallLimits {
  const workPerMs = provider === 'reference' ? REFERENCE_WORK_PER_MS : EMITTED_WORK_PER_MS
  return {
    timeoutMs: Math.ceil(settings.timeoutMs + workOf(counters) / workPerMs),
    memoryBytes: memoryBytes(counters, settings),
  }
}

/** Limits of loading a model and testing it against the reference or a second session, from its static cost. */
export function openLimits(counters: ModelCounters, settings: LimitSettings): CallLimits {
  const loadMs = (2 * counters.graphBytes) / OPENED_BYTES_PER_MS
  const testMs = (2 * SELF_TEST_WORK) / REFERENCE_WORK_PER_MS + (2 * workOf(counters)) / EMITTED_WORK_PER_MS
  return {
    timeoutMs: Math.ceil(settings.timeoutMs + loadMs + testMs),
    memoryBytes: memoryBytes(counters, settings) + BYTES_PER_GRAPH_BYTE * counters.graphBytes,
  }
}

function workOf(counters: ModelCounters): number {
  return counters.macsNarrow + counters.macsMedium + counters.macsWide + counters.elements
}

function memoryBytes({ graphBytes, peakBytes }: ModelCounters, { sessionCacheBytes }: LimitSettings): number {
  return WORKER_BYTES + sessionCacheBytes + BYTES_PER_GRAPH_BYTE * graphBytes + BYTES_PER_PEAK_BYTE * peakBytes
}
