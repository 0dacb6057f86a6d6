/*
 * The subset of ONNX (onnx.proto, IR version 8 to 10) that exact files may use, as plain data. Decoded but not judged.
 */

/** An attribute of a node; the key of the value says its type. */
export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }

/** One operator call. An empty input name is an omitted optional operand. */
export interface OnnxNode {
  readonly name: string
  readonly opType: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
}

/** A tensor with its encoded values; `tensorValues` decodes them. */
export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  /** TensorProto.DataType. */
  readonly dataType: number
  /** Field number of the values (9 raw_data, 4 float_data, …); undefined when there are none. */
  readonly field: number | undefined
  /** Encoded values, in order: views into the file. */
  readonly segments: readonly Uint8Array[]
}

/** Declared type of a graph input, output or inner value. A dimension that is no number is symbolic or unknown. */
export interface OnnxValueInfo {
  readonly name: string
  /** TensorProto.DataType, or undefined where no tensor type is declared. */
  readonly dataType: number | undefined
  /** Extents, or undefined where no shape is declared. */
  readonly dims: readonly (number | string)[] | undefined
  /** False for a sequence, map or sparse tensor: converters end classifiers with one. */
  readonly isTensor: boolean
}

/** The graph of a model, in file order. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  readonly valueInfos: readonly OnnxValueInfo[]
}

/** A whole file. */
export interface OnnxModel {
  /** Operator set versions by domain; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>
  readonly graph: OnnxGraph
  readonly metadata: ReadonlyMap<string, string>
}
