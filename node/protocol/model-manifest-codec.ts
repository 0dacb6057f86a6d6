import { bytesEqual, bytesToHex, concatBytes, type Hex, hexToBytes, uintToBytes } from './bytes.ts'
import { MODEL_DOMAIN } from './domains.ts'
import { InvalidError } from './errors.ts'
import { type Hasher, keccak256 } from './keccak.ts'
import type { ModelCounters, ModelManifest, TensorSpec } from './model-manifest.ts'
import { decodeTensor, encodeTensor, type LaneWidth, laneRange } from './tensor-encoding.ts'

/** Greatest rank of a tensor. */
export const MAX_RANK = 6
/** Most inputs, and most outputs, that a model may have. */
export const MAX_IO_TENSORS = 64
/** Greatest lane count of one tensor. */
export const MAX_TENSOR_LANES: number = 2 ** 26

/** The counters in the order of their bytes. Frozen: it is part of every modelId. */
const COUNTER_ORDER = [
  'steps',
  'opCount',
  'macsNarrow',
  'macsMedium',
  'macsWide',
  'elements',
  'kernelCalls',
  'gatheredBytes',
  'movedBytes',
  'hashedBytes',
  'constantBytes',
  'graphBytes',
  'peakBytes',
  'scratchBytes',
] as const satisfies readonly (keyof ModelCounters)[]

const HEAD_BYTES = 32 + 4 + 32 + 32 + 32 + 2 + 2
const SPEC_BYTES = 1 + 1 + 4 * MAX_RANK + 8 + 8
const COUNTERS_BYTES = 8 * COUNTER_ORDER.length

/** Greatest length of a manifest's bytes. */
export const MAX_MANIFEST_BYTES: number = HEAD_BYTES + 2 * MAX_IO_TENSORS * SPEC_BYTES + COUNTERS_BYTES

/** A manifest before its hash is known. */
export type ManifestBody = Omit<ModelManifest, 'modelId'>

/**
 * The preimage of a modelId, all integers big-endian: domain (32) ‖ profile u32 ‖ graphHash (32) ‖ programRoot (32) ‖ constantsRoot (32) ‖
 * inputCount u16 ‖ outputCount u16 ‖ specs of inputs, then of outputs ‖ 14 counters u64. A spec is laneBytes u8 ‖ rank u8 ‖
 * 6 extents u32, zero past the rank ‖ lo i64 ‖ hi i64.
 * @throws InvalidError `ManifestInvalid` when a field breaks the rules that {@link decodeManifest} enforces.
 */
export function encodeManifest(body: ManifestBody): Uint8Array {
  requireBody(body)
  return concatBytes(
    MODEL_DOMAIN,
    uintToBytes(body.profile, 4),
    hexToBytes(body.graphHash),
    hexToBytes(body.programRoot),
    hexToBytes(body.constantsRoot),
    uintToBytes(body.inputs.length, 2),
    uintToBytes(body.outputs.length, 2),
    ...body.inputs.map(encodeSpec),
    ...body.outputs.map(encodeSpec),
    ...COUNTER_ORDER.map((name) => uintToBytes(body.counters[name], 8)),
  )
}

/** The modelId: keccak256 of {@link encodeManifest}. */
export function modelIdOf(body: ManifestBody, hash: Hasher = keccak256): Hex {
  return bytesToHex(hash(encodeManifest(body)))
}

/**
 * Reads the preimage of a modelId back, and computes the modelId. Strict: only bytes that {@link encodeManifest} yields pass.
 * @throws InvalidError `ManifestMalformed` (layout) or `ManifestInvalid` (a field breaks its rule).
 */
