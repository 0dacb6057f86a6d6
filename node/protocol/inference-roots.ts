import { concatBytes, uintToBytes } from './bytes.ts'
import { INPUTS_DOMAIN, OUTPUTS_DOMAIN, RECORD_DOMAIN } from './domains.ts'
import { InvalidError } from './errors.ts'
import { type Hasher, keccak256 } from './keccak.ts'
import type { ModelManifest, TensorSpec } from './model-manifest.ts'
import { tensorRoot } from './tensor-encoding.ts'

/** Lanes of a tensor of this spec. */
export function specLanes(spec: TensorSpec): number {
  return spec.shape.reduce((lanes, extent) => lanes * extent, 1)
}

/** Size of the canonical bytes of all tensors of `specs`, joined in order. */
export function valuesSizeBytes(specs: readonly TensorSpec[]): number {
  return specs.reduce((size, spec) => size + specLanes(spec) * spec.laneBytes, 0)
}

/** Size of a model's canonical input: what a caller of the inference precompile sends after the modelId. */
export function inputSizeBytes(manifest: ModelManifest): number {
  return valuesSizeBytes(manifest.inputs)
}

/** Size of a model's canonical output: what the inference precompile returns. */
export function outputSizeBytes(manifest: ModelManifest): number {
  return valuesSizeBytes(manifest.outputs)
}

/** Commitment to a model's inputs: keccak256(domain ‖ count u32 ‖ tensor roots). @throws InvalidError `ValuesLength`. */
export function inputRoot(specs: readonly TensorSpec[], bytes: Uint8Array, hash: Hasher = keccak256): Uint8Array {
  return valuesRoot(INPUTS_DOMAIN, specs, bytes, hash)
}

/** Commitment to a model's outputs: keccak256(domain ‖ count u32 ‖ tensor roots). @throws InvalidError `ValuesLength`. */
export function outputRoot(specs: readonly TensorSpec[], bytes: Uint8Array, hash: Hasher = keccak256): Uint8Array {
  return valuesRoot(OUTPUTS_DOMAIN, specs, bytes, hash)
}

/**
 * Commitment to an ordered list of tensors given as their joined canonical bytes:
 * keccak256(domain ‖ count u32 ‖ tensor roots). Only lengths are checked here, not the bounds of the specs.
 * @throws InvalidError `ValuesLength` when the bytes are not exactly {@link valuesSizeBytes} long.
 */
export function valuesRoot(
  domain: Uint8Array,
  specs: readonly TensorSpec[],
  bytes: Uint8Array,
  hash: Hasher = keccak256,
): Uint8Array {
  const expected = valuesSizeBytes(specs)
  if (bytes.length !== expected) {
    throw new InvalidError('ValuesLength', `${bytes.length} bytes given, ${expected} expected`)
  }
  const roots: Uint8Array[] = []
  let at = 0
  for (const spec of specs) {
    const lanes = specLanes(spec)
    const end = at + lanes * spec.laneBytes
    roots.push(tensorRoot(bytes.subarray(at, end), spec.laneBytes, lanes, hash))
    at = end
  }
  return bindRoots(domain, roots, hash)
}

/** keccak256(domain ‖ count u32 ‖ roots): one commitment to an ordered list of 32-byte roots. */
export function bindRoots(domain: Uint8Array, roots: readonly Uint8Array[], hash: Hasher = keccak256): Uint8Array {
  return hash(concatBytes(domain, uintToBytes(roots.length, 4), ...roots))
}

/** Leaf of one inference in a block's log: keccak256(domain ‖ modelId ‖ inputRoot ‖ outputRoot), 32 bytes each. */
export function recordLeaf(
  modelId: Uint8Array,
  inputRoot: Uint8Array,
  outputRoot: Uint8Array,
  hash: Hasher = keccak256,
): Uint8Array {
  for (const part of [modelId, inputRoot, outputRoot]) {
    if (part.length !== 32) throw new InvalidError('RecordMalformed', `a record part has ${part.length} bytes, not 32`)
  }
  return hash(concatBytes(RECORD_DOMAIN, modelId, inputRoot, outputRoot))
}
