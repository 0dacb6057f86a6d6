import { BugError } from '../../protocol/errors.ts'
import { merkleDepth } from '../../protocol/merkle.ts'
import { CHUNK_BYTES } from '../../protocol/tensor-encoding.ts'
import { shapeSize } from '../tensor-data.ts'
import {
  type FoldOp,
  MAX_RUN,
  MAX_STEP_LANES,
  type OperandMap,
  type Program,
  type ProgramOp,
  type ProgramValue,
} from './program.ts'

/** Most bytes of operand chunks with their Merkle siblings that lowering lets one step of several lanes open. */
const MAX_STEP_OPENING_BYTES = 16_384

/** What micro-step t of a trace does. */
export type Step =
  | {
      /** Writes lanes `[firstLane, endLane)` of a Map, Lookup or Move. */
      readonly kind: 'lanes'
      readonly op: number
      readonly firstLane: number
      readonly endLane: number
    }
  | {
      /** Adds terms `[firstTerm, endTerm)` of a Fold to lane `lane`; the last run of a lane writes it. */
      readonly kind: 'run'
      readonly op: number
      readonly lane: number
      readonly firstTerm: number
      readonly endTerm: number
      readonly isLast: boolean
    }
  | {
      /** Opens the outputs and halts. */
      readonly kind: 'finish'
    }

/** Steps of one op: for each lane its runs (Fold), or the groups of lanes. @param lanes lanes that the op writes. */
export function opSteps(op: ProgramOp, lanes: number): number {
  return op.kind === 'fold' ? lanes * runsPerLane(op) : Math.ceil(lanes / op.lanesPerStep)
}

/** For each op, and at last for Finish, the first of its steps; then, as one entry more, the number of all steps T. */
export function firstSteps(program: Program): number[] {
  const firsts = [0]
  let next = 0
  for (const op of program.ops) {
    next += opSteps(op, (program.values[op.output] as ProgramValue).lanes)
    firsts.push(next)
  }
  firsts.push(next + 1)
  return firsts
}

/**
 * Decodes micro-step `t`. Cost: logarithmic in the ops.
 * @param firsts from {@link firstSteps}. @throws BugError when `t` is not in `[0, T)`.
 */
export function stepAt(program: Program, firsts: readonly number[], t: number): Step {
  const total = firsts.at(-1) as number
  if (!Number.isInteger(t) || t < 0 || t >= total) throw new BugError(`step ${t} of a trace of ${total} steps`)
  let index = 0
  for (let end = firsts.length - 1; end - index > 1; ) {
    const middle = (index + end) >> 1
    if ((firsts[middle] as number) <= t) index = middle
    else end = middle
  }
  const op = program.ops[index]
  if (op === undefined) return { kind: 'finish' }
  const within = t - (firsts[index] as number)
  if (op.kind === 'fold') return runAt(op, index, within)
  const lanes = (program.values[op.output] as ProgramValue).lanes
  const firstLane = within * op.lanesPerStep
  return { kind: 'lanes', op: index, firstLane, endLane: Math.min(firstLane + op.lanesPerStep, lanes) }
}

/** Runs that one lane of a Fold takes. A run never leaves the innermost fold loop. */
export function runsPerLane(op: FoldOp): number {
  const inner = op.foldLoops.at(-1) ?? 1
  return (shapeSize(op.foldLoops) / inner) * Math.ceil(inner / op.run)
}

/** The run of a Fold: {@link MAX_RUN} where its operands (A, and B of products) are read lane by lane, else 1. */
export function chooseRun(foldLoops: readonly number[], operands: readonly OperandMap[]): number {
  if (foldLoops.length === 0) return 1
  return operands.every(({ address }) => address.strides.at(-1) === 1) ? MAX_RUN : 1
}

/**
 * Lanes that one step of a Map, Lookup or Move writes: the greatest power of two up to {@link MAX_STEP_LANES} that stays within a chunk
 * of the output and for which the operands' chunks, opened with their siblings, are sure to fit a witness.
 * @param operands with the values that they read; `scattered` ones may jump at every lane.
 */
export function chooseLanesPerStep(
  outLaneBytes: number,
  outLoops: readonly number[],
  operands: readonly { readonly map: OperandMap; readonly value: ProgramValue; readonly scattered: boolean }[],
): number {
  let lanes = Math.min(MAX_STEP_LANES, CHUNK_BYTES / outLaneBytes)
  const opening = () =>
    operands.reduce((bytes, { map, value, scattered }) => {
      const chunks = scattered ? lanes : chunksTouched(map, value.laneBytes, outLoops, lanes)
      const all = Math.ceil((value.lanes * value.laneBytes) / CHUNK_BYTES)
      return bytes + Math.min(chunks, all) * (CHUNK_BYTES + 32 * merkleDepth(all))
    }, 0)
  while (lanes > 1 && opening() > MAX_STEP_OPENING_BYTES) lanes /= 2
  return lanes
}

/** An upper bound on the chunks that `lanes` neighbouring outputs read: rows of the innermost loop, chunks of each. */
function chunksTouched(map: OperandMap, laneBytes: number, outLoops: readonly number[], lanes: number): number {
  const inner = outLoops.at(-1)
  if (inner === undefined) return 1
  const stride = Math.abs(map.address.strides[outLoops.length - 1] as number)
  const rows = Math.min(lanes, Math.ceil((lanes - 1) / inner) + 1)
  const rowBytes = ((Math.min(lanes, inner) - 1) * stride + 1) * laneBytes
  return Math.min(lanes, rows * (Math.ceil(rowBytes / CHUNK_BYTES) + 1))
}

function runAt(op: FoldOp, index: number, within: number): Step {
  const inner = op.foldLoops.at(-1) ?? 1
  const runsPerRow = Math.ceil(inner / op.run)
  const perLane = runsPerLane(op)
  const run = within % perLane
  const row = Math.floor(run / runsPerRow)
  const start = (run % runsPerRow) * op.run
  return {
    kind: 'run',
    op: index,
    lane: Math.floor(within / perLane),
    firstTerm: row * inner + start,
    endTerm: row * inner + Math.min(start + op.run, inner),
    isLast: run === perLane - 1,
  }
}
