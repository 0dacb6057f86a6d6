import { refuse } from './import-error.ts'
import type { OnnxGraph, OnnxNode } from './onnx-model.ts'

/** A node's name for messages: `/fc/MatMul`, or with its operator where the name does not tell it. */
export function nodeLabel(node: OnnxNode, index: number): string {
  if (node.name === '') return `${node.opType} #${index}`
  return node.name.endsWith(node.opType) ? node.name : `${node.name} (${node.opType})`
}

/**
 * Checks that names resolve: every name has one maker, and every node comes after the makers of its operands. Cost: linear.
 * @returns for each node, whether an output depends on it.
 * @throws ImportError `OnnxGraphInvalid` naming the node, and the cycle if there is one.
 */
export function resolveGraph(graph: OnnxGraph): boolean[] {
  const defined = new Set<string>()
  const define = (name: string, maker: string) => {
    if (defined.has(name)) refuse('OnnxGraphInvalid', `${maker}: the name ${name} is already taken`)
    defined.add(name)
  }
  const initializers = new Set(graph.initializers.map(({ name }) => name))
  for (const { name } of graph.initializers) define(name, `initializer ${name}`)
  for (const { name } of graph.inputs) if (!initializers.has(name)) define(name, `input ${name}`)
  const makers = new Map<string, number>()
  graph.nodes.forEach((node, index) => {
    for (const name of node.outputs) if (name !== '') makers.set(name, index)
  })
  graph.nodes.forEach((node, index) => {
    const label = nodeLabel(node, index)
    for (const name of node.inputs) {
      if (name === '' || defined.has(name)) continue
      if (!makers.has(name)) refuse('OnnxGraphInvalid', `${label}: operand ${name} is made by nothing in the file`)
      const cycle = findCycle(graph, makers, index)
      if (cycle)
        refuse(
          'OnnxGraphInvalid',
          `cycle: ${cycle.map((at) => nodeLabel(graph.nodes[at] as OnnxNode, at)).join(' → ')}`,
        )
      refuse('OnnxGraphInvalid', `${label}: operand ${name} is made by a later node: sort the nodes`)
    }
    for (const name of node.outputs) if (name !== '') define(name, label)
  })
  for (const { name } of graph.outputs) {
    if (!defined.has(name)) refuse('OnnxGraphInvalid', `output ${name} is made by nothing in the file`)
  }
  return liveNodes(graph)
}

function liveNodes(graph: OnnxGraph): boolean[] {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const live = graph.nodes.map(() => false)
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index] as OnnxNode
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue
    live[index] = true
    for (const name of node.inputs) needed.add(name)
  }
  return live
}

/** Nodes of a cycle that `start` depends on, first and last the same; undefined where there is none. Without recursion. */
function findCycle(graph: OnnxGraph, makers: ReadonlyMap<string, number>, start: number): number[] | undefined {
  const done = new Set<number>()
  const path: { readonly node: number; next: number }[] = [{ node: start, next: 0 }]
  const onPath = new Set([start])
  while (path.length > 0) {
    const top = path[path.length - 1] as { readonly node: number; next: number }
    const inputs = (graph.nodes[top.node] as OnnxNode).inputs
    const maker = top.next < inputs.length ? makers.get(inputs[top.next++] as string) : undefined
    if (maker !== undefined && onPath.has(maker)) {
      const nodes = path.map(({ node }) => node)
      return [...nodes.slice(nodes.indexOf(maker)), maker].reverse()
    }
    if (maker !== undefined && !done.has(maker)) {
      path.push({ node: maker, next: 0 })
      onPath.add(maker)
    } else if (maker === undefined && top.next >= inputs.length) {
      path.pop()
      onPath.delete(top.node)
      done.add(top.node)
    }
  }
  return undefined
}
