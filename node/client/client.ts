/*
 * `assay/client`: all that a dapp needs to ask a model and read its answer, in browsers too. It takes a model's description, the JSON
 * document that `assay model describe FILE.onnx` prints.
 */

// biome-ignore-start lint/performance/noBarrelFile: this is the package's public entry, and nobody inside imports it.
export { type DecodedOutput, type DecodeOptions, decodeOutputs, laneDecimal, type OutputsOf } from './decode-outputs.ts'
export { encodeInputs, type InputRow, type InputsOf, type TensorInput } from './encode-inputs.ts'
export {
  type InferenceActions,
  type InferParameters,
  type InferReturnType,
  inferenceActions,
} from './inference-actions.ts'
export { encodeInferenceCall, type InferenceCall } from './inference-call.ts'
export type { InputValue } from './lane-encoder.ts'
export type {
  ColumnDescription,
  LaneKind,
  LaneMeaning,
  ModelDescription,
  TensorDescription,
} from './model-description.ts'
export { parseDescription, readDescription } from './parse-description.ts'
export type { RankedClass } from './ranked-classes.ts'
export type { InputList } from './tensor-lanes.ts'
// biome-ignore-end lint/performance/noBarrelFile: see above.
