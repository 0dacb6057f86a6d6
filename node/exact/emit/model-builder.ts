import type { Shape } from '../graph.ts'
import { boundsOf } from '../tensor-data.ts'
import { dtypeHolds, ELEMENT_BYTES, elementBytes } from './dtypes.ts'
import {
  ONNX_DTYPE_CODES,
  type OnnxAttribute,
  type OnnxDtype,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
  type OnnxValueInfo,
} from './onnx-writer.ts'

/**
 * Initialisers beyond this many bytes in all are stored in their narrowest type and cast on each run: a protobuf message
 * cannot exceed 2 GiB, and constants of 256 MB would, as float64.
 */
const WIDE_CONSTANTS_LIMIT_BYTES = 2 ** 30

/** Collects the nodes and initialisers of one ONNX model. Every method returns the name of a tensor. */
export interface ModelBuilder {
  /** Adds a node with one output. */
  node(opType: string, inputs: readonly string[], options?: NodeOptions): string
  /** A constant tensor, row-major: of integers, or in a float type of integers scaled by a power of two. */
  constant(dtype: OnnxDtype, shape: Shape, values: ArrayLike<number>): string
  /** A constant of rank 0; equal ones are shared. */
  scalar(dtype: OnnxDtype, value: number): string
  /** A constant int64 vector (shapes, axes, pads, starts…); equal ones are shared. */
  int64s(values: readonly number[]): string
  cast(tensor: string, dtype: OnnxDtype): string
  transpose(tensor: string, permutation: readonly number[]): string
  reshape(tensor: string, shape: Shape): string
  /** Declares a model input. */
  input(info: OnnxValueInfo): string
  /** Declares a model output, cast from `tensor`. */
  output(info: OnnxValueInfo, tensor: string): void
  /** All that was added. */
  build(): OnnxModel
}

/** Name, attributes and operator domain (default: standard ONNX) of a node. */
export interface NodeOptions {
  readonly name?: string
  readonly domain?: string
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** How a model's parts are called. */
export interface ModelNaming {
  /** Starts the name of every tensor that is not declared. Default: nothing. */
  readonly prefix?: string
  /** Name of a node that is given none. Default: none. */
  readonly nodeName?: (opType: string) => string | undefined
}

/** An empty model. */
export function createModelBuilder({ prefix = '', nodeName = () => undefined }: ModelNaming = {}): ModelBuilder {
  const nodes: OnnxNode[] = []
  const initializers: OnnxInitializer[] = []
  const inputs: OnnxValueInfo[] = []
  const outputs: OnnxValueInfo[] = []
  const shared = new Map<string, string>()
  let nameCount = 0
  let constantBytes = 0

  function addNode(opType: string, operands: readonly string[], options: NodeOptions, output: string): string {
    const name = options.name ?? nodeName(opType)
    nodes.push({ opType, inputs: operands, outputs: [output], ...options, ...(name === undefined ? {} : { name }) })
    return output
  }

  function addConstant(dtype: OnnxDtype, shape: Shape, values: ArrayLike<number>): string {
    const wideBytes = values.length * ELEMENT_BYTES[dtype]
    const narrow = constantBytes + wideBytes > WIDE_CONSTANTS_LIMIT_BYTES ? narrowestDtype(dtype, values) : dtype
    const name = `${prefix}c${nameCount++}`
    const bytes = elementBytes(narrow, values)
    constantBytes += bytes.length
    initializers.push({ name, dtype: narrow, shape, bytes })
    return narrow === dtype ? name : builder.cast(name, dtype)
  }

  function share(key: string, make: () => string): string {
    const known = shared.get(key)
    if (known !== undefined) return known
    const name = make()
    shared.set(key, name)
    return name
  }

  const builder: ModelBuilder = {
    node: (opType, operands, options = {}) => addNode(opType, operands, options, `${prefix}t${nameCount++}`),
    constant: addConstant,
    scalar: (dtype, value) => share(`${dtype} ${value}`, () => addConstant(dtype, [], [value])),
    int64s: (values) => share(`int64s ${values.join()}`, () => addConstant('int64', [values.length], values)),
    cast: (tensor, dtype) => builder.node('Cast', [tensor], { attributes: { to: ONNX_DTYPE_CODES[dtype] } }),
    transpose: (tensor, permutation) => builder.node('Transpose', [tensor], { attributes: { perm: permutation } }),
    reshape: (tensor, shape) => builder.node('Reshape', [tensor, builder.int64s(shape)]),
    input(info) {
      inputs.push(info)
      return info.name
    },
    output(info, tensor) {
      outputs.push(info)
      addNode('Cast', [tensor], { attributes: { to: ONNX_DTYPE_CODES[info.dtype] } }, info.name)
    },
    build: () => ({ inputs, outputs, initializers, nodes }),
  }
  return builder
}

/** The narrowest type that holds the values; `dtype` itself where they are scaled to fractions. */
function narrowestDtype(dtype: OnnxDtype, values: ArrayLike<number>): OnnxDtype {
  const bounds = boundsOf(values)
  const candidates: readonly OnnxDtype[] = ['int8', 'int16', 'int32']
  const narrowest = candidates.find((candidate) => dtypeHolds(candidate, bounds)) ?? 'float64'
  return Array.from(values).every(Number.isInteger) ? narrowest : dtype
}
