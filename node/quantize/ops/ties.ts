import type { FloatGraph, FloatNode } from '../float-graph.ts'
import type { Tie } from '../handler.ts'

/** All float operands and results of a node at one scale: sums, picks and movements. Constants adapt and are left out. */
export function tieAll(node: FloatNode, graph: FloatGraph): Tie[] {
  const [first, ...rest] = [...node.outputs, ...node.inputs].filter((name) => name !== '' && !graph.constants.has(name))
  return first === undefined ? [] : rest.map((b) => ({ a: first, b, ratio: 1 }))
}
