import { PROFILE_V1 } from '../protocol/constants.ts'
import { InvalidError } from '../protocol/errors.ts'
import { laneRange } from '../protocol/tensor-encoding.ts'
import { isLane, isUint, requireFields } from './fields.ts'
import { peakMemory } from './footprint.ts'
import type {
  CheckedGraph,
  ExactGraph,
  GraphConstant,
  GraphInput,
  GraphOutput,
  LaneBytes,
  Op,
  ValueFacts,
} from './graph.ts'
import { inferOp, type OpFacts, requireTensorShape } from './infer-op.ts'
import * as limits from './limits.ts'
import { createColumnSums, type Operand } from './ops/sums.ts'
import { OPS } from './ops.ts'
import { boundsOf, laneBytesFor, laneBytesOf, shapeSize, shapeText, within } from './tensor-data.ts'
import { at, atOp, requireAtMost } from './verdicts.ts'

const SHRINK = 'split the model or make it smaller'

/**
 * Proves that a graph computes with safe integers only, whatever its inputs and in any order of summation, within the caps
 * of `limits.ts`; or refuses it. This decides consensus. Total on any graph that `decodeGraph` returns.
 *
 * Cost: linear in the bytes of the graph; nothing is allocated but the facts.
 * @throws InvalidError naming the op (index and kind), the figure that broke, its limit and the mend. The same graph always
 * gives the same error.
 */
export function checkGraph(graph: ExactGraph): CheckedGraph {
  checkStructure(graph)
  const values = [...graph.inputs.map(inputOperand), ...constantOperands(graph.constants)]
  const constantLanes = graph.constants.reduce((sum, constant) => sum + constant.data.length, 0)
  const columnSums = createColumnSums(constantLanes)
  const accumulations = new Map<number, number>()
  const scratch: number[] = []
  let lanes = values.reduce((sum, value) => sum + shapeSize(value.shape), 0)
  let macs = 0
  graph.ops.forEach((op, index) => {
    atOp(op, index, () => {
      const facts = inferOp(op, values, columnSums)
      lanes += shapeSize(facts.shape)
      macs += facts.terms
      requireAtMost(lanes, limits.MAX_TOTAL_LANES, 'LanesTooMany', 'lanes of all tensors so far', SHRINK)
      requireAtMost(macs, limits.MAX_MACS, 'MacsTooMany', 'terms folded so far', SHRINK)
      if (facts.accumulation !== undefined) accumulations.set(index, facts.accumulation)
      values.push(facts)
      scratch.push(facts.scratchLanes)
    })
  })
  for (const [index, output] of graph.outputs.entries()) checkOutput(output, index, values)
  const facts = values.map(({ shape, lo, hi }) => ({ shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) }))
  checkPeak(graph, facts, scratch)
  return { graph, values: facts, accumulations }
}

/** Counts, parameters' ranges, order and use of values: all that needs neither shapes nor lanes. */
function checkStructure(graph: ExactGraph): void {
  if (graph.profile !== PROFILE_V1) {
    throw new InvalidError('ProfileUnknown', `profile ${graph.profile} is not known: this software knows ${PROFILE_V1}`)
  }
  requireCount('inputs', graph.inputs.length, 1, limits.MAX_INPUTS)
  requireCount('constants', graph.constants.length, 0, limits.MAX_CONSTANTS)
  requireCount('ops', graph.ops.length, 1, limits.MAX_OPS)
  requireCount('outputs', graph.outputs.length, 1, limits.MAX_OUTPUTS)
  const bytes = graph.constants.reduce((sum, constant) => sum + constant.data.byteLength, 0)
  requireAtMost(bytes, limits.MAX_CONSTANT_BYTES, 'ConstantsTooLarge', 'bytes of all constants', SHRINK)
  const firstOp = graph.inputs.length + graph.constants.length
  const used = new Set<number>()
  graph.ops.forEach((op, index) => {
    if (!Object.hasOwn(OPS, op.kind)) throw new InvalidError('OpUnknown', `op ${index}: no such kind: ${op.kind}`)
    atOp(op, index, () => {
      requireFields(op)
      for (const id of op.inputs) {
        if (!isUint(id) || id >= firstOp + index)
          throw new InvalidError('ValueUnknown', `reads value ${id}, made by no op before it`)
        used.add(id)
      }
    })
  })
  for (const { value } of graph.outputs) used.add(value)
  requireAllUsed(graph, used)
}

