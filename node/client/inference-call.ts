import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { INFERENCE_PRECOMPILE } from '../protocol/constants.ts'
import { InvalidError } from '../protocol/errors.ts'

/** A call of the inference precompile, as `eth_call` and `eth_sendTransaction` take it. */
export interface InferenceCall {
  readonly to: Hex
  readonly data: Hex
}

/**
 * The call that asks a model directly, without a contract: its return data is what `decodeOutputs` takes.
 * @param input the model's encoded inputs
 * @throws InvalidError `InputInvalid` when `modelId` is not 32 bytes.
 */
export function encodeInferenceCall(modelId: Hex, input: Hex | Uint8Array): InferenceCall {
  const id = hexToBytes(modelId)
  if (id.length !== 32) throw new InvalidError('InputInvalid', `a modelId has 32 bytes, ${modelId} has ${id.length}`)
  const bytes = typeof input === 'string' ? hexToBytes(input) : input
  return { to: INFERENCE_PRECOMPILE, data: bytesToHex(concatBytes(id, bytes)) }
}
