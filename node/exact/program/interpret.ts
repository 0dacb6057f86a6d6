import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import { BugError } from '../../protocol/errors.ts'
import { laneRange } from '../../protocol/tensor-encoding.ts'
import type { Tensor, TensorData } from '../graph.ts'
import { floorDivide, integerSqrt, shiftRight } from '../ops/scalars.ts'
import { allocateData, shapeSize } from '../tensor-data.ts'
import type {
  Affine,
  EpilogueOp,
  FoldOp,
  LookupOp,
  MapOp,
  MoveOp,
  OperandMap,
  Program,
  ProgramOp,
  ProgramValue,
} from './program.ts'

/** What a Fold carries from one term to the next: for argmax, `index` is that of the greatest term so far. */
export interface Accumulator {
  readonly value: number
  readonly index: number
}

/**
 * Runs a Program: the definition of what its ops mean, lane by lane, slow and plain.
 * @param inputs in order, within the model's declared bounds. @returns the outputs, in order, in their declared lanes.
 * @throws BugError where a lane leaves its value's width or an index its value: a checked graph never lowers to that.
 */
export function runProgram(program: Program, inputs: readonly Tensor[]): Tensor[] {
  const values = runProgramAll(program, inputs)
  return program.outputs.map(({ value, shape }) => ({ shape, data: values[value] as TensorData }))
}

/** As {@link runProgram}; returns the lanes of every value by id. */
export function runProgramAll(program: Program, inputs: readonly Tensor[]): TensorData[] {
  if (inputs.length !== program.inputCount) throw new BugError(`${inputs.length} inputs, not ${program.inputCount}`)
  const data = [...inputs.map((input, value) => copyInput(program, value, input)), ...program.constants]
  for (const op of program.ops) {
    const { laneBytes, lanes } = program.values[op.output] as ProgramValue
    const out = allocateData(laneBytes, lanes)
    for (let lane = 0; lane < lanes; lane++) out[lane] = requireLane(evaluateLane(op, data, lane), laneBytes, op.output)
    data.push(out)
  }
  return data
}

/** Lane `lane` of an op's value. @param values lanes of all lower values, by id. */
export function evaluateLane(op: ProgramOp, values: readonly TensorData[], lane: number): number {
  const index = loopIndices(op.outLoops, lane)
  switch (op.kind) {
    case 'map':
      return applyEpilogue(op, index, values, readInRange(op.operands[0] as OperandMap, index, values))
    case 'fold':
      return finishFold(op, index, values, foldTerms(op, index, values, 0, shapeSize(op.foldLoops), startFold(op)))
    case 'lookup':
      return evaluateLookup(op, index, values)
    case 'move':
      return evaluateMove(op, index, values)
  }
}

/** What a Fold starts from: 0, or a value that every lane beats. */
export function startFold(op: FoldOp): Accumulator {
  if (op.reduction === 'sum') return { value: 0, index: 0 }
  return { value: op.reduction === 'min' ? MAX_SAFE_LANE + 1 : -MAX_SAFE_LANE - 1, index: 0 }
}

/** Adds terms `[first, end)` of the lane at `outIndex` to an accumulator. */
export function foldTerms(
  op: FoldOp,
  outIndex: readonly number[],
  values: readonly TensorData[],
  first: number,
  end: number,
  start: Accumulator,
): Accumulator {
  let accumulator = start
  for (let term = first; term < end; term++) {
    const value = termOf(op, [...outIndex, ...loopIndices(op.foldLoops, term)], values)
    if (value !== undefined) accumulator = join(op, accumulator, value, term)
  }
  return accumulator
}

/** The lane that a finished Fold yields. */
export function finishFold(
  op: FoldOp,
  outIndex: readonly number[],
  values: readonly TensorData[],
  { value, index }: Accumulator,
): number {
  const folded = op.reduction === 'argmax' ? index : value
  return applyEpilogue(op, [...outIndex, ...op.foldLoops.map(() => 0)], values, folded)
}

/** Mixed-radix digits of a linear index over loops, outermost first. */
export function loopIndices(loops: readonly number[], linear: number): number[] {
  const index = new Array<number>(loops.length)
  let rest = linear
  for (let loop = loops.length - 1; loop >= 0; loop--) {
    const extent = loops[loop] as number
    index[loop] = rest % extent
    rest = Math.floor(rest / extent)
  }
  return index
}

function termOf(op: FoldOp, index: readonly number[], values: readonly TensorData[]): number | undefined {
  const a = read(op.operands[0] as OperandMap, index, values)
  if (!op.product) return a
  const b = read(op.operands[1] as OperandMap, index, values)
  return a === undefined || b === undefined ? undefined : a * b
}

function join(op: FoldOp, accumulator: Accumulator, value: number, term: number): Accumulator {
  switch (op.reduction) {
    case 'sum':
      return { value: accumulator.value + value, index: 0 }
    case 'max':
      return { value: Math.max(accumulator.value, value), index: 0 }
    case 'min':
      return { value: Math.min(accumulator.value, value), index: 0 }
    case 'argmax':
      return value > accumulator.value ? { value, index: term } : accumulator
  }
}