function requireAllUsed(graph: ExactGraph, used: ReadonlySet<number>): void {
  const firstOp = graph.inputs.length + graph.constants.length
  for (let id = 0; id < firstOp + graph.ops.length; id++) {
    if (used.has(id)) continue
    const name =
      id < graph.inputs.length
        ? `input ${id}`
        : id < firstOp
          ? `constant ${id - graph.inputs.length}`
          : `op ${id - firstOp} (${graph.ops[id - firstOp]?.kind})`
    throw new InvalidError('ValueDead', `${name}: nothing reads it: remove it or make it an output`, {
      meta: { value: id },
    })
  }
}

function inputOperand(input: GraphInput, index: number): Operand {
  const place = `input ${index}`
  const { shape, laneBytes, lo, hi } = input
  requireLaneBytes(laneBytes, place)
  at(place, {}, () => requireTensorShape(shape))
  if (!isLane(lo) || !isLane(hi) || lo > hi || !within(input, laneRange(laneBytes))) {
    throw new InvalidError('InputBounds', `${place}: [${lo}, ${hi}] is not a range of integers of ${laneBytes} bytes`)
  }
  return { shape, lo, hi, constant: undefined }
}

function constantOperands(constants: readonly GraphConstant[]): Operand[] {
  return constants.map((constant, index) => {
    const place = `constant ${index}`
    const { shape, data } = constant
    at(place, {}, () => requireTensorShape(shape))
    if (data.length !== shapeSize(shape)) {
      throw new InvalidError('ConstantInvalid', `${place}: ${data.length} lanes do not fill ${shapeText(shape)}`)
    }
    if (data instanceof Float64Array && !data.every(isLane)) {
      throw new InvalidError('ConstantInvalid', `${place}: a lane is not a safe integer`)
    }
    const bounds = boundsOf(data)
    const least = laneBytesFor(bounds)
    if (laneBytesOf(data) !== least) {
      throw new InvalidError(
        'ConstantInvalid',
        `${place}: kept in ${laneBytesOf(data)}-byte lanes, ${least} suffice: pack it`,
      )
    }
    return { shape, ...bounds, constant }
  })
}

function checkOutput(output: GraphOutput, index: number, values: readonly (Operand | OpFacts)[]): void {
  const place = `output ${index}`
  const facts = values[output.value]
  if (!facts || !('terms' in facts)) {
    throw new InvalidError('OutputNotComputed', `${place}: value ${output.value} is not the result of an op`)
  }
  requireLaneBytes(output.laneBytes, place)
  if (within(facts, laneRange(output.laneBytes))) return
  const message = `${place}: [${facts.lo}, ${facts.hi}] does not fit lanes of ${output.laneBytes} bytes: declare ${laneBytesFor(facts)}`
  throw new InvalidError('OutputLaneTooNarrow', message, { meta: { output: index, lo: facts.lo, hi: facts.hi } })
}

function checkPeak(graph: ExactGraph, values: readonly ValueFacts[], scratch: readonly number[]): void {
  const { bytes, op } = peakMemory(graph, values, scratch)
  atOp(graph.ops[op] as Op, op, () =>
    requireAtMost(bytes, limits.MAX_PEAK_BYTES, 'MemoryTooLarge', 'bytes in use at once', SHRINK),
  )
}

function requireLaneBytes(laneBytes: LaneBytes, place: string): void {
  if (![1, 2, 4, 8].includes(laneBytes))
    throw new InvalidError('LaneBytesInvalid', `${place}: lanes of ${laneBytes} bytes`)
}

function requireCount(what: string, count: number, least: number, most: number): void {
  if (count >= least && count <= most) return
  throw new InvalidError('CountInvalid', `has ${count} ${what}, needs ${least} to ${most}`, {
    meta: { count, least, most },
  })
}
