import type { ModelCounters } from '../../protocol/model-manifest.ts'
import { peakMemory, scratchLanes } from '../footprint.ts'
import type { Bounds, CheckedGraph, ExactGraph, Op, Shape, ValueFacts } from '../graph.ts'
import { type Operands, ruleOf } from '../ops.ts'
import { shapeSize } from '../tensor-data.ts'
import { MAX_MOVE_OPERANDS, type Program } from './program.ts'
import { firstSteps } from './steps.ts'

type MacClass = 'macsNarrow' | 'macsMedium' | 'macsWide'

/** Contractions with fewer terms a lane, or fewer columns a kernel call, run far below the speed of their class. */
const SMALL_KERNEL = 16

/** A convolution without a kernel of its own copies each of up to this many taps by a node, and more than that all by one. */
const MAX_TAP_NODES = 64
/** Nodes that weigh as much as an op, whose own are a few. */
const TAPS_PER_OP = 2

/** One op with the facts of what it reads and yields. */
interface OpContext {
  readonly op: Op
  readonly inputs: readonly ValueFacts[]
  readonly out: ValueFacts
  readonly fanIn: number
  /** Greatest partial sum; undefined for an op that does not sum. */
  readonly accumulation: number | undefined
}

/** What activating a model costs besides its bytes; known as soon as the graph is decoded, before it is checked. */
export type ActivationWork = Pick<ModelCounters, 'opCount' | 'constantBytes'>

/** Ops, one of more operands than a Move takes counting once for each such group; and bytes of constants. */
export function activationWork(graph: ExactGraph): ActivationWork {
  return {
    opCount: graph.ops.reduce((sum, { inputs }) => sum + Math.ceil(inputs.length / MAX_MOVE_OPERANDS), 0),
    constantBytes: graph.constants.reduce((sum, { data }) => sum + data.byteLength, 0),
  }
}

/**
 * Counts what a model costs, from shapes and bounds only. Poolings and reductions count one wide MAC a term, and so do contractions of
 * few terms or columns, whatever their bounds: kernels are slow there. Reshapes cost nothing. @param graphBytes size of the canonical graph.
 */
export function countModel(checked: CheckedGraph, program: Program, graphBytes: number): ModelCounters {
  const { graph, values } = checked
  const work = activationWork(graph)
  const contexts = graph.ops.map((_, index) => contextOf(checked, index))
  const total = (count: (context: OpContext) => number) => contexts.reduce((sum, context) => sum + count(context), 0)
  const macs = (kind: MacClass) =>
    total((context) => (macClass(context) === kind ? lanesOf(context.out) * context.fanIn : 0))
  const scratch = contexts.map(({ op, inputs, out, fanIn }) =>
    scratchLanes(op, (inputs[0] as ValueFacts).shape, out.shape, fanIn),
  )
  return {
    steps: firstSteps(program).at(-1) as number,
    ...work,
    opCount: work.opCount + total(tapOps),
    macsNarrow: macs('macsNarrow'),
    macsMedium: macs('macsMedium'),
    macsWide: macs('macsWide'),
    elements: total(({ op, out }) => (op.kind === 'reshape' ? 0 : lanesOf(out))),
    kernelCalls: total(kernelCalls),
    gatheredBytes: total(gatheredBytes),
    movedBytes: total(({ op, out }) => (MOVES.has(op.kind) ? lanesOf(out) * out.laneBytes : 0)),
    hashedBytes: hashedBytes(checked),
    graphBytes,
    peakBytes: peakMemory(graph, values, scratch).bytes,
    scratchBytes: contexts.reduce((sum, context, index) => sum + (scratch[index] as number) * scratchWidth(context), 0),
  }
}

const MOVES: ReadonlySet<Op['kind']> = new Set(['transpose', 'slice', 'pad', 'concat', 'expand'])

function contextOf(checked: CheckedGraph, index: number): OpContext {
  const { graph, values, accumulations } = checked
  const op = graph.ops[index] as Op
  const inputs = op.inputs.map((id) => values[id] as ValueFacts)
  const operands = inputs.map((facts) => ({ ...facts, constant: undefined })) as readonly unknown[] as Operands<Op>
  return {
    op,
    inputs,
    out: values[graph.inputs.length + graph.constants.length + index] as ValueFacts,
    fanIn: ruleOf(op).fanIn?.(op, operands) ?? 0,
    accumulation: accumulations.get(index),
  }
}

function macClass(context: OpContext): MacClass {
  const { op, inputs, fanIn, accumulation } = context
  if (op.kind !== 'matmul' && op.kind !== 'conv') return 'macsWide'
  if (accumulation === undefined || fanIn < SMALL_KERNEL || columns(context) < SMALL_KERNEL) return 'macsWide'
  if (inputs.every(fitsByte) && accumulation < 2 ** 31) return 'macsNarrow'
  return accumulation <= 2 ** 24 ? 'macsMedium' : 'macsWide'
}

/** Whether a shift by a zero point brings every lane into one unsigned byte, or none is needed for a signed one. */
function fitsByte({ lo, hi }: Bounds): boolean {
  return lo >= -128 && hi <= 255 && hi - lo <= 255
}

/** Columns of the matrix product that one kernel call computes: the extent that is vectorised. */
function columns({ op, inputs, out }: OpContext): number {
  if (op.kind === 'conv') return ((inputs[1] as ValueFacts).shape[0] as number) / op.groups
  return out.shape.at(-1) as number
}

function tapOps({ op, inputs }: OpContext): number {
  if (op.kind !== 'conv') return 0
  const taps = shapeSize((inputs[1] as ValueFacts).shape.slice(2))
  return taps === 1 ? 0 : Math.ceil(Math.min(taps, MAX_TAP_NODES) / TAPS_PER_OP)
}

/** Bytes of a lane of padded input and unfolded windows. */
function scratchWidth({ op, inputs, out, accumulation }: OpContext): number {
  const reach = Math.max(accumulation ?? 0, ...[...inputs, out].map(({ lo, hi }) => Math.max(-lo, hi)))
  if (op.kind === 'conv' && inputs.every(fitsByte) && reach < 2 ** 31) return 1
  return reach <= 2 ** 24 ? 4 : 8
}

function kernelCalls({ op, out }: OpContext): number {
  if (op.kind === 'conv') return (out.shape[0] as number) * op.groups
  return op.kind === 'matmul' ? shapeSize(out.shape.slice(0, -2)) : 0
}

function gatheredBytes({ op, inputs, out }: OpContext): number {
  if (op.kind !== 'lookup' && op.kind !== 'gather-elements') return 0
  const indices = inputs[0] as ValueFacts
  return lanesOf(out) * out.laneBytes + lanesOf(indices) * indices.laneBytes
}

function hashedBytes({ graph, values }: CheckedGraph): number {
  const inputs = graph.inputs.reduce((sum, { shape, laneBytes }) => sum + shapeSize(shape) * laneBytes, 0)
  const outputs = graph.outputs.reduce(
    (sum, { value, laneBytes }) => sum + lanesOf(values[value] as ValueFacts) * laneBytes,
    0,
  )
  return inputs + outputs
}

function lanesOf({ shape }: { readonly shape: Shape }): number {
  return shapeSize(shape)
}
