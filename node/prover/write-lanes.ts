import type { ProgramValue } from '../exact/program/program.ts'
import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { bytesEqual, concatBytes } from '../protocol/bytes.ts'
import { merkleDepth, ZERO_LEAF } from '../protocol/merkle.ts'
import { bindTensorRoot, CHUNK_BYTES, laneRange } from '../protocol/tensor-encoding.ts'
import type { StepRun } from './step-run.ts'
import { bigintBytes, refused, Trapped } from './step-tape.ts'
import { NO_PARTIAL, type TraceState } from './trace-state.ts'
import { openedRoots } from './tree-opening.ts'

/** Lanes that a step writes, neighbours within one chunk of its op's value. */
export interface WrittenLanes {
  readonly firstLane: number
  readonly lanes: readonly bigint[]
}

/** Requires a lane that its width holds. @throws Trapped otherwise. */
export function requireLane(lane: bigint, { laneBytes }: ProgramValue): bigint {
  const { lo, hi } = laneRange(laneBytes)
  if (lane >= BigInt(lo) && lane <= BigInt(hi)) return lane
  throw new Trapped(`${lane} does not fit a lane of ${laneBytes} bytes`)
}

/**
 * The state after a step that writes lanes. With the op's last lane its tensor root goes into the value tree and the partial tree is
 * left behind.
 * @throws InvalidError `StepVerifier_PartialMismatch`, `StepVerifier_OutputMismatch`.
 */
export function writeLanes(
  run: StepRun,
  output: number,
  value: ProgramValue,
  { firstLane, lanes }: WrittenLanes,
): TraceState {
  const { state, hash } = run
  const partialRoot = writtenRoot(
    run,
    value,
    firstLane,
    concatBytes(...lanes.map((lane) => bigintBytes(lane, value.laneBytes))),
  )
  const next = { ...state, acc: 0n, accIndex: 0n, t: state.t + 1 }
  if (firstLane + lanes.length < value.lanes) return { ...next, partialRoot }
  const tensorRoot = bindTensorRoot(partialRoot, value.laneBytes, value.lanes, hash)
  const place = { index: output, used: output, depth: VALUE_TREE_DEPTH }
  const [before, after] = openedRoots(run.tape, [ZERO_LEAF, tensorRoot], place, () => run.source.values, hash)
  if (!bytesEqual(before as Uint8Array, state.valuesRoot)) throw refused('OutputMismatch', `value ${output}`)
  return { ...next, valuesRoot: after as Uint8Array, partialRoot: NO_PARTIAL }
}

/** Root of the partial tree with these lanes in it; the lanes before them are opened under the root before. */
function writtenRoot(
  { tape, source, state, hash }: StepRun,
  value: ProgramValue,
  firstLane: number,
  bytes: Uint8Array,
) {
  const firstByte = firstLane * value.laneBytes
  const chunk = Math.floor(firstByte / CHUNK_BYTES)
  const prefix = tape.take(firstByte % CHUNK_BYTES, () =>
    source.partialChunk(chunk).subarray(0, firstByte % CHUNK_BYTES),
  )
  const before = prefix.length === 0 ? ZERO_LEAF : hash(padded(prefix))
  const place = {
    index: chunk,
    used: chunk,
    depth: merkleDepth(Math.ceil((value.lanes * value.laneBytes) / CHUNK_BYTES)),
  }
  const leaves = [before, hash(padded(concatBytes(prefix, bytes)))]
  const [rootBefore, rootAfter] = openedRoots(tape, leaves, place, () => source.partial, hash)
  const expected = firstLane === 0 ? NO_PARTIAL : (rootBefore as Uint8Array)
  if (!bytesEqual(state.partialRoot, expected)) throw refused('PartialMismatch', `chunk ${chunk}`)
  return rootAfter as Uint8Array
}

function padded(bytes: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(CHUNK_BYTES)
  chunk.set(bytes)
  return chunk
}
