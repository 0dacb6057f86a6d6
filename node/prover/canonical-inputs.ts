import type { Tensor } from '../exact/graph.ts'
import { InvalidError } from '../protocol/errors.ts'
import { specLanes, valuesSizeBytes } from '../protocol/inference-roots.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import { decodeTensor } from '../protocol/tensor-encoding.ts'

/** Tensors of a model's joined canonical bytes, in order. @throws InvalidError `ValuesLength`, `TensorLaneRange`. */
export function decodeInputs(specs: readonly TensorSpec[], bytes: Uint8Array): Tensor[] {
  const expected = valuesSizeBytes(specs)
  if (bytes.length !== expected) {
    throw new InvalidError('ValuesLength', `${bytes.length} bytes given, ${expected} expected`)
  }
  let at = 0
  return specs.map((spec) => {
    const lanes = specLanes(spec)
    const start = at
    at += lanes * spec.laneBytes
    return { shape: spec.shape, data: decodeTensor(bytes.subarray(start, at), spec.laneBytes, lanes) }
  })
}
