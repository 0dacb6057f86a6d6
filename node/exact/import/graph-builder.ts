import { PROFILE_V1 } from '../../protocol/constants.ts'
import { BugError } from '../../protocol/errors.ts'
import { forEachCoordinate } from '../coordinates.ts'
import type { ExactGraph, GraphConstant, GraphInput, GraphOutput, Op, Shape, ValueId } from '../graph.ts'
import { inferOp, type OpFacts, requireTensorShape } from '../infer-op.ts'
import { laneFunction } from '../lane-functions.ts'
import { MAX_CONSTANT_BYTES, MAX_OPS } from '../limits.ts'
import { createColumnSums, type Operand } from '../ops/sums.ts'
import { ruleOf } from '../ops.ts'
import { boundsOf, packData, shapeSize } from '../tensor-data.ts'
import { refuse } from './import-error.ts'

/** What is known of a value while the graph grows. `terms` is defined only for the result of an op. */
export type BuiltValue = Operand & Partial<OpFacts>

/** A finished graph, and for each of its ops the label that was current when it was added. */
export interface BuiltGraph {
  readonly graph: ExactGraph
  readonly labels: readonly string[]
  /** Where a value of the builder is in the graph; undefined where no output needs it. */
  idOf(id: ValueId): ValueId | undefined
}

/**
 * Grows an ExactGraph op by op under the rules that `checkGraph` applies, so that bounds are known on the way. Ops over
 * constants alone are computed at once. Ids are provisional until `finish`.
 */
export interface GraphBuilder {
  /** Facts of a value. */
  value(id: ValueId): BuiltValue
  addInput(input: GraphInput): ValueId
  /** Adds a constant of safe integers. @throws ImportError `OnnxTooLarge` when all constants together exceed their cap. */
  addConstant(shape: Shape, lanes: ArrayLike<number>): ValueId
  /** The op that makes a value; undefined for inputs and constants. */
  opOf(id: ValueId): Op | undefined
  /** Adds an op. @throws InvalidError of the op's rules; ImportError `OnnxTooLarge`. */
  addOp(op: Op, label: string): ValueId
  /** The graph of what the outputs need, numbered as an ExactGraph is. Every input is kept. */
  finish(outputs: readonly GraphOutput[]): BuiltGraph
}

type Entry =
  | { readonly kind: 'input'; readonly input: GraphInput; readonly facts: BuiltValue }
  | { readonly kind: 'constant'; readonly constant: GraphConstant; readonly facts: BuiltValue }
  | { readonly kind: 'op'; readonly op: Op; readonly label: string; readonly facts: BuiltValue }

/** Lanes that ops over constants may yield in all; beyond it they stay in the graph, so that an import takes bounded time. */
const MAX_FOLDED_LANES = 2 ** 24

