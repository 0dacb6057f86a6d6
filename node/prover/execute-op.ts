import { MAX_FAN_IN } from '../exact/limits.ts'
import { loopIndices } from '../exact/program/interpret.ts'
import type { FoldOp, LookupOp, MapOp, MoveOp } from '../exact/program/program.ts'
import type { Descriptor } from '../exact/program/program-codec.ts'
import { runsPerLane } from '../exact/program/steps.ts'
import { shapeSize } from '../exact/tensor-data.ts'
import { MAX_SAFE_LANE } from '../protocol/constants.ts'
import { createOperandReader, type OperandReader } from './operand-reader.ts'
import { applyScalars, greatest, least, requireSafe } from './scalar-ops.ts'
import type { StepRun } from './step-run.ts'
import { Trapped } from './step-tape.ts'
import type { TraceState } from './trace-state.ts'
import { requireLane, writeLanes } from './write-lanes.ts'

/** What a Fold of max or argmax starts from; min starts from its negative. No lane reaches it. */
const NOTHING_SEEN = -BigInt(MAX_SAFE_LANE) - 1n

interface Accumulator {
  readonly acc: bigint
  readonly accIndex: bigint
}

/** The state after step `within` of an op. @throws Trapped where the op breaks a rule. */
export function executeOp(run: StepRun, { op, value }: Descriptor, within: number): TraceState {
  const reader = createOperandReader(run, op)
  if (op.kind === 'fold') return executeRun(run, { op, value }, reader, within)
  const firstLane = within * op.lanesPerStep
  const count = Math.min(op.lanesPerStep, value.lanes - firstLane)
  const lanes = Array.from({ length: count }, (_, i) =>
    requireLane(evaluateLane(op, reader, loopIndices(op.outLoops, firstLane + i)), value),
  )
  return writeLanes(run, op.output, value, { firstLane, lanes })
}

/** Whether a Fold folds more terms into one lane than any graph may. */
export function foldsTooMany(op: FoldOp): boolean {
  return shapeSize(op.foldLoops) > MAX_FAN_IN
}

function evaluateLane(op: MapOp | LookupOp | MoveOp, reader: OperandReader, index: readonly number[]): bigint {
  switch (op.kind) {
    case 'map':
      return applyScalars(op.epilogue, reader.readInRange(0, index), (operand) => reader.readInRange(operand, index))
    case 'lookup': {
      const at = reader.readInRange(0, index)
      if (at < 0n || at >= BigInt(op.axisExtent)) throw new Trapped(`a lookup at ${at} of ${op.axisExtent}`)
      return reader.readInRange(1, index, BigInt(op.axisStride) * at)
    }
    case 'move':
      for (let operand = 0; operand < op.operands.length; operand++) {
        if (reader.isInRange(operand, index)) return reader.readInRange(operand, index)
      }
      return BigInt(op.padValue)
  }
}

function executeRun(
  run: StepRun,
  { op, value }: Descriptor & { op: FoldOp },
  reader: OperandReader,
  within: number,
): TraceState {
  const perLane = runsPerLane(op)
  const inner = op.foldLoops.at(-1) ?? 1
  const runsPerRow = Math.ceil(inner / op.run)
  const [lane, ordinal] = [Math.floor(within / perLane), within % perLane]
  const start = (ordinal % runsPerRow) * op.run
  const firstTerm = Math.floor(ordinal / runsPerRow) * inner + start
  const outIndex = loopIndices(op.outLoops, lane)
  const terms = { first: firstTerm, end: firstTerm + Math.min(op.run, inner - start) }
  const folded = foldTerms(op, reader, outIndex, terms, ordinal === 0 ? startOf(op) : run.state)
  if (ordinal < perLane - 1) {
    if (!sawNothing(op, folded)) requireSafe(folded.acc)
    return { ...run.state, ...folded, t: run.state.t + 1 }
  }
  if (sawNothing(op, folded)) throw new Trapped('every term of a lane is out of range')
  const index = [...outIndex, ...op.foldLoops.map(() => 0)]
  const best = requireSafe(folded.acc)
  const result = op.reduction === 'argmax' ? folded.accIndex : best
  const written = applyScalars(op.epilogue, result, (operand) => reader.readInRange(operand, index))
  return writeLanes(run, op.output, value, { firstLane: lane, lanes: [requireLane(written, value)] })
}

function startOf(op: FoldOp): Accumulator {
  const acc = op.reduction === 'sum' ? 0n : op.reduction === 'min' ? -NOTHING_SEEN : NOTHING_SEEN
  return { acc, accIndex: 0n }
}

/** Whether no term was in range yet. A sum needs none. */
function sawNothing(op: FoldOp, { acc }: Accumulator): boolean {
  return op.reduction !== 'sum' && acc === startOf(op).acc
}

function foldTerms(
  op: FoldOp,
  reader: OperandReader,
  outIndex: readonly number[],
  { first, end }: { readonly first: number; readonly end: number },
  start: Accumulator,
): Accumulator {
  let { acc, accIndex } = start
  for (let term = first; term < end; term++) {
    const value = termAt(op, reader, [...outIndex, ...loopIndices(op.foldLoops, term)])
    if (value === undefined) continue
    if (op.reduction === 'sum') acc += value
    else if (op.reduction === 'min') acc = least(acc, value)
    else if (value > acc) {
      accIndex = op.reduction === 'argmax' ? BigInt(term) : accIndex
      acc = greatest(acc, value)
    }
  }
  return { acc, accIndex }
}

/** The term at these indices, or undefined where an operand is out of range; then none is read. */
function termAt(op: FoldOp, reader: OperandReader, index: readonly number[]): bigint | undefined {
  if (!reader.isInRange(0, index) || (op.product && !reader.isInRange(1, index))) return undefined
  const a = reader.readInRange(0, index)
  return op.product ? a * reader.readInRange(1, index) : a
}
