import { BugError } from '../protocol/errors.ts'
import type { Hasher } from '../protocol/keccak.ts'
import type { Tape } from './step-tape.ts'
import type { StepSource } from './step-witness.ts'
import type { TraceState } from './trace-state.ts'

/** One step in execution: the state before it, and where what it reads comes from. */
export interface StepRun {
  readonly tape: Tape
  readonly source: StepSource
  readonly hash: Hasher
  readonly state: TraceState
}

/** In place of a source where a witness is read: a tape never asks for anything then. */
export const NO_SOURCE: StepSource = {
  get state() {
    return none()
  },
  get program() {
    return none()
  },
  get values() {
    return none()
  },
  get partial() {
    return none()
  },
  tensor: none,
  partialChunk: none,
}

function none(): never {
  throw new BugError('a step that reads a witness asked for its source')
}