/** An empty {@link GraphBuilder}. @param constantLanes lanes of all constants that may come, for the budget of the rules. */
export function createGraphBuilder(constantLanes: number): GraphBuilder {
  const entries: Entry[] = []
  const facts: BuiltValue[] = []
  const columnSums = createColumnSums(constantLanes)
  /** What was computed of constants already: a weight that many nodes rewrite alike is one constant. */
  const folded = new Map<string, ValueId>()
  let constantBytes = 0
  let foldedLanes = 0
  let ops = 0

  function add(entry: Entry): ValueId {
    entries.push(entry)
    facts.push(entry.facts)
    return entries.length - 1
  }

  function addConstant(shape: Shape, lanes: ArrayLike<number>): ValueId {
    requireTensorShape(shape)
    const data = packData(lanes)
    constantBytes += data.byteLength
    // Constants that come to nothing count too: together they bound the importer's memory.
    if (constantBytes > 2 * MAX_CONSTANT_BYTES) refuse('OnnxTooLarge', `constants exceed ${MAX_CONSTANT_BYTES} bytes`)
    const constant = { shape, data }
    return add({ kind: 'constant', constant, facts: { shape, ...boundsOf(data), constant } })
  }

  function addOp(op: Op, label: string): ValueId {
    requireParameters(op)
    const result = inferOp(op, facts, columnSums)
    const operands = op.inputs.map((id) => (facts[id] as BuiltValue).constant)
    const lanes = foldedLanes + shapeSize(result.shape)
    if (operands.every((constant) => constant !== undefined) && result.terms === 0) {
      const key = JSON.stringify(op)
      const known = folded.get(key)
      if (known !== undefined) return known
      if (lanes <= MAX_FOLDED_LANES) {
        foldedLanes = lanes
        const id = addConstant(result.shape, compute(op, operands as GraphConstant[], result.shape))
        folded.set(key, id)
        return id
      }
    }
    if (++ops > MAX_OPS) refuse('OnnxTooLarge', `more than ${MAX_OPS} ops`)
    return add({ kind: 'op', op, label, facts: result })
  }

  return {
    value: (id) => facts[id] ?? bug(id),
    addInput: (input) => {
      requireTensorShape(input.shape)
      return add({
        kind: 'input',
        input,
        facts: { shape: input.shape, lo: input.lo, hi: input.hi, constant: undefined },
      })
    },
    addConstant,
    opOf: (id) => {
      const entry = entries[id]
      return entry?.kind === 'op' ? entry.op : undefined
    },
    addOp,
    finish: (outputs) => numberGraph(entries, outputs),
  }
}

function requireParameters(op: Op): void {
  const parameters = op as unknown as Readonly<Record<string, unknown>>
  for (const [name, codec] of ruleOf(op).fields) {
    if (!codec.valid(parameters[name])) refuse('OnnxShapeInvalid', `${name} [${parameters[name]}] is out of range`)
  }
}

function compute(op: Op, operands: readonly GraphConstant[], shape: Shape): Float64Array {
  const data = new Float64Array(shapeSize(shape))
  const lane = laneFunction(op, operands, shape)
  forEachCoordinate(shape, (at, i) => {
    data[i] = lane(at)
  })
  return data
}

/**
 * Drops ops and constants that no output needs, and numbers the rest: inputs, constants in the order in which ops first read
 * them, ops.
 */
function numberGraph(entries: readonly Entry[], outputs: readonly GraphOutput[]): BuiltGraph {
  const live = new Set(outputs.map((output) => output.value))
  for (let id = entries.length - 1; id >= 0; id--) {
    const entry = entries[id] as Entry
    if (entry.kind === 'op' && live.has(id)) for (const input of entry.op.inputs) live.add(input)
  }
  const kept = [...entries.entries()].filter(([id, entry]) => entry.kind === 'input' || live.has(id))
  const reads = [...new Set(kept.flatMap(([, entry]) => (entry.kind === 'op' ? [...entry.op.inputs] : [])))]
  const constants = reads.map((id) => [id, entries[id] as Entry] as const).filter(([, { kind }]) => kind === 'constant')
  const ofKind = (kind: Entry['kind']) => kept.filter(([, entry]) => entry.kind === kind)
  const ordered = [...ofKind('input'), ...constants, ...ofKind('op')]
  const renumbered = new Map(ordered.map(([old], id) => [old, id]))
  const rename = (id: ValueId): ValueId => renumbered.get(id) ?? bug(id)
  const graph: ExactGraph = {
    profile: PROFILE_V1,
    inputs: ordered.flatMap(([, entry]) => (entry.kind === 'input' ? [entry.input] : [])),
    constants: ordered.flatMap(([, entry]) => (entry.kind === 'constant' ? [entry.constant] : [])),
    ops: ordered.flatMap(([, entry]) =>
      entry.kind === 'op' ? [{ ...entry.op, inputs: entry.op.inputs.map(rename) } as unknown as Op] : [],
    ),
    outputs: outputs.map((output) => ({ ...output, value: rename(output.value) })),
  }
  const labels = ordered.flatMap(([, entry]) => (entry.kind === 'op' ? [entry.label] : []))
  return { graph, labels, idOf: (id) => renumbered.get(id) }
}

function bug(id: ValueId): never {
  throw new BugError(`the importer lost value ${id}`)
}
