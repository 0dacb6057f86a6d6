import type { FloatGraph, FloatNode } from './float-graph.ts'
import type { Interval } from './formats.ts'
import type { FloatOpHandler } from './handler.ts'
import type { Precision } from './precision.ts'

/** What a plan is made from. */
export interface PlanInputs {
  readonly graph: FloatGraph
  /** Calibrated range of every float value. */
  readonly ranges: ReadonlyMap<string, Interval>
  handlerOf(node: FloatNode): FloatOpHandler
  precisionOf(node: FloatNode | undefined): Precision
}

/** Bits of an operand, by how a node uses it; undefined where it takes what comes. */
export function bitsOf(inputs: PlanInputs, node: FloatNode, index: number): number | undefined {
  const precision = inputs.precisionOf(node)
  const use = inputs.handlerOf(node).uses(node, index, inputs.graph)
  if (use === 'operand') return precision.operandBits
  if (use === 'index') return precision.indexBits
  return use === 'stream' ? precision.streamBits : undefined
}

/** Widths of each value by its readers, from the last node to the first. */
export function wantedWidths(inputs: PlanInputs): ReadonlyMap<string, ReadonlySet<number>> {
  const { graph } = inputs
  const widths = new Map<string, Set<number>>()
  const want = (name: string, bits: Iterable<number>) => {
    const known = widths.get(name) ?? new Set<number>()
    for (const width of bits) known.add(width)
    if (known.size > 0) widths.set(name, known)
  }
  for (const name of graph.outputs) want(name, [inputs.precisionOf(undefined).streamBits])
  for (const node of graph.nodes.toReversed()) {
    const results = new Set(node.outputs.flatMap((name) => [...(widths.get(name) ?? [])]))
    const handler = inputs.handlerOf(node)
    for (const [index, name] of node.inputs.entries()) {
      if (name === '' || graph.values.get(name)?.kind !== 'float') continue
      if (handler.uses(node, index, graph) === 'same') want(name, results)
      const bits = bitsOf(inputs, node, index)
      if (bits !== undefined) want(name, [bits])
    }
  }
  return widths
}
