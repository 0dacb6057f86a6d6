import type { CheckedGraph, Op, OpKind, ValueFacts, ValueId } from '../graph.ts'
import { shapeEquals } from '../tensor-data.ts'
import { readsOf } from './epilogue.ts'
import { MAX_EPILOGUE_OPS, MAX_NEST_OPERANDS } from './program.ts'
import { accumulatorPositions, scalarConstant, scalarSteps } from './scalar-steps.ts'

/** A scalar op of the graph, as part of a nest's epilogue: `accumulator` is the operand that the nest already holds. */
export interface ChainLink {
  /** Op index. */
  readonly op: number
  /** Position among the op's inputs of the accumulator: see `accumulatorPositions`. */
  readonly accumulator: number
}

/** Ops that become one nest. The value of the last is stored; the others exist only inside a step. */
export interface Chain {
  /** The Fold that opens the chain, by op index; absent where the chain is a Map. */
  readonly fold?: number
  readonly links: readonly ChainLink[]
}

const FOLD_KINDS: ReadonlySet<OpKind> = new Set([
  'matmul',
  'conv',
  'sum-pool',
  'max-pool',
  'reduce-sum',
  'reduce-max',
  'reduce-min',
  'argmax',
])

interface GrowingChain {
  readonly fold?: number
  readonly links: ChainLink[]
  epilogueOps: number
  operands: number
}

/**
 * The chains of a graph, by the op index of their last op. A scalar op joins the chain of an operand that has its shape, that
 * nothing else reads and that is no output, where the chain has room; of two such operands, the first. Lookups and movement form no chains.
 */
export function planChains(checked: CheckedGraph): ReadonlyMap<number, Chain> {
  const { graph, values } = checked
  const firstOp = graph.inputs.length + graph.constants.length
  const uses = countUses(checked)
  const chains = new Map<number, GrowingChain>()
  graph.ops.forEach((op, index) => {
    if (FOLD_KINDS.has(op.kind)) {
      chains.set(index, { fold: index, links: [], epilogueOps: 0, operands: op.inputs.length })
    }
    const positions = accumulatorPositions(checked, op)
    if (positions.length === 0) return
    const shape = (values[firstOp + index] as ValueFacts).shape
    const joinable = (id: ValueId) => uses[id] === 1 && shapeEquals((values[id] as ValueFacts).shape, shape)
    for (const accumulator of positions) {
      const id = op.inputs[accumulator] as ValueId
      const chain = chains.get(id - firstOp)
      if (chain === undefined || !joinable(id) || !extend(chain, checked, index, accumulator)) continue
      chains.delete(id - firstOp)
      chains.set(index, chain)
      return
    }
    const chain: GrowingChain = { links: [], epilogueOps: 0, operands: 1 }
    extend(chain, checked, index, headPosition(checked, op, positions))
    chains.set(index, chain)
  })
  return chains
}

/** A Map of its own starts from an operand that is no scalar constant, if it may. */
function headPosition(checked: CheckedGraph, op: Op, positions: readonly number[]): number {
  const tensor = positions.find((position) => scalarConstant(checked, op.inputs[position] as ValueId) === undefined)
  return tensor ?? (positions.at(-1) as number)
}

function extend(chain: GrowingChain, checked: CheckedGraph, index: number, accumulator: number): boolean {
  const steps = scalarSteps(checked, checked.graph.ops[index] as Op, accumulator)
  const epilogueOps = chain.epilogueOps + steps.length
  const operands = chain.operands + readsOf(steps).length
  if (epilogueOps > MAX_EPILOGUE_OPS || operands > MAX_NEST_OPERANDS) return false
  chain.epilogueOps = epilogueOps
  chain.operands = operands
  chain.links.push({ op: index, accumulator })
  return true
}

function countUses({ graph, values }: CheckedGraph): number[] {
  const uses = new Array<number>(values.length).fill(0)
  const use = (id: ValueId) => {
    uses[id] = (uses[id] as number) + 1
  }
  for (const op of graph.ops) op.inputs.forEach(use)
  for (const output of graph.outputs) use(output.value)
  return uses
}
