import { PROFILE_V1 } from '../protocol/constants.ts'
import { InvalidError } from '../protocol/errors.ts'
import { laneRange } from '../protocol/tensor-encoding.ts'
import { LANE, UINT } from './fields.ts'
import type { ExactGraph, GraphConstant, GraphInput, LaneBytes, Op } from './graph.ts'
import { requireTensorShape } from './infer-op.ts'
import * as limits from './limits.ts'
import { OPS, ruleOf } from './ops.ts'
import { boundsOf, laneBytesFor, laneBytesOf, shapeSize, shapeText, within } from './tensor-data.ts'
import { at, atOp, requireAtMost } from './verdicts.ts'

/**
 * Requires what the canonical encoding can hold and nothing more: known profile and kinds, counts and sizes within the
 * caps, every number in its field's range, constants in their smallest lanes. Whether ops fit together is the check's.
 * Cost: one pass over the constants.
 * @throws InvalidError naming the place.
 */
export function requireStructure(graph: ExactGraph): void {
  if (graph.profile !== PROFILE_V1) {
    throw new InvalidError('ProfileUnknown', `profile ${graph.profile} is not known: this software knows ${PROFILE_V1}`)
  }
  requireCount('inputs', graph.inputs.length, 1, limits.MAX_INPUTS)
  requireCount('constants', graph.constants.length, 0, limits.MAX_CONSTANTS)
  requireCount('ops', graph.ops.length, 1, limits.MAX_OPS)
  requireCount('outputs', graph.outputs.length, 1, limits.MAX_OUTPUTS)
  const bytes = graph.constants.reduce((sum, constant) => sum + constant.data.byteLength, 0)
  requireAtMost(bytes, limits.MAX_CONSTANT_BYTES, 'ConstantsTooLarge', 'bytes of all constants', 'use a smaller model')
  for (const [index, input] of graph.inputs.entries()) at(`input ${index}`, {}, () => requireInput(input))
  for (const [index, constant] of graph.constants.entries())
    at(`constant ${index}`, {}, () => requireConstant(constant))
  for (const [index, op] of graph.ops.entries()) {
    if (!Object.hasOwn(OPS, op.kind)) throw new InvalidError('OpUnknown', `op ${index}: no such kind: ${op.kind}`)
    atOp(op, index, () => {
      requireParameters(op)
      op.inputs.forEach(requireValueId)
    })
  }
  for (const [index, output] of graph.outputs.entries()) {
    at(`output ${index}`, {}, () => {
      requireValueId(output.value)
      requireLaneBytes(output.laneBytes)
    })
  }
}

function requireInput(input: GraphInput): void {
  const { shape, laneBytes, lo, hi } = input
  requireTensorShape(shape)
  requireLaneBytes(laneBytes)
  if (LANE.valid(lo) && LANE.valid(hi) && lo <= hi && within(input, laneRange(laneBytes))) return
  throw new InvalidError('InputBounds', `[${lo}, ${hi}] is not a range of integers of ${laneBytes} bytes`)
}

function requireConstant({ shape, data }: GraphConstant): void {
  requireTensorShape(shape)
  if (data.length !== shapeSize(shape)) {
    throw new InvalidError('ConstantInvalid', `${data.length} lanes do not fill ${shapeText(shape)}`)
  }
  if (data instanceof Float64Array && !data.every(LANE.valid)) {
    throw new InvalidError('ConstantInvalid', 'a lane is not a safe integer')
  }
  const least = laneBytesFor(boundsOf(data))
  if (laneBytesOf(data) === least) return
  throw new InvalidError('ConstantNotPacked', `kept in ${laneBytesOf(data)}-byte lanes where ${least} suffice: pack it`)
}

function requireParameters(op: Op): void {
  const { arity, fields } = ruleOf(op)
  const count = op.inputs.length
  const [least, most] = arity === 'many' ? [1, limits.MAX_OPERANDS] : [arity, arity]
  requireCount('operands', count, least, most)
  const parameters = op as unknown as Readonly<Record<string, unknown>>
  for (const [name, codec] of fields) {
    if (codec.valid(parameters[name])) continue
    throw new InvalidError('FieldInvalid', `parameter ${name} is missing or out of its field's range`)
  }
}

function requireValueId(id: number): void {
  if (!UINT.valid(id) || id >= limits.MAX_VALUES) throw new InvalidError('ValueUnknown', `value ${id} cannot exist`)
}

function requireLaneBytes(laneBytes: LaneBytes): void {
  if (![1, 2, 4, 8].includes(laneBytes)) throw new InvalidError('LaneBytesInvalid', `lanes of ${laneBytes} bytes`)
}

function requireCount(what: string, count: number, least: number, most: number): void {
  if (count >= least && count <= most) return
  throw new InvalidError('CountInvalid', `has ${count} ${what}, needs ${least} to ${most}`, {
    meta: { count, least, most },
  })
}
