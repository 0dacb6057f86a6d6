import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import { shapeEquals } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatGraph, type FloatNode } from '../float-graph.ts'
import { reducedAxes } from '../ops/reductions.ts'
import { eitherWay, type GraphIndex, indexGraph } from './graph-index.ts'

/** `x` less its mean (where centred) over the root of its mean square and ε. */
interface Normalised {
  readonly x: string
  readonly axes: readonly number[]
  readonly isCentred: boolean
  readonly epsilon: number
}

/**
 * Recognises layer normalisation and root-mean-square normalisation in parts (`ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div`, as
 * operator sets before 17 have it, and their like), with the gain and bias after them, as one `assay:Normalization` node of
 * operands x, gain, bias and attributes `axes`, `centred`, `epsilon`.
 */
export function fuseNormalisations(graph: FloatGraph): FloatGraph {
  const index = indexGraph(graph)
  const replaced = new Map<FloatNode, FloatNode>()
  for (const node of graph.nodes) {
    const found = matchNormalised(graph, index, node)
    if (found === undefined) continue
    const gained = affineReader(graph, index, node, 'Mul')
    const biased = affineReader(graph, index, gained?.node ?? node, 'Add')
    const last = biased?.node ?? gained?.node ?? node
    replaced.set(last, {
      label: last.label,
      opType: 'Normalization',
      domain: 'assay',
      inputs: [found.x, gained?.constant ?? '', biased?.constant ?? ''],
      outputs: last.outputs,
      attributes: attributesOf(found),
    })
  }
  return { ...graph, nodes: graph.nodes.map((node) => replaced.get(node) ?? node) }
}

function attributesOf({ axes, isCentred, epsilon }: Normalised): ReadonlyMap<string, OnnxAttribute> {
  return new Map<string, OnnxAttribute>([
    ['axes', { type: 'ints', value: axes }],
    ['centred', { type: 'int', value: isCentred ? 1 : 0 }],
    ['epsilon', { type: 'float', value: epsilon }],
  ])
}

/** The only reader of a node's result, where it multiplies by or adds a constant that does not broadcast it. */
function affineReader(
  graph: FloatGraph,
  index: GraphIndex,
  node: FloatNode,
  opType: 'Mul' | 'Add',
): { readonly node: FloatNode; readonly constant: string } | undefined {
  const result = node.outputs[0] as string
  const reader = index.onlyReader(result)
  if (reader?.opType !== opType || reader.domain !== '') return undefined
  const constant = reader.inputs.find((name) => name !== result) ?? ''
  const [before, after] = [result, reader.outputs[0] as string].map((name) => graph.values.get(name)?.shape ?? [])
  const isAffine = graph.constants.has(constant) && shapeEquals(before as number[], after as number[])
  return isAffine ? { node: reader, constant } : undefined
}

/** Matches `d / √(mean(d²) + ε)`, written as a quotient or as a product with the inverse. */
function matchNormalised(graph: FloatGraph, index: GraphIndex, node: FloatNode): Normalised | undefined {
  if (node.domain !== '') return undefined
  const [first = '', second = ''] = node.inputs
  if (node.opType === 'Div') return matchParts(graph, index, first, matchRoot(graph, index, second, 0.5))
  if (node.opType !== 'Mul') return undefined
  for (const [deviation, inverse] of eitherWay(node)) {
    const found = matchParts(graph, index, deviation, matchInverse(graph, index, inverse))
    if (found !== undefined) return found
  }
  return undefined
}

interface Root {
  /** What was squared. */
  readonly of: string
  readonly axes: readonly number[]
  readonly epsilon: number
}

function matchParts(
  graph: FloatGraph,
  index: GraphIndex,
  deviation: string,
  root: Root | undefined,
): Normalised | undefined {
  if (root?.of !== deviation) return undefined
  const { axes, epsilon } = root
  const difference = index.maker(deviation, 'Sub')
  const [x = '', mean = ''] = difference?.inputs ?? []
  const averaged = matchMean(graph, index, mean)
  const isCentred = averaged?.of === x && shapeEquals(averaged.axes, axes)
  return { x: isCentred ? x : deviation, axes, isCentred, epsilon }
}

/** Matches `1 / √(mean(d²) + ε)`. */
function matchInverse(graph: FloatGraph, index: GraphIndex, name: string): Root | undefined {
  const reciprocal = index.maker(name, 'Reciprocal')
  if (reciprocal !== undefined) return matchRoot(graph, index, reciprocal.inputs[0] ?? '', 0.5)
  const quotient = index.maker(name, 'Div')
  if (quotient !== undefined && index.number(quotient.inputs[0]) === 1) {
    return matchRoot(graph, index, quotient.inputs[1] ?? '', 0.5)
  }
  return matchRoot(graph, index, name, -0.5)
}

/** Matches `(mean(d²) + ε)^power`. */
function matchRoot(graph: FloatGraph, index: GraphIndex, name: string, power: number): Root | undefined {
  const root = index.maker(name, 'Sqrt', 'Pow')
  const isPower = root?.opType === 'Pow' ? index.number(root.inputs[1]) === power : power === 0.5
  if (root === undefined || !isPower) return undefined
  const [radicand = ''] = root.inputs
  const sum = index.maker(radicand, 'Add')
  if (sum === undefined) return matchMeanSquare(graph, index, radicand, 0)
  for (const [variance, epsilon] of eitherWay(sum)) {
    const value = index.number(epsilon)
    if (value !== undefined && value >= 0) return matchMeanSquare(graph, index, variance, value)
  }
  return undefined
}

function matchMeanSquare(graph: FloatGraph, index: GraphIndex, name: string, epsilon: number): Root | undefined {
  const mean = matchMean(graph, index, name)
  const square = mean && index.maker(mean.of, 'Pow', 'Mul')
  const [base = '', other = ''] = square?.inputs ?? []
  const isSquare = square?.opType === 'Pow' ? index.number(other) === 2 : base === other
  return mean !== undefined && square !== undefined && isSquare ? { of: base, axes: mean.axes, epsilon } : undefined
}

/** A mean that keeps its axes with extent 1. */
function matchMean(
  graph: FloatGraph,
  index: GraphIndex,
  name: string,
): { readonly of: string; readonly axes: readonly number[] } | undefined {
  const node = index.maker(name, 'ReduceMean')
  const [of = '', operand = ''] = node?.inputs ?? []
  const isStatic = operand === '' || graph.constants.has(operand)
  if (node === undefined || !isStatic || (attributeOf(node, 'keepdims', 'int') ?? 1) !== 1) return undefined
  const axes = reducedAxes(node, graph)
  return axes.length === 0 ? undefined : { of, axes }
}
