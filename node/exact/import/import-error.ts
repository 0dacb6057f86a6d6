import { InvalidError } from '../../protocol/errors.ts'

/**
 * Why an ONNX file is refused:
 * - `OnnxMalformed`: the bytes are no protobuf message of ONNX (truncated, over-long varints, wrong wire types, lengths that disagree).
 * - `OnnxTooLarge`: a size or count exceeds a limit.
 * - `OnnxUnsupported`: well-formed, but outside what exact files may use (unknown ops, external data, subgraphs, opset, dtypes).
 * - `OnnxGraphInvalid`: names do not resolve: missing inputs, cycles, unsorted nodes, duplicates.
 * - `OnnxShapeInvalid`: shapes, ranks or axes that do not fit each other.
 * - `OnnxInexact`: arithmetic that could round, overflow or wrap around.
 */
export type ImportErrorCode =
  | 'OnnxMalformed'
  | 'OnnxTooLarge'
  | 'OnnxUnsupported'
  | 'OnnxGraphInvalid'
  | 'OnnxShapeInvalid'
  | 'OnnxInexact'

/** The verdict on an ONNX file. */
export class ImportError extends InvalidError<ImportErrorCode> {}

/** Refuses the file. @throws ImportError always. */
export function refuse(code: ImportErrorCode, message: string, cause?: unknown): never {
  throw new ImportError(code, message, cause === undefined ? {} : { cause })
}

/** A magnitude for messages: `2^26.3`, or the plain number when it is small. */
export function magnitudeText(value: number): string {
  const magnitude = Math.abs(value)
  return magnitude < 2 ** 16 ? String(magnitude) : `2^${Number(Math.log2(magnitude).toFixed(1))}`
}
