import type { CheckedGraph, ValueFacts, ValueId } from './graph.ts'

/**
 * The same graph with other values as its outputs, each in the smallest lanes that hold its bounds. It may have more outputs than consensus
 * allows: it is only run or emitted, to see what a model computes on the way, and never encoded or committed to.
 */
export function withOutputs(checked: CheckedGraph, values: readonly ValueId[]): CheckedGraph {
  const outputs = values.map((value) => ({ value, laneBytes: (checked.values[value] as ValueFacts).laneBytes }))
  return { ...checked, graph: { ...checked.graph, outputs } }
}
