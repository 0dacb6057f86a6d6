import type { KernelChoice } from '../exact/emit/emit-cpu.ts'
import type { TensorData, ValueId } from '../exact/graph.ts'
import type { ErrorKind } from '../protocol/errors.ts'

/**
 * What computes. ONNX Runtime on emitted models: `cpu`; `cpu-float`, the same on other kernels, slower, to check the former by;
 * `webgpu`; `cuda`. `oip` is an inference server, and `reference` the interpreter that defines every op.
 */
export type Provider = 'cpu' | 'cpu-float' | 'webgpu' | 'cuda' | 'oip' | 'reference'

/** A server that speaks the Open Inference Protocol (KServe v2) over HTTP. */
export interface InferenceServer {
  /** Its address, e.g. `http://127.0.0.1:8000`. */
  readonly endpoint: string
  /** Folder in which it looks for models; without one they are sent to it. */
  readonly folder?: string
  /** Time for each request, in milliseconds. */
  readonly timeoutMs: number
}

/** How an inference worker computes and what it may keep. */
export interface EngineSettings {
  readonly provider: Provider
  /** The server of provider `oip`. */
  readonly server?: InferenceServer
  /** Whether the reference computes what the provider is refused for; without it, that is unavailable. */
  readonly fallsBack: boolean
  /** Threads of one op. */
  readonly threads: number
  /** Sessions kept open, in bytes of their emitted and canonical models; the least recently used are closed first. */
  readonly sessionCacheBytes: number
}

/** Outcome of the self-test at start-up. */
export interface StartReport {
  /** The provider in use: `reference` when the one asked for was refused. */
  readonly provider: Provider
  /** Why the provider was refused: one line a vector that differed. Empty when it passed or needs no test. */
  readonly refusals: readonly string[]
}

/** How one model is run. */
export interface SessionReport {
  readonly provider: Provider
  /** Kernel of each op; empty under the reference provider. */
  readonly kernels: readonly KernelChoice[]
  /** Bytes that the open session counts against the session cache. */
  readonly sizeBytes: number
  /** Inputs on which it was tested; 0 where it had been before. */
  readonly testedInputs: number
  /** Why the provider was refused for this model, if it was. */
  readonly refusal?: string
}

/** The calls that a worker answers: what goes in, what comes back. */
export interface WorkerCalls {
  readonly start: { readonly params: EngineSettings; readonly result: StartReport }
  /**
   * Loads a model from its canonical graph bytes and tests it; with `values`, one that yields these values of ops in place of its outputs.
   * Idempotent by key.
   */
  readonly open: {
    readonly params: {
      readonly key: string
      readonly graph: Uint8Array
      readonly values?: readonly ValueId[]
      /** Computes this model by the reference, whatever the provider. */
      readonly byReference?: boolean
      /** Whether this node has tested the provider on this model before; it is not tested again then. */
      readonly isTested?: boolean
    }
    readonly result: SessionReport
  }
  /** Runs an open model for all outputs, or those at these positions; fails with `SessionMissing` when it is not open (any more). */
  readonly run: {
    readonly params: {
      readonly key: string
      readonly inputs: readonly TensorData[]
      readonly outputs?: readonly number[]
    }
    readonly result: readonly TensorData[]
  }
  /** Closes all models; the worker is ended next. */
  readonly close: { readonly params: null; readonly result: null }
}

/** Name of a call. */
export type WorkerCall = keyof WorkerCalls

/** A call as it travels. */
export interface WorkerRequest<Call extends WorkerCall = WorkerCall> {
  readonly id: number
  readonly call: Call
  readonly params: WorkerCalls[Call]['params']
}

/** An error as it travels. */
export interface WireError {
  readonly kind: ErrorKind
  readonly code: string
  readonly message: string
}

/** The answer to the request of the same id. */
export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly result: WorkerCalls[WorkerCall]['result'] }
  | { readonly id: number; readonly ok: false; readonly error: WireError }
