import { concatBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Most bytes of a witness. The greatest that a lowered Program needs has about 30,000. */
export const MAX_WITNESS_BYTES = 32_768

/**
 * What a step reads, in the order in which it reads it. The same execution either consumes a witness ({@link readingTape}) or writes
 * one from the data that it asks for ({@link recordingTape}); so a witness has no byte that is not read, and no other order.
 */
export interface Tape {
  /** The next `size` bytes. `supply` gives them while recording, and is not called otherwise. */
  take(size: number, supply: () => Uint8Array): Uint8Array
  /** Requires that nothing is left. */
  finish(): void
}

/** Thrown inside a step that breaks a rule of the Program: the state after it is `trap`. Never leaves the executor. */
export class Trapped extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'Trapped'
  }
}

/** Reads a witness. @throws InvalidError `StepVerifier_WitnessTooLong`. */
export function readingTape(witness: Uint8Array): Tape {
  if (witness.length > MAX_WITNESS_BYTES) throw refused('WitnessTooLong', `${witness.length} bytes`)
  let at = 0
  return {
    take(size) {
      if (at + size > witness.length) throw refused('WitnessTruncated', `it ends before byte ${at + size}`)
      at += size
      return witness.subarray(at - size, at)
    },
    finish() {
      if (at !== witness.length) throw refused('WitnessTrailing', `${witness.length - at} bytes follow the end`)
    },
  }
}

/** Writes a witness. */
export function recordingTape(): Tape & { recorded(): Uint8Array } {
  const parts: Uint8Array[] = []
  return {
    take(_size, supply) {
      const bytes = supply()
      parts.push(bytes)
      return bytes
    },
    finish() {},
    recorded: () => concatBytes(...parts),
  }
}

/** The next big-endian unsigned integer of `size` bytes. */
export function takeUint(tape: Tape, size: number, supply: () => bigint | number): bigint {
  let value = 0n
  for (const byte of tape.take(size, () => bigintBytes(BigInt(supply()), size))) value = (value << 8n) | BigInt(byte)
  return value
}

/** The low `size` bytes of an integer, big-endian: two's complement where it is negative. */
export function bigintBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = BigInt.asUintN(8 * size, value)
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** The error of a witness that does not open what is committed, under the name that the contract gives it. */
export function refused<Name extends string>(name: Name, detail: string): InvalidError<`StepVerifier_${Name}`> {
  return new InvalidError(`StepVerifier_${name}`, `the step's witness is refused: ${name}, ${detail}`)
}
