import type { Tensor, TensorData } from '../exact/graph.ts'
import { programRoot } from '../exact/program/commitments.ts'
import {
  type Accumulator,
  evaluateLane,
  finishFold,
  foldTerms,
  loopIndices,
  startFold,
} from '../exact/program/interpret.ts'
import {
  type FoldOp,
  type Program,
  type ProgramOp,
  type ProgramValue,
  VALUE_TREE_DEPTH,
} from '../exact/program/program.ts'
import { firstSteps, stepAt } from '../exact/program/steps.ts'
import { allocateData, laneBytesOf } from '../exact/tensor-data.ts'
import { OUTPUTS_DOMAIN } from '../protocol/domains.ts'
import { bindRoots } from '../protocol/inference-roots.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { merkleDepth, merkleRoot, ZERO_LEAF } from '../protocol/merkle.ts'
import {
  CHUNK_BYTES,
  encodeTensor,
  laneRange,
  tensorChunk,
  tensorLeaves,
  tensorRoot,
} from '../protocol/tensor-encoding.ts'
import { programTree } from './program-tree.ts'
import type { SourceTensor, StepSource } from './step-witness.ts'
import { haltState, NO_PARTIAL, runningState, type TraceState } from './trace-state.ts'
import { type TreeNodes, treeNodes } from './tree-opening.ts'

/** A whole trace of a small Program. */
export interface SlowTrace {
  readonly programRoot: Uint8Array
  /** S_0 … S_T. */
  readonly states: readonly Uint8Array[]
  /** What the witness of each step is made from. */
  readonly sources: readonly StepSource[]
  readonly outputRoot: Uint8Array
}

/** A trace that is false from step `lieAt` on: one number of that step is off, and everything after follows from it. */
export interface SlowTraceOptions {
  readonly lieAt?: number
  readonly hash?: Hasher
}

/**
 * All states of a Program's trace, by doing every step and rebuilding every tree from nothing: the definition that faster provers are held to.
 * @param inputs in order, within the model's declared bounds. Cost: quadratic in the lanes of a value.
 */
export function slowTrace(program: Program, inputs: readonly Tensor[], options: SlowTraceOptions = {}): SlowTrace {
  const { hash = keccak256, lieAt } = options
  const tree = programTree(program, hash)
  const firsts = firstSteps(program)
  const steps = firsts.at(-1) as number
  const machine = startMachine(program, inputs, lieAt !== undefined, hash)
  const sources: StepSource[] = []
  for (let t = 0; t < steps; t++) {
    sources.push({ program: tree, ...machine.snapshot(t) })
    const step = stepAt(program, firsts, t)
    if (step.kind === 'lanes') machine.writeLanes(step.op, step.firstLane, step.endLane, t === lieAt)
    if (step.kind === 'run') machine.foldRun(step.op, step, t === lieAt)
  }
  const outputRoot = machine.outputRoot()
  const claimed = lieAt === steps - 1 ? hash(outputRoot) : outputRoot
  const states = [...sources.map(({ state }) => runningState(state, hash)), haltState(claimed, hash)]
  return { programRoot: programRoot(program, hash), states, sources, outputRoot: claimed }
}

/** The numbers of a trace in progress. A liar's may leave what a checked graph guarantees; they are wrapped and made up then. */
function startMachine(program: Program, inputs: readonly Tensor[], lies: boolean, hash: Hasher) {
  const values: TensorData[] = [...inputs.map(({ data }, id) => stored(program, id, data)), ...program.constants]
  let committed = commitValues(values, hash)
  let partial: { data: TensorData; lanes: number } | undefined
  let accumulator: Accumulator | undefined

  function write(opIndex: number, lane: number, value: number): void {
    const { output } = program.ops[opIndex] as ProgramOp
    const { laneBytes, lanes } = program.values[output] as ProgramValue
    partial ??= { data: allocateData(laneBytes, lanes), lanes: 0 }
    partial.data[lane] = value
    partial.lanes++
    if (partial.lanes < lanes) return
    values.push(partial.data)
    committed = commitValues(values, hash)
    partial = undefined
  }

  /** The number itself, or a false one beside it that fits its lane. */
  function told(op: ProgramOp, value: number, isLie: boolean): number {
    const { hi } = laneRange((program.values[op.output] as ProgramValue).laneBytes)
    return isLie ? (value < hi ? value + 1 : value - 1) : value
  }

  function evaluated(evaluate: () => number): number {
    if (!lies) return evaluate()
    try {
      return evaluate()
    } catch {
      return 0
    }
  }

  return {
    outputRoot: () =>
      bindRoots(
        OUTPUTS_DOMAIN,
        program.outputs.map(({ value }) => committed.nodes.node(0, value)),
        hash,
      ),
    snapshot: (t: number) => snapshot(program, committed, partial, accumulator, t, hash),
    writeLanes(opIndex: number, firstLane: number, endLane: number, isLie: boolean): void {
      const op = program.ops[opIndex] as ProgramOp
      for (let lane = firstLane; lane < endLane; lane++) {
        const value = evaluated(() => evaluateLane(op, values, lane))
        write(opIndex, lane, told(op, value, isLie && lane === firstLane))
      }
    },
    foldRun(
      opIndex: number,
      run: { readonly lane: number; readonly firstTerm: number; readonly endTerm: number; readonly isLast: boolean },
      isLie: boolean,
    ): void {
      const op = program.ops[opIndex] as FoldOp
      const index = loopIndices(op.outLoops, run.lane)
      const folded = foldTerms(op, index, values, run.firstTerm, run.endTerm, accumulator ?? startFold(op))
      accumulator = isLie ? { ...folded, value: folded.value + 1 } : folded
      if (!run.isLast) return
      accumulator = undefined
      const value = evaluated(() => finishFold(op, index, values, folded))
      write(opIndex, run.lane, told(op, value, isLie))
    },
  }
}

