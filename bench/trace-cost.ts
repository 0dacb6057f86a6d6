import { emitCpu } from '../node/exact/emit/emit-cpu.ts'
import type { GraphInput, Tensor } from '../node/exact/graph.ts'
import type { Model } from '../node/exact/model.ts'
import { withOutputs } from '../node/exact/observed-graph.ts'
import { firstSteps } from '../node/exact/program/steps.ts'
import { allocateData, shapeSize } from '../node/exact/tensor-data.ts'
import { openOrtSession } from '../node/inference/ort-session.ts'
import { concatBytes } from '../node/protocol/bytes.ts'
import type { Hashing } from '../node/protocol/keccak.ts'
import { encodeLanes } from '../node/protocol/tensor-encoding.ts'
import { type RunValues, tracedValues } from '../node/prover/stored-values.ts'
import { createTraceProvider, type TraceProvider } from '../node/prover/trace-provider.ts'
import { constantRoots, lanesRoot } from '../node/prover/value-trees.ts'
import { createRandom } from './models/graph-sketch.ts'

/** What it takes to answer for the trace of one inference. Times in milliseconds, of one thread; each the fastest of some runs, since other work only slows. */
export interface TraceCost {
  /** Micro-steps of the trace. */
  readonly steps: number
  /** A plain inference, in this process. */
  readonly inferenceMs: number
  /** The costliest state, the last running one, asked of a fresh provider: all values are computed and hashed. */
  readonly queryMs: number
  /** Part of it for hashing, at the rate measured. */
  readonly hashMs: number
  /** Bytes that a whole trace hashes: the values of all ops. */
  readonly hashedBytes: number
  /** Bytes of tensors hashed in a second, their trees included, in 10^6. */
  readonly hashMBps: number
  /** A state in the midst of the trace, once values are kept. */
  readonly warmQueryMs: number
  /** The witness of that step. */
  readonly witnessMs: number
  /** Tensor roots of the constants, once for each model. */
  readonly constantsMs: number
}

/** A measured trace, with the means to ask it more. */
export interface MeasuredTrace {
  readonly cost: TraceCost
  readonly inputs: Uint8Array
  readonly provider: TraceProvider
  close(): Promise<void>
}

const REPETITIONS = 5
const HASH_SAMPLE_BYTES = 2 ** 24

/** Measures the trace of an inference on generated inputs. Native inference runs in this process, on one thread, without self-test. */
export async function measureTrace(model: Model, hashing: Hashing): Promise<MeasuredTrace> {
  const inputs = generateInputs(model.checked.graph.inputs)
  const bytes = concatBytes(...inputs.map(({ data }) => encodeLanes(data)))
  const inferenceMs = await measureInference(model, inputs)
  const constants = await timed(async () => constantRoots(model.program, hashing))
  const native = await openValues(model)
  const open = () =>
    createTraceProvider({
      model,
      inputs: bytes,
      runValues: native.runValues,
      constantRoots: constants.result,
      ...hashing,
    })
  const queryMs = await fastest(REPETITIONS, async () => void (await open().stateAt(model.manifest.counters.steps - 1)))
  const provider = open()
  await provider.outputRoot()
  const middle = heaviestStep(model)
  const warmQueryMs = await fastest(REPETITIONS, async () => void (await provider.stateAt(middle)))
  const witness = await timed(() => provider.witnessAt(middle))
  const hashedBytes = storedBytes(model)
  const hashMBps = await hashRate(hashing)
  const cost = {
    steps: provider.steps,
    inferenceMs,
    queryMs,
    hashMs: hashedBytes / hashMBps / 1000,
    hashedBytes,
    hashMBps,
    warmQueryMs,
    witnessMs: witness.ms,
    constantsMs: constants.ms,
  }
  return { cost, inputs: bytes, provider, close: native.close }
}

/** The step in the midst of the op that takes most steps. */
export function heaviestStep({ program }: Model): number {
  const firsts = firstSteps(program)
  const count = (op: number) => (firsts[op + 1] as number) - (firsts[op] as number)
  const heaviest = program.ops.reduce((best, _, op) => (count(op) > count(best) ? op : best), 0)
  return (firsts[heaviest] as number) + Math.floor(count(heaviest) / 2)
}

async function measureInference({ checked }: Model, inputs: readonly Tensor[]): Promise<number> {
  const runner = await openOrtSession(emitCpu(checked), 1)
  await runner.run(inputs)
  const ms = await fastest(REPETITIONS, async () => void (await runner.run(inputs)))
  await runner.close()
  return ms
}

async function openValues(model: Model): Promise<{ runValues: RunValues; close(): Promise<void> }> {
  const values = tracedValues(model)
  const positions = new Map(values.map((value, position) => [value, position]))
  const runner = await openOrtSession(emitCpu(withOutputs(model.checked, values)), 1)
  return {
    runValues: async (inputs, wanted) => {
      const tensors = await runner.run(
        inputs,
        wanted.map((value) => positions.get(value) as number),
      )
      return tensors.map(({ data }) => data)
    },
    close: () => runner.close(),
  }
}

function generateInputs(inputs: readonly GraphInput[]): Tensor[] {
  const random = createRandom()
  return inputs.map(({ shape, laneBytes, lo, hi }) => {
    const data = allocateData(laneBytes, shapeSize(shape))
    for (let lane = 0; lane < data.length; lane++) data[lane] = lo + (random() % (hi - lo + 1))
    return { shape, data }
  })
}

function storedBytes({ program }: Model): number {
  const written = program.values.slice(program.inputCount + program.constants.length)
  return written.reduce((sum, { lanes, laneBytes }) => sum + lanes * laneBytes, 0)
}

async function hashRate(hashing: Hashing): Promise<number> {
  const sample = new Int8Array(HASH_SAMPLE_BYTES).map((_, i) => i ^ (i >> 8))
  const ms = await fastest(REPETITIONS, async () => void lanesRoot(sample, hashing))
  return HASH_SAMPLE_BYTES / ms / 1000
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const start = performance.now()
  const result = await work()
  return { result, ms: performance.now() - start }
}

async function fastest(runs: number, work: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) least = Math.min(least, (await timed(work)).ms)
  return least
}
