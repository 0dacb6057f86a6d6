import { BugError } from '../../protocol/errors.ts'
import type { CheckedGraph, GraphOutput, Op, ValueId } from '../graph.ts'
import { laneBytesOf } from '../tensor-data.ts'
import { planChains } from './fusion.ts'
import { lowerChain } from './lower-chain.ts'
import { lowerConcat, lowerCopy, lowerLookup, lowerMove } from './lower-movement.ts'
import {
  factsOf,
  type Lowering,
  rowMajorView,
  type StoredSource,
  startLowering,
  storageOf,
  type View,
  viewOf,
} from './lowering.ts'
import type { OperandMap, Program, ProgramOp, ProgramOutput } from './program.ts'

/** A Program, and what the value of each of its ops is in terms of the graph, by op index. */
export interface LoweredGraph {
  readonly program: Program
  readonly sources: readonly StoredSource[]
}

/** As {@link lowerWithSources}; returns the Program alone. */
export function lower(checked: CheckedGraph): Program {
  return lowerWithSources(checked).program
}

/**
 * Lowers a checked graph to its Program. Consensus code, frozen for the profile: the same graph gives the same Program on every
 * machine. Chains of scalar ops become epilogues, reshapes become nothing, every other op one nest (a concat of many parts: several).
 * Cost: linear in ops and constants. @throws InvalidError `ProgramTooLarge`.
 */
export function lowerWithSources(checked: CheckedGraph): LoweredGraph {
  const { graph } = checked
  const lowering = startLowering(checked)
  const chains = planChains(checked)
  const firstOp = graph.inputs.length + graph.constants.length
  graph.ops.forEach((op, index) => {
    const id = firstOp + index
    const chain = chains.get(index)
    const view = chain === undefined ? lowerUnchained(lowering, op, id) : lowerChain(lowering, chain, id)
    if (view !== undefined) lowering.views.set(id, view)
  })
  return { program: finalProgram(lowering, lowerOutputs(lowering)), sources: lowering.sources }
}

/** Lowers a lookup or a movement op; undefined for an op whose value exists only inside a later chain. */
function lowerUnchained(lowering: Lowering, op: Op, id: ValueId): View | undefined {
  switch (op.kind) {
    case 'lookup':
    case 'gather-elements':
      return lowerLookup(lowering, op, id)
    case 'transpose':
    case 'slice':
    case 'pad':
    case 'expand':
      return lowerMove(lowering, op, id)
    case 'concat':
      return lowerConcat(lowering, op, id)
    case 'reshape':
      return rowMajorView(viewOf(lowering, op.inputs[0]).value, factsOf(lowering, id).shape)
    default:
      return undefined
  }
}

/** Finds the outputs' values; one that is kept in another lane width than declared is copied. */
function lowerOutputs(lowering: Lowering): ProgramOutput[] {
  const copies = new Map<string, View>()
  return lowering.checked.graph.outputs.map(({ value: id, laneBytes }: GraphOutput) => {
    const view = viewOf(lowering, id)
    if (storageOf(lowering, view.value).laneBytes === laneBytes) return { value: view.value, shape: view.shape }
    const key = `${view.value} ${laneBytes}`
    const copy = copies.get(key) ?? lowerCopy(lowering, id, view, laneBytes)
    copies.set(key, copy)
    return { value: copy.value, shape: view.shape }
  })
}

/** Numbers the constants between inputs and ops, now that all are known. */
function finalProgram(lowering: Lowering, outputs: readonly ProgramOutput[]): Program {
  const { checked, constants, values, ops } = lowering
  const inputCount = checked.graph.inputs.length
  const final = (value: number) => {
    if (value < 0) return inputCount - 1 - value
    return value < inputCount ? value : value + constants.laid.length
  }
  const constantValues = constants.laid.map((data) => ({ laneBytes: laneBytesOf(data), lanes: data.length }))
  return {
    profile: checked.graph.profile,
    values: [...values.slice(0, inputCount), ...constantValues, ...values.slice(inputCount)],
    inputCount,
    constants: constants.laid,
    ops: ops.map((op) => renumber(op, final)),
    outputs: outputs.map(({ value, shape }) => ({ value: final(value), shape })),
  }
}

function renumber(op: ProgramOp, final: (value: number) => number): ProgramOp {
  const operands = op.operands.map((operand): OperandMap => ({ ...operand, value: final(operand.value) }))
  const output = final(op.output)
  if (operands.some(({ value }) => value >= output)) throw new BugError(`the op of value ${output} reads a later one`)
  return { ...op, output, operands }
}
