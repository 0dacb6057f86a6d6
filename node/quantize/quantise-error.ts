import { InvalidError } from '../protocol/errors.ts'

/**
 * Why a float model cannot be quantised:
 * - `QuantiseUnsupported`: an operator, an attribute or a type that the quantiser has no exact form for.
 * - `QuantiseModel`: the file is no model that runs: shapes or operands that do not fit each other.
 * - `QuantiseDimension`: a dynamic axis that no `--dim` binds, or that is bound twice.
 * - `QuantiseData`: calibration data that is malformed, too large, or does not fit the model's inputs.
 * - `QuantiseTarget`: the error that was asked for cannot be reached.
 */
export type QuantiseErrorCode =
  | 'QuantiseUnsupported'
  | 'QuantiseModel'
  | 'QuantiseDimension'
  | 'QuantiseData'
  | 'QuantiseTarget'

/** The verdict on a float model or on what was given with it. */
export class QuantiseError extends InvalidError<QuantiseErrorCode> {}

/** Refuses. @throws QuantiseError always. */
export function refuse(code: QuantiseErrorCode, message: string, cause?: unknown): never {
  throw new QuantiseError(code, message, cause === undefined ? {} : { cause })
}
