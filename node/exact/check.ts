import { InvalidError } from '../protocol/errors.ts'
import { laneRange } from '../protocol/tensor-encoding.ts'
import { peakMemory } from './footprint.ts'
import type { CheckedGraph, ExactGraph, GraphOutput, Op, ValueFacts } from './graph.ts'
import { inferOp, type OpFacts } from './infer-op.ts'
import * as limits from './limits.ts'
import { createColumnSums, type Operand } from './ops/sums.ts'
import { requireStructure } from './structure.ts'
import { boundsOf, laneBytesFor, shapeSize, within } from './tensor-data.ts'
import { atOp, requireAtMost } from './verdicts.ts'

const SHRINK = 'use a smaller model or smaller tensors'

/**
 * Proves that a graph computes with safe integers only, whatever its inputs and in any order of summation, within the caps
 * of `limits.ts`; or refuses it. This decides consensus: the same graph gives the same facts or the same error anywhere.
 *
 * Cost: linear in the bytes of the graph. Nothing is allocated but the facts.
 * @throws InvalidError naming the op (index and kind), the figure that broke, its limit and the mend.
 */
export function checkGraph(graph: ExactGraph): CheckedGraph {
  requireStructure(graph)
  requireLiveValues(graph)
  const { results, values } = inferValues(graph)
  checkTotals(graph, values, results)
  for (const [index, output] of graph.outputs.entries()) checkOutput(output, index, values[output.value] as ValueFacts)
  const accumulations = new Map<number, number>()
  for (const [index, { accumulation }] of results.entries()) {
    if (accumulation !== undefined) accumulations.set(index, accumulation)
  }
  return { graph, values, accumulations }
}

/** Every op reads values made before it; every value is read or an output; every output is the result of an op. */
function requireLiveValues(graph: ExactGraph): void {
  const firstOp = graph.inputs.length + graph.constants.length
  const used = new Set<number>()
  for (const [index, op] of graph.ops.entries()) {
    for (const id of op.inputs) {
      used.add(id)
      if (id < firstOp + index) continue
      atOp(op, index, () => {
        throw new InvalidError('ValueUnknown', `reads value ${id}, which is not made before it: order the ops`)
      })
    }
  }
  for (const [index, { value }] of graph.outputs.entries()) {
    used.add(value)
    if (value >= firstOp && value < firstOp + graph.ops.length) continue
    throw new InvalidError('OutputNotComputed', `output ${index}: value ${value} is not the result of an op`)
  }
  for (let id = 0; id < firstOp + graph.ops.length; id++) {
    if (used.has(id)) continue
    throw new InvalidError('ValueDead', `${valueName(graph, id)}: nothing reads it: remove it`, { meta: { value: id } })
  }
}

function valueName(graph: ExactGraph, id: number): string {
  const constant = id - graph.inputs.length
  const op = constant - graph.constants.length
  if (constant < 0) return `input ${id}`
  return op < 0 ? `constant ${constant}` : `op ${op} (${graph.ops[op]?.kind})`
}

/** Applies the rules op by op. */
function inferValues(graph: ExactGraph): {
  readonly results: readonly OpFacts[]
  readonly values: readonly ValueFacts[]
} {
  const operands: Operand[] = [
    ...graph.inputs.map(({ shape, lo, hi }) => ({ shape, lo, hi, constant: undefined })),
    ...graph.constants.map((constant) => ({ shape: constant.shape, ...boundsOf(constant.data), constant })),
  ]
  const columnSums = createColumnSums(graph.constants.reduce((sum, { data }) => sum + data.length, 0))
  const results = graph.ops.map((op, index) => {
    const facts = atOp(op, index, () => inferOp(op, operands, columnSums))
    operands.push(facts)
    return facts
  })
  const values = operands.map(({ shape, lo, hi }) => ({ shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) }))
  return { results, values }
}

/** Caps on sums over the whole graph, each laid at the door of the op that breaks it. */
function checkTotals(graph: ExactGraph, values: readonly ValueFacts[], results: readonly OpFacts[]): void {
  const firstOp = values.length - results.length
  let lanes = values.slice(0, firstOp).reduce((sum, { shape }) => sum + shapeSize(shape), 0)
  let terms = 0
  for (const [index, op] of graph.ops.entries()) {
    const facts = results[index] as OpFacts
    lanes += shapeSize(facts.shape)
    terms += facts.terms
    atOp(op, index, () => {
      requireAtMost(lanes, limits.MAX_TOTAL_LANES, 'LanesTooMany', 'lanes of all tensors so far', SHRINK)
      requireAtMost(terms, limits.MAX_MACS, 'MacsTooMany', 'terms folded so far', SHRINK)
    })
  }
  const scratch = results.map((facts) => facts.scratchLanes)
  const peak = peakMemory(graph, values, scratch)
  atOp(graph.ops[peak.op] as Op, peak.op, () => {
    requireAtMost(peak.bytes, limits.MAX_PEAK_BYTES, 'MemoryTooLarge', 'bytes in use at once', SHRINK)
  })
}

function checkOutput({ laneBytes }: GraphOutput, index: number, facts: ValueFacts): void {
  if (within(facts, laneRange(laneBytes))) return
  const { lo, hi } = facts
  const message = `output ${index}: [${lo}, ${hi}] does not fit lanes of ${laneBytes} bytes: declare ${facts.laneBytes}`
  throw new InvalidError('OutputLaneTooNarrow', message, { meta: { output: index, lo, hi } })
}
