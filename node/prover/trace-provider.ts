import type { Tensor, TensorData } from '../exact/graph.ts'
import type { Model } from '../exact/model.ts'
import { type Accumulator, foldTerms, loopIndices, startFold } from '../exact/program/interpret.ts'
import type { ProgramOp, ProgramValue } from '../exact/program/program.ts'
import { firstSteps, type Step, stepAt } from '../exact/program/steps.ts'
import { hexToBytes } from '../protocol/bytes.ts'
import { OUTPUTS_DOMAIN } from '../protocol/domains.ts'
import { BugError } from '../protocol/errors.ts'
import { bindRoots } from '../protocol/inference-roots.ts'
import { type BlockHasher, blockHasher, type Hasher, keccak256 } from '../protocol/keccak.ts'
import { CHUNK_BYTES, encodeLanes } from '../protocol/tensor-encoding.ts'
import { decodeInputs } from './canonical-inputs.ts'
import { stepWitness } from './execute-step.ts'
import { type ProgramTree, programTree } from './program-tree.ts'
import type { SourceTensor, StepSource } from './step-witness.ts'
import { createNativeValues, type RunValues, type StoredValues } from './stored-values.ts'
import { haltState, NO_PARTIAL, runningState, startState, type TraceState } from './trace-state.ts'
import type { TreeNodes } from './tree-opening.ts'
import { constantRoots, createValueTrees, lanesRoot, type Pause } from './value-trees.ts'

/** The trace of one inference at random access: any state, any step's witness, never by emulation from the start. */
export interface TraceProvider {
  /** Micro-steps T; states are numbered 0 … T. */
  readonly steps: number
  /** State 0. */
  readonly startState: Uint8Array
  /** Tensor roots of the inputs, in order: the rest of inputRoot's preimage. */
  readonly inputTensorRoots: readonly Uint8Array[]
  /** The value tree of state 0. */
  readonly startValues: TreeNodes
  /**
   * State `t`. Cost: at most one native inference (none once its values are kept), the hashing of the values up to the op at `t` that
   * were not hashed before, and the terms of one lane.
   * @throws UnavailableError when the native engine fails: retry; it is no verdict.
   */
  stateAt(t: number): Promise<Uint8Array>
  /** The outputRoot that the trace ends with. @throws as `stateAt`. */
  outputRoot(): Promise<Uint8Array>
  /** What proves step `t`, 0 ≤ t < T, on L1. Cost: as a state, and the hashing of the operands that it opens. @throws as `stateAt`. */
  witnessAt(t: number): Promise<Uint8Array>
}

/** What a trace is provided from, besides the values of its ops. */
export interface TraceOptions {
  readonly model: Model
  /** Canonical input bytes, within the declared bounds. */
  readonly inputs: Uint8Array
  /** keccak256, as fast as there is. Default: in plain ECMAScript. */
  readonly hash?: Hasher
  /** keccak256 of many blocks. Default: `hash`, block by block. */
  readonly hashBlocks?: BlockHasher
  /** Of the model: see {@link constantRoots}. Without them all constants are hashed now. */
  readonly constantRoots?: readonly Uint8Array[]
  /**
   * Memory for one dispute's values and their chunk trees, in bytes. Default 256 MiB. The bound is this, the operands and trees of one op,
   * 64 bytes a value of the Program, and while an inference runs its results once more.
   */
  readonly cacheBytes?: number
  /** Lets other work of the process have its turn. Default: never. */
  readonly pause?: Pause
}

/** As {@link TraceOptions}, with the native engine. */
export interface TraceProviderOptions extends TraceOptions {
  readonly runValues: RunValues
}

const DEFAULT_CACHE_BYTES = 2 ** 28
/** Chunk trees take a quarter of the bytes of their values. */
const TREES_SHARE = 1 / 5

/** The trace of an inference by native values. Nothing runs before it is asked. */
export function createTraceProvider(options: TraceProviderOptions): TraceProvider {
  const { model, runValues, cacheBytes = DEFAULT_CACHE_BYTES } = options
  const inputs = decodeInputs(model.manifest.inputs, options.inputs)
  const stored = createNativeValues(model, inputs, runValues, cacheBytes * (1 - TREES_SHARE))
  return provideTrace(options, inputs, stored)
}

/** Where in the Program a step is: the op that it belongs to (none for Finish), and the lanes of its value written before. */
interface Place {
  readonly step: Step
  readonly op: ProgramOp | undefined
  /** Values written before the op: inputs, constants and those of earlier ops. */
  readonly values: number
  readonly lanes: number
}

/** A partly written value: its tree, and its chunks with unwritten lanes zero. */
interface Partial {
  readonly nodes: TreeNodes
  readonly root: Uint8Array
  chunk(index: number): Uint8Array
}

