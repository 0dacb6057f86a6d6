import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import type { FloatGraph, FloatNode, FloatTensor, FloatValue } from '../float-graph.ts'

/** Collects what a pass adds to a graph and puts in the place of its nodes. */
export interface GraphEditor {
  /** Facts of a value of the graph or an added one. */
  value(name: string): FloatValue
  /** Adds a node, to stand before the next node that is replaced. @returns the name of its result. */
  add(node: AddedNode, result: FloatValue): string
  /** Adds a constant. @returns its name. */
  constant(wanted: string, tensor: FloatTensor): string
  /** Puts `replacement` in the place of a node (of each of its results, in several calls), after all that was added and not placed yet. */
  replace(node: FloatNode, replacement: FloatNode): void
  finish(): FloatGraph
}

/** A node to add; its result is called `wanted`, with a number where that name is taken. */
export interface AddedNode {
  readonly opType: string
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly attributes?: ReadonlyMap<string, OnnxAttribute>
  readonly wanted: string
}

/** An editor of `graph`, which itself stays as it is. */
export function editGraph(graph: FloatGraph): GraphEditor {
  const constants = new Map(graph.constants)
  const values = new Map(graph.values)
  const replaced = new Map<FloatNode, readonly FloatNode[]>()
  let waiting: FloatNode[] = []

  function unused(wanted: string): string {
    let name = wanted
    for (let i = 2; values.has(name); i++) name = `${wanted}.${i}`
    return name
  }

  return {
    value: (name) => values.get(name) ?? { kind: 'float', shape: [] },
    add({ opType, domain = '', inputs, attributes = new Map(), wanted }, result) {
      const name = unused(wanted)
      values.set(name, result)
      waiting.push({ label: name, opType, domain, inputs, outputs: [name], attributes })
      return name
    },
    constant(wanted, tensor) {
      const name = unused(wanted)
      constants.set(name, tensor)
      values.set(name, { kind: tensor.kind, shape: tensor.shape })
      return name
    },
    replace(node, replacement) {
      replaced.set(node, [...(replaced.get(node) ?? []), ...waiting, replacement])
      waiting = []
    },
    finish: () => ({
      ...graph,
      constants,
      values,
      nodes: graph.nodes.flatMap((node) => replaced.get(node) ?? [node]),
    }),
  }
}