export function decodeManifest(bytes: Uint8Array, hash: Hasher = keccak256): ModelManifest {
  if (bytes.length < HEAD_BYTES || bytes.length > MAX_MANIFEST_BYTES) {
    throw new InvalidError('ManifestMalformed', `a manifest of ${bytes.length} bytes`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!bytesEqual(bytes.subarray(0, 32), MODEL_DOMAIN)) {
    throw new InvalidError('ManifestMalformed', 'a manifest opens with another domain separator')
  }
  const inputCount = view.getUint16(132)
  const outputCount = view.getUint16(134)
  const expected = HEAD_BYTES + (inputCount + outputCount) * SPEC_BYTES + COUNTERS_BYTES
  if (bytes.length !== expected) {
    throw new InvalidError('ManifestMalformed', `a manifest of ${bytes.length} bytes that declares ${expected}`)
  }
  const body: ManifestBody = {
    profile: view.getUint32(32),
    graphHash: bytesToHex(bytes.subarray(36, 68)),
    programRoot: bytesToHex(bytes.subarray(68, 100)),
    constantsRoot: bytesToHex(bytes.subarray(100, 132)),
    inputs: decodeSpecs(view, HEAD_BYTES, inputCount),
    outputs: decodeSpecs(view, HEAD_BYTES + inputCount * SPEC_BYTES, outputCount),
    counters: decodeCounters(view, bytes.length - COUNTERS_BYTES),
  }
  requireBody(body)
  return { modelId: bytesToHex(hash(bytes)), ...body }
}

function encodeSpec(spec: TensorSpec): Uint8Array {
  const extents = Array.from({ length: MAX_RANK }, (_, axis) => uintToBytes(spec.shape[axis] ?? 0, 4))
  return concatBytes(
    uintToBytes(spec.laneBytes, 1),
    uintToBytes(spec.shape.length, 1),
    ...extents,
    encodeTensor([spec.lo, spec.hi], 8),
  )
}

function decodeSpecs(view: DataView, at: number, count: number): TensorSpec[] {
  return Array.from({ length: count }, (_, i) => decodeSpec(view, at + i * SPEC_BYTES))
}

function decodeSpec(view: DataView, at: number): TensorSpec {
  const rank = view.getUint8(at + 1)
  if (rank > MAX_RANK) throw new InvalidError('ManifestMalformed', `a tensor of rank ${rank} > ${MAX_RANK}`)
  const extents = Array.from({ length: MAX_RANK }, (_, axis) => view.getUint32(at + 2 + 4 * axis))
  if (extents.slice(rank).some((extent) => extent !== 0)) {
    throw new InvalidError('ManifestMalformed', `an extent past rank ${rank} is not zero`)
  }
  const boundsAt = view.byteOffset + at + 2 + 4 * MAX_RANK
  const [lo, hi] = decodeTensor(new Uint8Array(view.buffer, boundsAt, 16), 8, 2) as ArrayLike<number> as [
    number,
    number,
  ]
  return { shape: extents.slice(0, rank), laneBytes: view.getUint8(at) as LaneWidth, lo, hi }
}

function decodeCounters(view: DataView, at: number): ModelCounters {
  const counters: Partial<Record<keyof ModelCounters, number>> = {}
  COUNTER_ORDER.forEach((name, i) => {
    const offset = at + 8 * i
    counters[name] = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4)
  })
  return counters as ModelCounters
}

function requireBody(body: ManifestBody): void {
  requireManifest(Number.isInteger(body.profile) && body.profile >= 1 && body.profile < 2 ** 32, 'profile')
  for (const name of ['graphHash', 'programRoot', 'constantsRoot'] as const) {
    requireManifest(/^0x[0-9a-fA-F]{64}$/.test(body[name]), name)
  }
  requireManifest(body.inputs.length <= MAX_IO_TENSORS, 'inputs: too many')
  requireManifest(body.outputs.length >= 1 && body.outputs.length <= MAX_IO_TENSORS, 'outputs: none, or too many')
  body.inputs.forEach((spec, i) => {
    requireSpec(spec, `inputs[${i}]`)
  })
  body.outputs.forEach((spec, i) => {
    requireSpec(spec, `outputs[${i}]`)
  })
  for (const name of COUNTER_ORDER) {
    const count = body.counters[name]
    requireManifest(Number.isSafeInteger(count) && count >= 0, `counters.${name}`)
  }
}

function requireSpec(spec: TensorSpec, name: string): void {
  requireManifest([1, 2, 4, 8].includes(spec.laneBytes), `${name}: lane width`)
  requireManifest(spec.shape.length <= MAX_RANK, `${name}: rank`)
  let lanes = 1
  for (const extent of spec.shape) {
    requireManifest(Number.isInteger(extent) && extent >= 1 && extent <= MAX_TENSOR_LANES, `${name}: extent`)
    lanes *= extent
    requireManifest(lanes <= MAX_TENSOR_LANES, `${name}: lane count`)
  }
  const range = laneRange(spec.laneBytes)
  const bounded = Number.isSafeInteger(spec.lo) && Number.isSafeInteger(spec.hi) && spec.lo <= spec.hi
  requireManifest(bounded && spec.lo >= range.lo && spec.hi <= range.hi, `${name}: bounds`)
}

function requireManifest(holds: boolean, field: string): void {
  if (!holds) throw new InvalidError('ManifestInvalid', `a manifest field breaks its rule: ${field}`)
}
