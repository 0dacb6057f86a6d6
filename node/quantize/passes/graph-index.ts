import type { FloatGraph, FloatNode } from '../float-graph.ts'
import { uniformConstant } from '../ops/affine.ts'

/** Who makes and who reads each value of a graph, for passes that recognise patterns. */
export interface GraphIndex {
  /** The standard node that computes a value, of one of these types where any are named; undefined for inputs, constants and others. */
  maker(name: string, ...opTypes: readonly string[]): FloatNode | undefined
  /** The only reader of a value; undefined where there are more, or where it is an output. */
  onlyReader(name: string): FloatNode | undefined
  readers(name: string): readonly FloatNode[]
  /** The one number that a constant holds in all its elements. */
  number(name: string | undefined): number | undefined
}

/** Indexes a graph. Cost: linear. */
export function indexGraph(graph: FloatGraph): GraphIndex {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const readers = new Map<string, FloatNode[]>()
  for (const node of graph.nodes) {
    for (const name of new Set(node.inputs)) {
      const known = readers.get(name)
      if (known === undefined) readers.set(name, [node])
      else known.push(node)
    }
  }
  const outputs = new Set(graph.outputs)
  return {
    maker(name, ...opTypes) {
      const found = makers.get(name)
      const isOther = found?.domain !== '' || (opTypes.length > 0 && !opTypes.includes(found.opType))
      return isOther ? undefined : found
    },
    readers: (name) => readers.get(name) ?? [],
    onlyReader(name) {
      const found = readers.get(name) ?? []
      return found.length === 1 && !outputs.has(name) ? found[0] : undefined
    },
    number: (name = '') => uniformConstant(graph, name),
  }
}

/** Both operands of a node of two, each way round. */
export function eitherWay({ inputs }: FloatNode): readonly (readonly [string, string])[] {
  const [a = '', b = ''] = inputs
  return [
    [a, b],
    [b, a],
  ]
}
