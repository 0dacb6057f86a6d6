import type { CheckedGraph, GraphConstant, Op, ValueFacts, ValueId } from '../graph.ts'

/** A value and the constant that an op combines it with. */
export interface WithConstant {
  readonly operand: ValueId
  readonly constant: GraphConstant
}

/** Looks at a graph from its results backwards, as patterns of ops are found. */
export interface GraphSearch {
  readonly checked: CheckedGraph
  facts(id: ValueId): ValueFacts
  /** Lanes of a constant, or undefined for another value. */
  constant(id: ValueId): GraphConstant | undefined
  /** The op that makes a value, if an op does. */
  makerOf(id: ValueId): Op | undefined
  /** The op that makes a value which one op alone reads, once, and no output. */
  privateMakerOf(id: ValueId): Op | undefined
  /** The index of the op that makes a value. */
  indexOf(id: ValueId): number
  /** An op of this kind that makes a value read once, from a computed value and a constant. */
  withConstant(kind: 'add' | 'mul', id: ValueId): WithConstant | undefined
  /** A product with a constant, or a left shift, that makes a value read once. */
  withFactor(id: ValueId): WithConstant | undefined
}

/** Cost: one pass over the ops. */
export function createGraphSearch(checked: CheckedGraph): GraphSearch {
  const { graph } = checked
  const readers = countReaders(checked)
  const firstOp = graph.inputs.length + graph.constants.length
  const search: GraphSearch = {
    checked,
    facts: (id) => checked.values[id] as ValueFacts,
    constant: (id) => graph.constants[id - graph.inputs.length],
    makerOf: (id) => graph.ops[id - firstOp],
    privateMakerOf: (id) => (readers.get(id) === 1 ? graph.ops[id - firstOp] : undefined),
    indexOf: (id) => id - firstOp,
    withConstant(kind, id) {
      const op = search.privateMakerOf(id)
      if (op?.kind !== kind) return undefined
      const [a, b] = op.inputs
      const [left, right] = [search.constant(a), search.constant(b)]
      if (right !== undefined) return left === undefined ? { operand: a, constant: right } : undefined
      return left === undefined ? undefined : { operand: b, constant: left }
    },
    withFactor(id) {
      const op = search.privateMakerOf(id)
      if (op?.kind !== 'shift-left') return search.withConstant('mul', id)
      return { operand: op.inputs[0], constant: { shape: [], data: Float64Array.of(2 ** op.bits) } }
    },
  }
  return search
}

/** How often each value is read, by ops and as an output. */
function countReaders({ graph }: CheckedGraph): ReadonlyMap<ValueId, number> {
  const readers = new Map<ValueId, number>()
  const reads = [...graph.ops.flatMap((op) => [...op.inputs]), ...graph.outputs.map(({ value }) => value)]
  for (const id of reads) readers.set(id, (readers.get(id) ?? 0) + 1)
  return readers
}