function evaluateLookup(op: LookupOp, index: readonly number[], values: readonly TensorData[]): number {
  const [indices, table] = op.operands as readonly [OperandMap, OperandMap]
  const at = readInRange(indices, index, values)
  if (at < 0 || at >= op.axisExtent) throw new BugError(`a lookup at ${at} of ${op.axisExtent}`)
  return laneAt(values, table.value, affineAt(table.address, index) + op.axisStride * at)
}

function evaluateMove(op: MoveOp, index: readonly number[], values: readonly TensorData[]): number {
  for (const operand of op.operands) {
    const value = read(operand, index, values)
    if (value !== undefined) return value
  }
  return op.padValue
}

function applyEpilogue(
  op: MapOp | FoldOp,
  index: readonly number[],
  values: readonly TensorData[],
  start: number,
): number {
  const tensor = (operand: number) => readInRange(op.operands[operand] as OperandMap, index, values)
  return op.epilogue.reduce((accumulator, scalarOp) => applyScalar(scalarOp, accumulator, tensor), start)
}

function applyScalar(op: EpilogueOp, accumulator: number, tensor: (operand: number) => number): number {
  switch (op.fn) {
    case 'add-tensor':
      return accumulator + tensor(op.operand)
    case 'sub-tensor':
      return accumulator - tensor(op.operand)
    case 'mul-tensor':
      return accumulator * tensor(op.operand)
    case 'min-tensor':
      return Math.min(accumulator, tensor(op.operand))
    case 'max-tensor':
      return Math.max(accumulator, tensor(op.operand))
    case 'add':
      return accumulator + op.value
    case 'mul':
      return accumulator * op.value
    case 'clip':
      return Math.min(Math.max(accumulator, op.lo), op.hi)
    case 'shift-left':
      return accumulator * 2 ** op.bits
    case 'shift-right-floor':
      return shiftRight(accumulator, op.bits, 'floor')
    case 'shift-right-half-even':
      return shiftRight(accumulator, op.bits, 'half-even')
    case 'floordiv-tensor':
      return floorDivide(accumulator, requireDivisor(tensor(op.operand)))
    case 'floordiv':
      return floorDivide(accumulator, requireDivisor(op.value))
    case 'less-tensor':
      return accumulator < tensor(op.operand) ? 1 : 0
    case 'less':
      return accumulator < op.value ? 1 : 0
    case 'greater-tensor':
      return accumulator > tensor(op.operand) ? 1 : 0
    case 'greater':
      return accumulator > op.value ? 1 : 0
    case 'equal-tensor':
      return accumulator === tensor(op.operand) ? 1 : 0
    case 'equal':
      return accumulator === op.value ? 1 : 0
    case 'isqrt':
      return integerSqrt(accumulator)
  }
}

function requireDivisor(divisor: number): number {
  if (divisor < 1) throw new BugError(`divides by ${divisor}`)
  return divisor
}

/** The lane that an operand reads, or undefined where it is out of range. */
function read(operand: OperandMap, index: readonly number[], values: readonly TensorData[]): number | undefined {
  for (const check of operand.checks) {
    const coordinate = affineAt(check, index)
    if (coordinate < 0 || coordinate >= check.extent) return undefined
  }
  return laneAt(values, operand.value, affineAt(operand.address, index))
}

function readInRange(operand: OperandMap, index: readonly number[], values: readonly TensorData[]): number {
  const value = read(operand, index, values)
  if (value === undefined) throw new BugError(`an operand that must be in range is not, at ${index.join(', ')}`)
  return value
}

function laneAt(values: readonly TensorData[], value: number, lane: number): number {
  const found = values[value]?.[lane]
  if (found === undefined) throw new BugError(`lane ${lane} of value ${value} does not exist`)
  return found
}

function affineAt(form: Affine, index: readonly number[]): number {
  return form.strides.reduce((sum, stride, loop) => sum + stride * (index[loop] as number), form.offset)
}

function copyInput(program: Program, value: number, { data }: Tensor): TensorData {
  const { laneBytes, lanes } = program.values[value] as ProgramValue
  if (data.length !== lanes) throw new BugError(`input ${value} has ${data.length} lanes, not ${lanes}`)
  const copy = allocateData(laneBytes, lanes)
  for (let lane = 0; lane < lanes; lane++) copy[lane] = requireLane(data[lane] as number, laneBytes, value)
  return copy
}

function requireLane(lane: number, laneBytes: ProgramValue['laneBytes'], value: number): number {
  const { lo, hi } = laneRange(laneBytes)
  if (lane >= lo && lane <= hi) return lane + 0
  throw new BugError(`${lane} does not fit the ${laneBytes} bytes of a lane of value ${value}`)
}
