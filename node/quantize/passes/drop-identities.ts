import type { FloatGraph, FloatNode } from '../float-graph.ts'

/** Inference does nothing in these, whatever their further operands and results. */
export const IDENTITIES: ReadonlySet<string> = new Set(['Identity', 'Dropout'])

/**
 * Removes nodes that give their first operand unchanged: Identity, Dropout, Cast from a float type to another, and a
 * movement that moves nothing. A result of the model keeps its node when an input would take its place.
 */
export function dropIdentities(graph: FloatGraph): FloatGraph {
  const renamed = new Map<string, string>()
  const rename = (name: string): string => renamed.get(name) ?? name
  const kept: FloatNode[] = []
  const outputs = new Set(graph.outputs)
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(rename)
    const [result = '', operand = ''] = [node.outputs[0], inputs[0]]
    if (isIdentity(graph, node, operand) && !outputs.has(result)) renamed.set(result, operand)
    else kept.push({ ...node, inputs })
  }
  return { ...graph, nodes: kept }
}

function isIdentity(graph: FloatGraph, node: FloatNode, operand: string): boolean {
  if (node.domain !== '') return false
  if (IDENTITIES.has(node.opType)) return true
  const kinds = [operand, node.outputs[0] ?? ''].map((name) => graph.values.get(name)?.kind)
  return node.opType === 'Cast' && kinds[0] === kinds[1]
}