/** The values written so far, and the value tree over them. */
interface CommittedValues {
  readonly tensors: readonly SourceTensor[]
  readonly nodes: TreeNodes
}

function commitValues(values: readonly TensorData[], hash: Hasher): CommittedValues {
  const roots = values.map((data) => rootOf(data, hash))
  return { tensors: values.map((data) => sourceTensor(data, hash)), nodes: treeNodes(roots, VALUE_TREE_DEPTH, hash) }
}

function snapshot(
  program: Program,
  { tensors, nodes }: CommittedValues,
  partial: { readonly data: TensorData; readonly lanes: number } | undefined,
  accumulator: Accumulator | undefined,
  t: number,
  hash: Hasher,
): Omit<StepSource, 'program'> {
  const written = partial === undefined ? undefined : writtenChunks(program, tensors.length, partial)
  const state: TraceState = {
    valuesRoot: nodes.node(VALUE_TREE_DEPTH, 0),
    partialRoot: written === undefined ? NO_PARTIAL : merkleRoot(written.leaves(hash), hash, written.depth),
    acc: BigInt(accumulator?.value ?? 0),
    accIndex: BigInt(accumulator?.index ?? 0),
    t,
  }
  return {
    state,
    values: nodes,
    tensor: (value) => tensors[value],
    partialChunk: (index) => written?.chunk(index) ?? new Uint8Array(CHUNK_BYTES),
    partial: treeNodes(written?.leaves(hash) ?? [], written?.depth ?? 0, hash),
  }
}

/** The value being written, lanes not written yet zero; only chunks with a written lane have a leaf. */
function writtenChunks(
  program: Program,
  id: number,
  { data, lanes: written }: { readonly data: TensorData; readonly lanes: number },
) {
  const { laneBytes, lanes } = program.values[id] as ProgramValue
  const bytes = encodeTensor(
    data.map((lane, i) => (i < written ? lane : 0)),
    laneBytes,
  )
  const touched = Math.ceil((written * laneBytes) / CHUNK_BYTES)
  return {
    depth: merkleDepth(Math.ceil((lanes * laneBytes) / CHUNK_BYTES)),
    chunk: (index: number) => tensorChunk(bytes, index),
    leaves: (hash: Hasher) => tensorLeaves(bytes, hash).map((leaf, i) => (i < touched ? leaf : ZERO_LEAF)),
  }
}

function sourceTensor(data: TensorData, hash: Hasher): SourceTensor {
  const laneBytes = laneBytesOf(data)
  const bytes = encodeTensor(data, laneBytes)
  let nodes: TreeNodes | undefined
  const tree = (): TreeNodes => {
    const leaves = tensorLeaves(bytes, hash)
    nodes ??= treeNodes(leaves, merkleDepth(leaves.length), hash)
    return nodes
  }
  return {
    laneBytes,
    lanes: data.length,
    chunk: (index) => tensorChunk(bytes, index),
    nodes: { node: (level, index) => tree().node(level, index) },
  }
}

function rootOf(data: TensorData, hash: Hasher): Uint8Array {
  const laneBytes = laneBytesOf(data)
  return tensorRoot(encodeTensor(data, laneBytes), laneBytes, data.length, hash)
}

function stored(program: Program, id: number, lanes: ArrayLike<number>): TensorData {
  const data = allocateData((program.values[id] as ProgramValue).laneBytes, lanes.length)
  data.set(lanes)
  return data
}
