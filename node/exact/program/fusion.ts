import type { CheckedGraph, Op, OpKind, ValueFacts, ValueId } from '../graph.ts'
import { shapeEquals } from '../tensor-data.ts'
import { MAX_EPILOGUE_OPS, MAX_NEST_OPERANDS } from './program.ts'

/** A scalar op of the graph, as part of a nest's epilogue: `accumulator` is the operand that the nest already holds. */
export interface ChainLink {
  /** Op index. */
  readonly op: number
  /** Position among the op's inputs of the accumulator: 0 or 1. */
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
const UNARY_KINDS: ReadonlySet<OpKind> = new Set(['clip', 'shift-left', 'shift-right'])
const BINARY_KINDS: ReadonlySet<OpKind> = new Set(['add', 'sub', 'mul', 'min', 'max'])

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
    if (!isScalarOp(op)) return
    const shape = (values[firstOp + index] as ValueFacts).shape
    const joinable = (id: ValueId) => uses[id] === 1 && shapeEquals((values[id] as ValueFacts).shape, shape)
    for (const [accumulator, id] of op.inputs.entries()) {
      const chain = chains.get(id - firstOp)
      if (chain === undefined || !joinable(id) || !extend(chain, checked, index, accumulator)) continue
      chains.delete(id - firstOp)
      chains.set(index, chain)
      return
    }
    const chain: GrowingChain = { links: [], epilogueOps: 0, operands: 1 }
    extend(chain, checked, index, headPosition(op, checked))
    chains.set(index, chain)
  })
  return chains
}

/** The lane of a constant that has just one; undefined for any other value. Such a constant is written into the descriptor. */
export function scalarConstant({ graph }: CheckedGraph, id: ValueId): number | undefined {
  const constant = graph.constants[id - graph.inputs.length]
  return constant?.data.length === 1 ? constant.data[0] : undefined
}

function isScalarOp(op: Op): boolean {
  return UNARY_KINDS.has(op.kind) || BINARY_KINDS.has(op.kind)
}

/** A Map of its own starts from operand 0, or from operand 1 where operand 0 is a scalar constant. */
function headPosition(op: Op, checked: CheckedGraph): number {
  return op.inputs.length === 2 && scalarConstant(checked, op.inputs[0] as ValueId) !== undefined ? 1 : 0
}

function extend(chain: GrowingChain, checked: CheckedGraph, index: number, accumulator: number): boolean {
  const op = checked.graph.ops[index] as Op
  const other = op.inputs[1 - accumulator]
  const reads = BINARY_KINDS.has(op.kind) && scalarConstant(checked, other as ValueId) === undefined ? 1 : 0
  const negates = op.kind === 'sub' && accumulator === 1 ? 1 : 0
  const epilogueOps = chain.epilogueOps + 1 + negates
  const operands = chain.operands + reads
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