/** The trace of an inference whose values are `stored`. */
export function provideTrace(options: TraceOptions, inputs: readonly Tensor[], stored: StoredValues): TraceProvider {
  const { program, manifest } = options.model
  const { hash = keccak256, cacheBytes = DEFAULT_CACHE_BYTES, pause = async () => {} } = options
  const hashing = { hash, hashBlocks: options.hashBlocks ?? blockHasher(hash) }
  const firsts = firstSteps(program)
  const firstOp = program.inputCount + program.constants.length
  const inputTensorRoots = inputs.map(({ data }) => lanesRoot(data, hashing))
  const knownRoots = [...inputTensorRoots, ...(options.constantRoots ?? constantRoots(program, hashing))]
  const limitBytes = cacheBytes * TREES_SHARE
  const trees = createValueTrees({ program, stored, hashing, knownRoots, limitBytes, pause })
  const inTurn = createTurns()
  const programRoot = hexToBytes(manifest.programRoot)
  let openedProgram: ProgramTree | undefined

  function placeOf(t: number): Place {
    const step = stepAt(program, firsts, t)
    if (step.kind === 'finish') return { step, op: undefined, values: program.values.length, lanes: 0 }
    const lanes = step.kind === 'run' ? step.lane : step.firstLane
    return { step, op: program.ops[step.op] as ProgramOp, values: firstOp + step.op, lanes }
  }

  async function stateBefore(t: number, place: Place): Promise<TraceState> {
    await trees.reach(place.values)
    const valuesRoot = trees.values.root(place.values)
    const { root } = await partialOf(place)
    const { value, index } = await accumulatorOf(place)
    return { valuesRoot, partialRoot: root, acc: BigInt(value), accIndex: BigInt(index), t }
  }

  async function partialOf({ op, lanes }: Place): Promise<Partial> {
    if (op === undefined || lanes === 0)
      return { nodes: NO_NODES, root: NO_PARTIAL, chunk: () => new Uint8Array(CHUNK_BYTES) }
    const [data] = (await stored.load([op.output])) as readonly [TensorData]
    const tree = await trees.chunks(op.output)
    const written = data.subarray(0, lanes)
    const chunk = (index: number) => chunkOf(written, index)
    const whole = Math.floor(written.byteLength / CHUNK_BYTES)
    const next = written.byteLength % CHUNK_BYTES === 0 ? undefined : hash(chunk(whole))
    const nodes = tree.nodes(whole, next)
    return { nodes, root: nodes.node(tree.depth, 0), chunk }
  }

  async function accumulatorOf({ step, op }: Place): Promise<Accumulator> {
    if (op?.kind !== 'fold' || step.kind !== 'run' || step.firstTerm === 0) return { value: 0, index: 0 }
    const values = await operandsOf(op)
    return foldTerms(op, loopIndices(op.outLoops, step.lane), values, 0, step.firstTerm, startFold(op))
  }

  /** Lanes of the values that an op reads, by value id. */
  async function operandsOf(op: ProgramOp): Promise<TensorData[]> {
    const ids = op.operands.map(({ value }) => value)
    const found = await stored.load(ids)
    const values: TensorData[] = []
    for (const [i, id] of ids.entries()) values[id] = found[i] as TensorData
    return values
  }

  async function sourceAt(t: number): Promise<StepSource> {
    const place = placeOf(t)
    const state = await stateBefore(t, place)
    const { nodes, chunk } = await partialOf(place)
    const tensors = new Map<number, SourceTensor>()
    const lanes = place.op === undefined ? [] : await operandsOf(place.op)
    for (const { value } of place.op?.operands ?? []) {
      tensors.set(value, await tensorOf(value, lanes[value] as TensorData))
    }
    openedProgram ??= programTree(program, hash)
    return {
      state,
      program: openedProgram,
      values: trees.values.nodes(place.values),
      tensor: (value) => tensors.get(value),
      partialChunk: chunk,
      partial: nodes,
    }
  }

  async function tensorOf(value: number, data: TensorData): Promise<SourceTensor> {
    const tree = await trees.chunks(value)
    const { laneBytes, lanes } = program.values[value] as ProgramValue
    return { laneBytes, lanes, chunk: (index) => chunkOf(data, index), nodes: tree.nodes() }
  }

  async function outputRoot(): Promise<Uint8Array> {
    const roots: Uint8Array[] = []
    for (const { value } of program.outputs) roots.push(await trees.tensorRoot(value))
    return bindRoots(OUTPUTS_DOMAIN, roots, hash)
  }

  return {
    steps: manifest.counters.steps,
    startState: runningState(startState(trees.values.root(firstOp)), hash),
    inputTensorRoots,
    startValues: trees.values.nodes(firstOp),
    stateAt: (t) =>
      inTurn(async () => {
        if (t === manifest.counters.steps) return haltState(await outputRoot(), hash)
        return runningState(await stateBefore(t, placeOf(t)), hash)
      }),
    outputRoot: () => inTurn(outputRoot),
    witnessAt: (t) => inTurn(async () => stepWitness(programRoot, await sourceAt(t), hash).witness),
  }
}

/** Chunk `index` of lanes: 256 bytes, zero past the last lane. */
function chunkOf(lanes: TensorData, index: number): Uint8Array {
  const perChunk = CHUNK_BYTES / lanes.BYTES_PER_ELEMENT
  const chunk = new Uint8Array(CHUNK_BYTES)
  chunk.set(encodeLanes(lanes.subarray(index * perChunk, (index + 1) * perChunk)))
  return chunk
}

/** Runs tasks one after the other, so that two questions never compute the same values. */
function createTurns(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }
}

const NO_NODES: TreeNodes = {
  node: () => {
    throw new BugError('a value of which no lane is written has no tree')
  },
}
