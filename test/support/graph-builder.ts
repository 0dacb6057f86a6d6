import type { ExactGraph, GraphInput, GraphOutput, LaneBytes, Op, Shape, ValueId } from '../../node/exact/graph.ts'
import { inferOp } from '../../node/exact/infer-op.ts'
import { createColumnSums, type Operand } from '../../node/exact/ops/sums.ts'
import { boundsOf, laneBytesFor, packData, shapeSize } from '../../node/exact/tensor-data.ts'
import { PROFILE_V1 } from '../../node/protocol/constants.ts'
import { InvalidError } from '../../node/protocol/errors.ts'

/** Caps that keep a random graph quick to run. */
export interface BuilderLimits {
  readonly lanes: number
  readonly terms: number
}

/**
 * Grows a graph one valid op at a time. Ids count values in the order of making; `finish` renumbers them. Ops that the
 * rules refuse are not added.
 */
export interface GraphBuilder {
  /** What is known of each value so far, by id. */
  readonly values: readonly Operand[]
  input(input: GraphInput): ValueId
  constant(shape: Shape, lanes: ArrayLike<number>): ValueId
  /** Adds an op; undefined when it is refused. */
  op(op: Op): ValueId | undefined
  isConstant(id: ValueId): boolean
  /**
   * The graph of all ops, without constants and inputs that none reads; what no op reads becomes an output, as do `extra`.
   * An input is read, and an op made, in any case.
   */
  finish(extra: readonly { readonly value: ValueId; readonly wide: boolean }[]): ExactGraph
}

type Source =
  | { readonly type: 'input'; readonly input: GraphInput }
  | { readonly type: 'constant'; readonly lanes: ArrayLike<number> }
  | { readonly type: 'op'; readonly op: Op }

/** Makes an empty {@link GraphBuilder}. */
export function createGraphBuilder(limits: BuilderLimits): GraphBuilder {
  const values: Operand[] = []
  const sources: Source[] = []
  const columnSums = createColumnSums(2 ** 30)
  const add = (source: Source, value: Operand): ValueId => {
    sources.push(source)
    return values.push(value) - 1
  }
  const builder: GraphBuilder = {
    values,
    isConstant: (id) => sources[id]?.type === 'constant',
    input: (input) =>
      add({ type: 'input', input }, { shape: input.shape, lo: input.lo, hi: input.hi, constant: undefined }),
    constant: (shape, lanes) =>
      add({ type: 'constant', lanes }, { shape, ...boundsOf(lanes), constant: { shape, data: packData(lanes) } }),
    op(op) {
      const facts = refusedOr(() => inferOp(op, values, columnSums))
      if (!facts || shapeSize(facts.shape) > limits.lanes || facts.terms > limits.terms) return undefined
      return add({ type: 'op', op }, facts)
    },
    finish(extra) {
      const readsInput = sources.some((source) => source.type === 'op' && source.op.inputs.some((id) => isInput(id)))
      if (!readsInput) builder.op({ kind: 'clip', inputs: [0], lo: -1, hi: 1 })
      return renumber(sources, values, extra)
    },
  }
  const isInput = (id: ValueId) => sources[id]?.type === 'input'
  return builder
}

function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

function renumber(
  sources: readonly Source[],
  values: readonly Operand[],
  extra: readonly { readonly value: ValueId; readonly wide: boolean }[],
): ExactGraph {
  const read = new Set(sources.flatMap((source) => (source.type === 'op' ? source.op.inputs : [])))
  const idsOf = (type: Source['type']) =>
    sources.flatMap((source, id) => (source.type === type && (type === 'op' || read.has(id)) ? [id] : []))
  const inputs = idsOf('input')
  const constants = idsOf('constant')
  const ops = idsOf('op')
  const renumbered = new Map([...inputs, ...constants, ...ops].map((old, id) => [old, id]))
  const newId = (old: ValueId) => renumbered.get(old) as ValueId
  const output = (old: ValueId, wide: boolean): GraphOutput => {
    const laneBytes = laneBytesFor(values[old] as Operand)
    return { value: newId(old), laneBytes: wide ? (Math.min(8, 2 * laneBytes) as LaneBytes) : laneBytes }
  }
  return {
    profile: PROFILE_V1,
    inputs: inputs.map((id) => (sources[id] as Extract<Source, { type: 'input' }>).input),
    constants: constants.map((id) => (values[id] as Operand).constant as NonNullable<Operand['constant']>),
    ops: ops.map((id) => {
      const { op } = sources[id] as Extract<Source, { type: 'op' }>
      return { ...op, inputs: op.inputs.map(newId) } as unknown as Op
    }),
    outputs: [
      ...ops.filter((id) => !read.has(id)).map((id) => output(id, false)),
      ...extra.filter(({ value }) => sources[value]?.type === 'op').map(({ value, wide }) => output(value, wide)),
    ],
  }
}
