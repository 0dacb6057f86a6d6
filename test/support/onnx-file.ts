/*
 * Writes small ONNX files for tests, with the freedom to write bad ones: nodes in any order, any metadata, dtype or opset, and
 * raw protobuf fields. Emitted models have a writer of their own, which can only write good files.
 */

/** Element types by ONNX name, with TensorProto.DataType, size and how one element is written. */
const DTYPES = {
  float32: { code: 1, bytes: 4, write: (view: DataView, value: number) => view.setFloat32(0, value, true) },
  uint8: { code: 2, bytes: 1, write: (view: DataView, value: number) => view.setUint8(0, value) },
  int8: { code: 3, bytes: 1, write: (view: DataView, value: number) => view.setInt8(0, value) },
  uint16: { code: 4, bytes: 2, write: (view: DataView, value: number) => view.setUint16(0, value, true) },
  int16: { code: 5, bytes: 2, write: (view: DataView, value: number) => view.setInt16(0, value, true) },
  int32: { code: 6, bytes: 4, write: (view: DataView, value: number) => view.setInt32(0, value, true) },
  int64: { code: 7, bytes: 8, write: (view: DataView, value: number) => view.setBigInt64(0, BigInt(value), true) },
  bool: { code: 9, bytes: 1, write: (view: DataView, value: number) => view.setUint8(0, value) },
  float64: { code: 11, bytes: 8, write: (view: DataView, value: number) => view.setFloat64(0, value, true) },
  uint32: { code: 12, bytes: 4, write: (view: DataView, value: number) => view.setUint32(0, value, true) },
  uint64: { code: 13, bytes: 8, write: (view: DataView, value: number) => view.setBigUint64(0, BigInt(value), true) },
} as const

/** Name of an element type. */
export type FileDtype = keyof typeof DTYPES

/** A constant tensor of a test file. */
export interface FileTensor {
  readonly dtype: FileDtype
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

/** A declared input or output; strings are symbolic dimensions. */
export interface FileValue {
  readonly name: string
  readonly dtype: FileDtype
  readonly dims: readonly (number | string)[]
}

/** An attribute: an integer, list of integers, float, text or tensor. */
export type FileAttribute = number | readonly number[] | { readonly float: number } | string | FileTensor

/** One node; `output` is its first output. */
export interface FileNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly name?: string
  readonly domain?: string
  readonly attributes?: Readonly<Record<string, FileAttribute>>
  readonly moreOutputs?: readonly string[]
}

/** A whole test file. */
export interface OnnxFile {
  readonly nodes: readonly FileNode[]
  readonly inputs: readonly FileValue[]
  readonly outputs: readonly FileValue[]
  readonly constants?: Readonly<Record<string, FileTensor>>
  readonly valueInfos?: readonly FileValue[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly opset?: number
  /** Bytes appended to the model, the graph, or the first initializer message. */
  readonly extra?: { readonly model?: Uint8Array; readonly graph?: Uint8Array; readonly tensor?: Uint8Array }
}

/** Joins protobuf fields. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** A base-128 varint of a non-negative or (as 64-bit two's complement) negative integer. */
export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return Uint8Array.from([...out, Number(rest)])
}

/** A varint field. */
export function varintField(number: number, value: number | bigint): Uint8Array {
  return join(varint(number * 8), varint(value))
}

/** A length-delimited field of bytes or ASCII text. */
export function bytesField(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return join(varint(number * 8 + 2), varint(bytes.length), bytes)
}

/** Bytes of an array of elements, little-endian. */
export function elementBytes(dtype: FileDtype, values: readonly number[]): Uint8Array {
  const { bytes, write } = DTYPES[dtype]
  const out = new Uint8Array(values.length * bytes)
  values.forEach((value, i) => {
    write(new DataView(out.buffer, i * bytes, bytes), value)
  })
  return out
}

/** A TensorProto with raw_data. */
export function tensorBytes(name: string, { dtype, dims, values }: FileTensor): Uint8Array {
  const fields = dims.map((extent) => varintField(1, extent))
  return join(
    ...fields,
    varintField(2, DTYPES[dtype].code),
    bytesField(8, name),
    bytesField(9, elementBytes(dtype, values)),
  )
}

/** The bytes of a file. */
export function writeOnnx(file: OnnxFile): Uint8Array {
  const constants = Object.entries(file.constants ?? {}).map(([name, tensor], i) =>
    bytesField(
      5,
      join(tensorBytes(name, tensor), i === 0 ? (file.extra?.tensor ?? new Uint8Array()) : new Uint8Array()),
    ),
  )
  const graph = join(
    ...file.nodes.map((node) => bytesField(1, nodeBytes(node))),
    bytesField(2, 'test'),
    ...constants,
    ...file.inputs.map((value) => bytesField(11, valueBytes(value))),
    ...file.outputs.map((value) => bytesField(12, valueBytes(value))),
    ...(file.valueInfos ?? []).map((value) => bytesField(13, valueBytes(value))),
    file.extra?.graph ?? new Uint8Array(),
  )
  const properties = Object.entries(file.metadata ?? {}).map(([key, value]) =>
    bytesField(14, join(bytesField(1, key), bytesField(2, value))),
  )
  const opset = bytesField(8, join(bytesField(1, ''), varintField(2, file.opset ?? 17)))
  return join(varintField(1, 8), opset, bytesField(7, graph), ...properties, file.extra?.model ?? new Uint8Array())
}

function nodeBytes(node: FileNode): Uint8Array {
  return join(
    ...node.inputs.map((name) => bytesField(1, name)),
    ...[node.output, ...(node.moreOutputs ?? [])].map((name) => bytesField(2, name)),
    bytesField(3, node.name ?? `/${node.output}/${node.op}`),
    bytesField(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => bytesField(5, attributeBytes(name, value))),
    node.domain === undefined ? new Uint8Array() : bytesField(7, node.domain),
  )
}

function attributeBytes(name: string, value: FileAttribute): Uint8Array {
  const typed = (type: number, ...fields: readonly Uint8Array[]) =>
    join(bytesField(1, name), ...fields, varintField(20, type))
  if (typeof value === 'number') return typed(2, varintField(3, value))
  if (typeof value === 'string') return typed(3, bytesField(4, value))
  if ('float' in value) return typed(1, join(varint(2 * 8 + 5), elementBytes('float32', [value.float])))
  if ('dtype' in value) return typed(4, bytesField(5, tensorBytes('', value)))
  return typed(7, ...value.map((entry) => varintField(8, entry)))
}

function valueBytes({ name, dtype, dims }: FileValue): Uint8Array {
  const extents = dims.map((extent) =>
    bytesField(1, typeof extent === 'number' ? varintField(1, extent) : bytesField(2, extent)),
  )
  const tensor = join(varintField(1, DTYPES[dtype].code), bytesField(2, join(...extents)))
  return join(bytesField(1, name), bytesField(2, bytesField(1, tensor)))
}
