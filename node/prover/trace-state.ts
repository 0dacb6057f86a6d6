import { concatBytes, uintToBytes } from '../protocol/bytes.ts'
import { PROFILE_V1 } from '../protocol/constants.ts'
import { TRACE_HALT_DOMAIN, TRACE_STATE_DOMAIN, TRACE_TRAP_DOMAIN } from '../protocol/domains.ts'
import { InvalidError } from '../protocol/errors.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'

/*
 * The state of an inference's trace between two micro-steps. Every trace starts in a running state that follows from modelId and
 * input, and ends in `halt`, or in `trap` where the committed Program breaks a rule. Both absorb every further step.
 */

/** Profile whose states these are. */
export const TRACE_PROFILE: number = PROFILE_V1

/** What a running state commits to. */
export interface TraceState {
  /** Root of the value tree (depth 16): leaf v is the tensor root of value v, zero while v is unwritten. */
  readonly valuesRoot: Uint8Array
  /**
   * Root over the 256-byte chunks of the value being written: a chunk's leaf is its keccak256 with unwritten lanes zero, the zero leaf
   * while no lane of it is written. {@link NO_PARTIAL} while no lane at all is written.
   */
  readonly partialRoot: Uint8Array
  /**
   * A Fold's accumulator between two runs of one lane; 0 while no lane is in progress. While no term was in range it is
   * `startFold`'s value: 0 for sum, 2^53 for min, −2^53 for max and argmax, which no lane reaches.
   */
  readonly acc: bigint
  /** Index of the greatest term so far of an argmax; else 0. */
  readonly accIndex: bigint
  /** Steps done. */
  readonly t: number
}

/** `partialRoot` of a state in which the value of the op at `t` has no lane yet. */
export const NO_PARTIAL: Uint8Array = ZERO_LEAF

/** The state of a trace that broke a rule: keccak256(keccak256("assay/trace-trap/v1")). */
export const TRAP_STATE: Uint8Array = keccak256(TRACE_TRAP_DOMAIN)

/**
 * Commitment to a running state: keccak256(domain ‖ profile u32 ‖ valuesRoot ‖ partialRoot ‖ acc i256 ‖ accIndex u64 ‖ t u64).
 * @throws InvalidError `TraceStateMalformed` when a field does not fit its bytes.
 */
export function runningState(state: TraceState, hash: Hasher = keccak256): Uint8Array {
  return hash(
    concatBytes(
      TRACE_STATE_DOMAIN,
      uintToBytes(TRACE_PROFILE, 4),
      root(state.valuesRoot, 'valuesRoot'),
      root(state.partialRoot, 'partialRoot'),
      integer(BigInt.asUintN(256, state.acc), 32),
      integer(state.accIndex, 8),
      uintToBytes(state.t, 8),
    ),
  )
}

/** The state of a finished trace: keccak256(domain ‖ outputRoot). */
export function haltState(outputRoot: Uint8Array, hash: Hasher = keccak256): Uint8Array {
  return hash(concatBytes(TRACE_HALT_DOMAIN, root(outputRoot, 'outputRoot')))
}

/** S_0 as its fields. @param valuesRoot root of the value tree that holds the constants and the inputs. */
export function startState(valuesRoot: Uint8Array): TraceState {
  return { valuesRoot, partialRoot: NO_PARTIAL, acc: 0n, accIndex: 0n, t: 0 }
}

function root(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length === 32) return bytes
  throw new InvalidError('TraceStateMalformed', `${name} has ${bytes.length} bytes, not 32`)
}

function integer(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let rest = value
  for (let i = sizeBytes - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  if (rest === 0n) return bytes
  throw new InvalidError('TraceStateMalformed', `${value} does not fit ${sizeBytes} bytes`)
}
