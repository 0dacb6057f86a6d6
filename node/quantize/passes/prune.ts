import { type FloatGraph, readsOf } from '../float-graph.ts'

/** Drops nodes that no output needs and constants that no node reads. Every input stays. Cost: linear. */
export function prune(graph: FloatGraph): FloatGraph {
  const needed = new Set(graph.outputs)
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false
      for (const name of readsOf(node)) needed.add(name)
      return true
    })
    .reverse()
  const constants = new Map([...graph.constants].filter(([name]) => needed.has(name)))
  const made = new Set([...graph.inputs, ...nodes.flatMap(({ outputs }) => [...outputs])])
  const values = new Map([...graph.values].filter(([name]) => constants.has(name) || made.has(name)))
  return { ...graph, nodes, constants, values }
}
