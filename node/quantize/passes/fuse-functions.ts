import { shapeEquals, shapeSize } from '../../exact/tensor-data.ts'
import type { FloatGraph, FloatNode } from '../float-graph.ts'
import { scalarFunction } from '../scalar-functions.ts'

/** Operators that views and clips express: a function of nothing else needs no table. */
const PIECEWISE_LINEAR: ReadonlySet<string> = new Set(['Add', 'Sub', 'Neg', 'Relu', 'Clip', 'Max', 'Min', 'Sum'])
/** A chain is followed this far, so that bodies stay small. */
const MAX_BODY = 64

/**
 * Makes every group of lane-by-lane operators that together are a function of one value (with scalar constants) a single
 * `assay:Function` node: `x · sigmoid(x)`, GELU by Erf or by Tanh, HardSwish in parts, or one Sigmoid alone. It becomes one lookup table,
 * whatever the function. Groups that only scale, shift and clip stay: they cost no table.
 */
export function fuseFunctions(graph: FloatGraph): FloatGraph {
  const sources = findSources(graph)
  const readers = readersOf(graph)
  const makers = new Map(graph.nodes.map((node) => [node.outputs[0] as string, node]))
  const outputs = new Set(graph.outputs)
  const nodes = graph.nodes.map((node) => {
    const result = node.outputs[0] as string
    const source = sources.get(result)
    if (source === undefined) return node
    // Where all readers go on with the same function, the last of them stands for all.
    const goesOn = (readers.get(result) ?? []).every((reader) => sources.get(reader.outputs[0] as string) === source)
    if (goesOn && !outputs.has(result)) return node
    const body = bodyOf(result, source, makers)
    if (body.length > MAX_BODY || !needsTable(body, graph)) return node
    return {
      label: node.label,
      opType: 'Function',
      domain: 'assay',
      inputs: [source],
      outputs: [result],
      attributes: new Map(),
      body,
    }
  })
  return { ...graph, nodes }
}

/** For each value that is a function of one other value: that value. */
function findSources(graph: FloatGraph): ReadonlyMap<string, string> {
  const sources = new Map<string, string>()
  for (const node of graph.nodes) {
    const [result = ''] = node.outputs
    if (node.outputs.length !== 1 || scalarFunction(node) === undefined || graph.values.get(result)?.kind !== 'float')
      continue
    const operands = node.inputs.filter((name) => name !== '' && !graph.constants.has(name))
    const constants = node.inputs.filter((name) => graph.constants.has(name))
    if (constants.some((name) => shapeSize(graph.constants.get(name)?.shape ?? []) !== 1)) continue
    const roots = new Set(operands.map((name) => sources.get(name) ?? name))
    const [root] = roots
    const sameShape = root !== undefined && shapeEquals(shapeOf(graph, root), shapeOf(graph, result))
    if (roots.size === 1 && sameShape && graph.values.get(root)?.kind === 'float') sources.set(result, root)
  }
  return sources
}

function shapeOf(graph: FloatGraph, name: string): readonly number[] {
  return graph.values.get(name)?.shape ?? []
}

function readersOf(graph: FloatGraph): ReadonlyMap<string, readonly FloatNode[]> {
  const readers = new Map<string, FloatNode[]>()
  for (const node of graph.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  return readers
}

/** The nodes between a source and a result, in order. */
function bodyOf(result: string, source: string, makers: ReadonlyMap<string, FloatNode>): FloatNode[] {
  const found = new Set<FloatNode>()
  const visit = (name: string): void => {
    const maker = name === source ? undefined : makers.get(name)
    if (maker === undefined || found.has(maker) || found.size > MAX_BODY) return
    for (const input of maker.inputs) visit(input)
    found.add(maker)
  }
  visit(result)
  return [...found]
}

/** Whether a body does more than scale, shift and clip. A product or quotient with a constant scales. */
function needsTable(body: readonly FloatNode[], graph: FloatGraph): boolean {
  return body.some(({ opType, inputs }) => {
    if (opType === 'Max' || opType === 'Min' || opType === 'Add' || opType === 'Sub' || opType === 'Sum') {
      return inputs.filter((name) => !graph.constants.has(name)).length > 1
    }
    if (PIECEWISE_LINEAR.has(opType)) return false
    const scales =
      opType === 'Mul' ? inputs.some((name) => graph.constants.has(name)) : graph.constants.has(inputs[1] ?? '')
    return !(scales && (opType === 'Mul' || opType === 'Div'))
  })
}
