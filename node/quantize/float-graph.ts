import type { Shape } from '../exact/graph.ts'
import type { OnnxAttribute } from '../exact/import/onnx-model.ts'
import { refuse } from './quantise-error.ts'

/*
 * A float model as plain data, ready to be quantised: static shapes, constants folded, one node an operator. Names are
 * those of the file, so that statistics, reports and messages speak of the tensors that people know.
 */

/** What a tensor's elements stand for. `integer` and `boolean` values are exact as they are; `float` ones get a step. */
export type ElementKind = 'float' | 'integer' | 'boolean'

/** A concrete tensor: row-major real values; booleans are 0 or 1. Extents may be zero (an empty operand). */
export interface FloatTensor {
  readonly kind: ElementKind
  readonly shape: Shape
  readonly data: Float32Array | Float64Array
}

/** What is known of a value before it is computed. */
export interface FloatValue {
  readonly kind: ElementKind
  readonly shape: Shape
  /** For a value that a pass invented by moving another: that one, whose calibrated range it has. */
  readonly rangeOf?: string
}

/** One operator call. An empty name is an operand or result that is left out. */
export interface FloatNode {
  /** For messages and reports: `/layer1/Conv`. */
  readonly label: string
  readonly opType: string
  /** Empty for the default domain. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
  /** For `assay:Function`, a function of one value: the operators that it stands for, in order. */
  readonly body?: readonly FloatNode[]
}

/** A whole model. Nodes are in topological order; every name has one maker: an input, a constant or a node. */
export interface FloatGraph {
  /** Version of the default operator set. */
  readonly opset: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly constants: ReadonlyMap<string, FloatTensor>
  readonly nodes: readonly FloatNode[]
  /** Facts of every value, constants included. */
  readonly values: ReadonlyMap<string, FloatValue>
}

type ValueOf<T extends OnnxAttribute['type']> = Extract<OnnxAttribute, { type: T }>['value']

/** An attribute of the given type; undefined where it is absent. @throws QuantiseError `QuantiseModel` for another type. */
export function attributeOf<T extends OnnxAttribute['type']>(
  node: Pick<FloatNode, 'attributes' | 'label'>,
  name: string,
  type: T,
): ValueOf<T> | undefined {
  const found = node.attributes.get(name)
  if (found === undefined) return undefined
  if (found.type === type) return found.value as ValueOf<T> | undefined
  return refuse('QuantiseModel', `${node.label}: attribute ${name} is a ${found.type}, expected a ${type}`)
}

/** Names that a node reads, the constants of its body included. */
export function readsOf(node: FloatNode): string[] {
  const body = node.body ?? []
  const made = new Set(body.flatMap(({ outputs }) => outputs))
  return [...node.inputs, ...body.flatMap(({ inputs }) => inputs.filter((name) => !made.has(name)))]
}

/** How often each value is read, by nodes and as an output of the model. */
export function countReaders(graph: FloatGraph): ReadonlyMap<string, number> {
  const readers = new Map<string, number>()
  const reads = [...graph.nodes.flatMap(({ inputs }) => [...inputs]), ...graph.outputs]
  for (const name of reads) readers.set(name, (readers.get(name) ?? 0) + 1)
  return readers
}
