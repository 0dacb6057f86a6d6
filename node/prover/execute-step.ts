import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { type Descriptor, decodeDescriptor, decodeFinish } from '../exact/program/program-codec.ts'
import { opSteps } from '../exact/program/steps.ts'
import { bytesEqual } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { executeOp, foldsTooMany } from './execute-op.ts'
import { finishTrace } from './finish-trace.ts'
import { type OpenedOp, openProgram } from './open-program.ts'
import { NO_SOURCE, type StepRun } from './step-run.ts'
import { readingTape, recordingTape, refused, type Tape, Trapped, takeUint } from './step-tape.ts'
import type { StepSource } from './step-witness.ts'
import { haltState, runningState, TRACE_PROFILE, TRAP_STATE, type TraceState } from './trace-state.ts'

const RUNNING = 1n
const HALTED = 2n
const TRAPPED = 3n

/**
 * Executes step `t` on a witness, as the contract does: the same state after it, or refused under the same name. Big integers
 * throughout, a lane at a time: slow and plain.
 * @returns the state after the step: running, halt or trap.
 * @throws InvalidError `StepVerifier_…` for a witness that does not open what is committed.
 */
export function executeStep(
  programRoot: Uint8Array,
  preState: Uint8Array,
  t: number,
  witness: Uint8Array,
  hash: Hasher = keccak256,
): Uint8Array {
  const tape = readingTape(witness)
  const kind = takeUint(tape, 1, () => RUNNING)
  if (kind === TRAPPED) return absorbed(tape, preState, TRAP_STATE)
  if (kind === HALTED)
    return absorbed(
      tape,
      preState,
      haltState(
        tape.take(32, () => TRAP_STATE),
        hash,
      ),
    )
  if (kind !== RUNNING) throw refused('WitnessKind', `${kind}`)
  return runStep({ tape, source: NO_SOURCE, hash }, programRoot, t, preState)
}

/**
 * The witness of the step that a trace is about to do, and the state after it.
 * @param programRoot of `source.program`. @throws BugError, InvalidError where the source contradicts itself.
 */
export function stepWitness(
  programRoot: Uint8Array,
  source: StepSource,
  hash: Hasher = keccak256,
): { readonly witness: Uint8Array; readonly postState: Uint8Array } {
  const tape = recordingTape()
  takeUint(tape, 1, () => RUNNING)
  const postState = runStep({ tape, source, hash }, programRoot, source.state.t, runningState(source.state, hash))
  return { witness: tape.recorded(), postState }
}

/** The witness of a step after the end. @param outputRoot of a trace that halted; without one, it trapped. */
export function endedWitness(outputRoot?: Uint8Array): Uint8Array {
  return outputRoot === undefined ? Uint8Array.of(Number(TRAPPED)) : Uint8Array.of(Number(HALTED), ...outputRoot)
}

function absorbed(tape: Tape, preState: Uint8Array, state: Uint8Array): Uint8Array {
  if (!bytesEqual(preState, state)) throw refused('StateMismatch', 'it ends in another state')
  tape.finish()
  return state
}

function runStep(io: Omit<StepRun, 'state'>, programRoot: Uint8Array, t: number, preState: Uint8Array): Uint8Array {
  const state = takeState(io, t)
  if (!bytesEqual(runningState(state, io.hash), preState)) throw refused('StateMismatch', 'it opens another state')
  const run = { ...io, state }
  const opened = openProgram(run, programRoot, t)
  const postState = orTrap(() => execute(run, opened))
  io.tape.finish()
  return postState
}

function takeState({ tape, source }: Omit<StepRun, 'state'>, t: number): TraceState {
  return {
    valuesRoot: tape.take(32, () => source.state.valuesRoot),
    partialRoot: tape.take(32, () => source.state.partialRoot),
    acc: BigInt.asIntN(
      64,
      takeUint(tape, 8, () => BigInt.asUintN(64, source.state.acc)),
    ),
    accIndex: takeUint(tape, 8, () => source.state.accIndex),
    t,
  }
}

function orTrap(step: () => Uint8Array): Uint8Array {
  try {
    return step()
  } catch (error) {
    if (error instanceof Trapped) return TRAP_STATE
    throw error
  }
}

function execute(run: StepRun, opened: OpenedOp): Uint8Array {
  if (opened.profile !== BigInt(TRACE_PROFILE)) throw new Trapped(`a Program of profile ${opened.profile}`)
  if (BigInt(run.state.t) >= opened.steps) throw new Trapped(`step ${run.state.t} of ${opened.steps}`)
  const isFinish = opened.leafIndex === opened.leafCount - 1
  const valueCount = opened.firstOpValue + BigInt(opened.leafCount - 1)
  if (valueCount > 2n ** BigInt(VALUE_TREE_DEPTH)) throw new Trapped(`a Program of ${valueCount} values`)
  if (isFinish) {
    const outputs = wellFormed(() => decodeFinish(opened.descriptor))
    if (opened.stepCount !== 1n || outputs.some((value) => value >= valueCount))
      throw new Trapped('Finish is malformed')
    return haltState(finishTrace(run, outputs, Number(valueCount)), run.hash)
  }
  const descriptor = wellFormed(() => decodeDescriptor(opened.descriptor))
  requireFitting(descriptor, opened)
  return runningState(executeOp(run, descriptor, Number(opened.within)), run.hash)
}

/** What an op's descriptor must have in common with its place in the Program. */
function requireFitting({ op, value }: Descriptor, { firstOpValue, leafIndex, stepCount }: OpenedOp): void {
  if (BigInt(op.output) !== firstOpValue + BigInt(leafIndex)) throw new Trapped(`leaf ${leafIndex} writes ${op.output}`)
  if (op.kind === 'fold' && foldsTooMany(op)) throw new Trapped('too many terms a lane')
  if (BigInt(opSteps(op, value.lanes)) !== stepCount) throw new Trapped(`an op of ${stepCount} steps`)
}

function wellFormed<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof InvalidError) throw new Trapped(error.message)
    throw error
  }
}
