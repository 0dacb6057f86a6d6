/**
 * Writes ONNX ModelProto bytes: a deterministic protobuf encoder for the few fields that emitted models use. It only ever
 * writes; nothing here parses. Field numbers are those of onnx.proto (onnx 1.22, IR version 10).
 */

/** Element types that emitted models use. */
export type OnnxDtype = 'float32' | 'uint8' | 'int8' | 'int16' | 'int32' | 'int64' | 'bool' | 'float64'

/** An attribute of a node: an integer, a list of integers, or a float32 written as `{ float }`. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number }

/** One node. `domain` is empty for standard ONNX ops; only a node that something refers to needs a `name`. */
export interface OnnxNode {
  readonly opType: string
  readonly name?: string
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** Name, element type and static shape of a model input or output. */
export interface OnnxValueInfo {
  readonly name: string
  readonly dtype: OnnxDtype
  readonly shape: readonly number[]
}

/** A constant tensor; `bytes` are its row-major elements, little-endian. */
export interface OnnxInitializer extends OnnxValueInfo {
  readonly bytes: Uint8Array
}

/** A whole model; nodes are in topological order. */
export interface OnnxModel {
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  readonly initializers: readonly OnnxInitializer[]
  readonly nodes: readonly OnnxNode[]
  /** Default: that of emitted models. */
  readonly header?: OnnxHeader
}

/** What a model says of itself besides its graph. */
export interface OnnxHeader {
  readonly irVersion: number
  /** Version of each operator set, by domain ('' is the default one). */
  readonly opsets: Readonly<Record<string, number>>
  /** Entries of metadata_props, in order. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** TensorProto.DataType of each element type. */
export const ONNX_DTYPE_CODES: Readonly<Record<OnnxDtype, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
}

/** Version of the default operator set that emitted models are written against. */
export const ONNX_OPSET = 21
/** Version of the `com.microsoft` operator set. */
export const MICROSOFT_OPSET = 1
const EMITTED_HEADER: OnnxHeader = { irVersion: 10, opsets: { '': ONNX_OPSET, 'com.microsoft': MICROSOFT_OPSET } }

const WIRE_VARINT = 0
const WIRE_BYTES = 2
const WIRE_FIXED32 = 5
const ATTRIBUTE_FLOAT = 1
const ATTRIBUTE_INT = 2
const ATTRIBUTE_INTS = 7

/** Encoded pieces in order; large tensors stay unjoined until the end, so that they are copied once. */
type Pieces = readonly Uint8Array[]

/** Encodes a model. Equal models give equal bytes. Cost: one copy of the initialisers. */
export function encodeOnnxModel(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.flatMap((node) => message(1, encodeNode(node))),
    ...text(2, 'assay'),
    ...model.initializers.flatMap((tensor) => message(5, encodeTensorProto(tensor))),
    ...model.inputs.flatMap((info) => message(11, encodeValueInfo(info))),
    ...model.outputs.flatMap((info) => message(12, encodeValueInfo(info))),
  ]
  const { irVersion, opsets, metadata = {} } = model.header ?? EMITTED_HEADER
  return join([
    ...integer(1, irVersion),
    ...message(7, graph),
    ...Object.entries(opsets).flatMap(([domain, version]) => message(8, [...text(1, domain), ...integer(2, version)])),
    ...Object.entries(metadata).flatMap(([key, value]) => message(14, [...text(1, key), ...text(2, value)])),
  ])
}

function encodeNode(node: OnnxNode): Pieces {
  const attributes = Object.entries(node.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...(node.name === undefined ? [] : text(3, node.name)),
    ...text(4, node.opType),
    ...attributes.flatMap(([name, value]) => message(5, encodeAttribute(name, value))),
    ...(node.domain === undefined ? [] : text(7, node.domain)),
  ]
}

function encodeAttribute(name: string, value: OnnxAttribute): Pieces {
  if (typeof value === 'number') return [...text(1, name), ...integer(3, value), ...integer(20, ATTRIBUTE_INT)]
  if ('float' in value) return [...text(1, name), ...float(2, value.float), ...integer(20, ATTRIBUTE_FLOAT)]
  return [...text(1, name), ...value.flatMap((item) => integer(8, item)), ...integer(20, ATTRIBUTE_INTS)]
}

function encodeTensorProto(tensor: OnnxInitializer): Pieces {
  return [
    ...tensor.shape.flatMap((extent) => integer(1, extent)),
    ...integer(2, ONNX_DTYPE_CODES[tensor.dtype]),
    ...text(8, tensor.name),
    ...message(9, [tensor.bytes]),
  ]
}

function encodeValueInfo(info: OnnxValueInfo): Pieces {
  const dimensions = info.shape.flatMap((extent) => message(1, integer(1, extent)))
  const tensorType = [...integer(1, ONNX_DTYPE_CODES[info.dtype]), ...message(2, dimensions)]
  return [...text(1, info.name), ...message(2, message(1, tensorType))]
}

function integer(field: number, value: number): Pieces {
  return [Uint8Array.from([...varint(field * 8 + WIRE_VARINT), ...varint(value)])]
}

function float(field: number, value: number): Pieces {
  return [Uint8Array.from([...varint(field * 8 + WIRE_FIXED32), ...new Uint8Array(new Float32Array([value]).buffer)])]
}

const TEXT_ENCODER = new TextEncoder()

function text(field: number, value: string): Pieces {
  return message(field, [TEXT_ENCODER.encode(value)])
}

/** Messages of up to this many bytes are joined at once: models have very many tiny pieces. */
const JOINED_BYTES = 1024

function message(field: number, pieces: Pieces): Pieces {
  const size = sizeOf(pieces)
  const head = Uint8Array.from([...varint(field * 8 + WIRE_BYTES), ...varint(size)])
  return size <= JOINED_BYTES ? [join([head, ...pieces])] : [head, ...pieces]
}

/** Base-128 digits of an integer, least first; of a negative one, of its 64 bits in two's complement. */
function varint(value: number): number[] {
  const out: number[] = []
  if (value >= 0 && value < 2 ** 31) {
    let rest = value
    for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80)
    out.push(rest)
    return out
  }
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return out
}

function join(pieces: Pieces): Uint8Array {
  const out = new Uint8Array(sizeOf(pieces))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

function sizeOf(pieces: Pieces): number {
  let size = 0
  for (const piece of pieces) size += piece.length
  return size
}
