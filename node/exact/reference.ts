import { BugError, InvalidError } from '../protocol/errors.ts'
import { forEachCoordinate } from './coordinates.ts'
import { lastUses } from './footprint.ts'
import type { CheckedGraph, Op, Tensor, ValueFacts, ValueId } from './graph.ts'
import { laneFunction } from './lane-functions.ts'
import { allocateData, shapeEquals, shapeSize, shapeText } from './tensor-data.ts'

/*
 * The reference interpreter: the definition that emitters and Programs are held to. It is written to be read, not to be
 * fast; what each op means is in `lane-functions.ts`.
 */

/**
 * Runs a graph lane by lane. Memory: the values still to be read, at their proven lane widths.
 * @param inputs one tensor for each declared input, in order, in lanes of any width.
 * @returns the declared outputs, in order, in the smallest lanes that hold their bounds.
 * @throws InvalidError `InputCount`, `InputShape`, `InputLength`, `InputOutOfRange`.
 * @throws BugError when a result leaves its proven bounds.
 */
export function runReference(checked: CheckedGraph, inputs: readonly Tensor[]): Tensor[] {
  const { graph } = checked
  const lastUse = lastUses(graph)
  const values = evaluate(checked, inputs, (kept, index) => {
    for (const id of graph.ops[index]?.inputs ?? []) if (lastUse.get(id) === index) kept.delete(id)
  })
  return graph.outputs.map((output) => values.get(output.value) as Tensor)
}

/** As {@link runReference}, but returns every value by its {@link ValueId}. */
export function runReferenceAll(checked: CheckedGraph, inputs: readonly Tensor[]): Tensor[] {
  const values = evaluate(checked, inputs, () => {})
  return checked.values.map((_, id) => values.get(id) as Tensor)
}

/** Computes all values in order; `afterOp` may drop those that no later op reads. */
function evaluate(
  checked: CheckedGraph,
  inputs: readonly Tensor[],
  afterOp: (kept: Map<ValueId, Tensor>, index: number) => void,
): Map<ValueId, Tensor> {
  const { graph } = checked
  if (inputs.length !== graph.inputs.length) {
    throw new InvalidError('InputCount', `${inputs.length} inputs given, the graph has ${graph.inputs.length}`)
  }
  const values = new Map<ValueId, Tensor>()
  const firstOp = graph.inputs.length + graph.constants.length
  for (const [id, input] of inputs.entries()) values.set(id, acceptInput(input, id, checked.values[id] as ValueFacts))
  for (const [index, constant] of graph.constants.entries()) values.set(graph.inputs.length + index, constant)
  for (const [index, op] of graph.ops.entries()) {
    const operands = op.inputs.map((id) => values.get(id) as Tensor)
    values.set(firstOp + index, runOp(op, index, operands, checked.values[firstOp + index] as ValueFacts))
    afterOp(values, index)
  }
  return values
}

/** Copies an input into its proven lane width, once every lane is known to be an integer within the declared bounds. */
function acceptInput(input: Tensor, index: number, facts: ValueFacts): Tensor {
  const { lo, hi, shape } = facts
  if (!shapeEquals(input.shape, shape)) {
    throw new InvalidError(
      'InputShape',
      `input ${index}: shape ${shapeText(input.shape)} given, ${shapeText(shape)} declared`,
    )
  }
  if (input.data.length !== shapeSize(shape)) {
    throw new InvalidError(
      'InputLength',
      `input ${index}: ${input.data.length} lanes given, ${shapeSize(shape)} declared`,
    )
  }
  const data = allocateData(facts.laneBytes, input.data.length)
  input.data.forEach((lane, at) => {
    if (!Number.isInteger(lane) || Object.is(lane, -0) || lane < lo || lane > hi) {
      throw new InvalidError(
        'InputOutOfRange',
        `input ${index}: lane ${at} is ${lane}, not an integer in [${lo}, ${hi}]`,
      )
    }
    data[at] = lane
  })
  return { shape, data }
}

function runOp(op: Op, index: number, operands: readonly Tensor[], facts: ValueFacts): Tensor {
  const { lo, hi, shape } = facts
  const data = allocateData(facts.laneBytes, shapeSize(shape))
  const lane = laneFunction(op, operands, shape)
  forEachCoordinate(shape, (at, i) => {
    const value = lane(at)
    // INVARIANT: the check proved these bounds; a result outside them, or −0, means that check and semantics disagree.
    if (!(Number.isInteger(value) && value >= lo && value <= hi) || Object.is(value, -0)) {
      throw new BugError(`op ${index} (${op.kind}): lane ${i} is ${value}, proven to be in [${lo}, ${hi}]`)
    }
    data[i] = value
  })
  return { shape, data }
}
