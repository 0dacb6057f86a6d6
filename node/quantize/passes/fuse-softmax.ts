import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import { shapeEquals } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatGraph, type FloatNode } from '../float-graph.ts'
import { editGraph, type GraphEditor } from './graph-editor.ts'
import { eitherWay, type GraphIndex, indexGraph } from './graph-index.ts'
import { createMaskReader, type Kept, type MaskReader } from './masks.ts'

/** Scores before anything masked them. */
interface Unmasked {
  readonly scores: string
  readonly kept: Kept
  readonly bias?: string
}

interface Parts {
  readonly graph: FloatGraph
  readonly index: GraphIndex
  readonly editor: GraphEditor
  readonly masks: MaskReader
}

/** What is at or below this says that a score takes no part. */
const MASKED = -1000

/**
 * Takes masks out of scores, and weighs values with softmax in one node:
 * - a Softmax of masked scores becomes `assay:MaskedSoftmax` of the scores, a boolean of the lanes that take part, and a constant addend. No value with
 *   −∞ or −10,000 in it is left, to be calibrated or rounded;
 * - a MatMul that a Softmax over the last axis feeds becomes `assay:SoftmaxMatMul` of scores, values, lanes that take part, and addend.
 */
export function fuseSoftmax(graph: FloatGraph): FloatGraph {
  const index = indexGraph(graph)
  const editor = editGraph(graph)
  const parts = { graph, index, editor, masks: createMaskReader(graph, index, editor) }
  for (const node of graph.nodes) {
    if (node.opType === 'Softmax' && node.domain === '') replaceSoftmax(parts, node)
    else if (isGuard(parts, node)) editor.replace(node, { ...node, opType: 'Identity', inputs: [guarded(node)] })
  }
  return editor.finish()
}

function replaceSoftmax(parts: Parts, node: FloatNode): void {
  const { graph, index, editor } = parts
  const [masked = ''] = node.inputs
  const [result = ''] = node.outputs
  const { scores, kept, bias = '' } = unmask(parts, masked) ?? { scores: masked, kept: 'all' }
  const mask = kept === 'all' || kept === 'none' ? '' : kept
  const axis = attributeOf(node, 'axis', 'int') ?? (graph.opset < 13 ? 1 : -1)
  const rank = editor.value(masked).shape.length
  const isLast = axis === -1 || axis === rank - 1
  const fused = { ...node, domain: 'assay' }
  const attributes = new Map<string, OnnxAttribute>([['axis', { type: 'int', value: axis }]])
  editor.replace(node, { ...fused, opType: 'MaskedSoftmax', inputs: [scores, mask, bias], attributes })
  if (!isLast) return
  for (const name of [result, ...guards(parts, result)]) {
    for (const product of index.readers(name)) {
      const [left, values = ''] = product.inputs
      if (product.opType !== 'MatMul' || left !== name || values === name || graph.constants.has(values)) continue
      const inputs = [scores, values, mask, bias]
      editor.replace(product, { ...product, domain: 'assay', opType: 'SoftmaxMatMul', inputs })
    }
  }
}

/** Follows scores back to before any mask; undefined where there is none. */
function unmask(parts: Parts, name: string): Unmasked | undefined {
  const node = parts.index.maker(name, 'Add', 'Where', 'Max', 'Reshape')
  if (node === undefined) return undefined
  if (node.opType === 'Add') return unmaskSum(parts, node)
  if (node.opType === 'Where') return unmaskChoice(parts, node)
  if (node.opType === 'Reshape') return unmaskReshaped(parts, node)
  const [first = '', second] = node.inputs
  return (parts.index.number(second) ?? 0) <= MASKED ? unmask(parts, first) : undefined
}

function unmaskSum(parts: Parts, node: FloatNode): Unmasked | undefined {
  for (const [scores, addend] of eitherWay(node)) {
    const mask = parts.graph.constants.has(scores) ? undefined : parts.masks.read(addend)
    if (mask === undefined || mask.kept === 'none' || !keepsShape(parts, node, scores)) continue
    const inner = unmask(parts, scores) ?? { scores, kept: 'all' as const }
    if (inner.bias !== undefined && mask.bias !== undefined) continue
    return { ...inner, ...mask, kept: parts.masks.both(inner.kept, mask.kept), scores: inner.scores }
  }
  return undefined
}

function unmaskChoice(parts: Parts, node: FloatNode): Unmasked | undefined {
  const { masks } = parts
  const [condition = '', a = '', b = ''] = node.inputs
  const [isMasked, scores] = [masks.read(a)?.kept === 'none', masks.read(b)?.kept === 'none' ? a : b]
  if (!isMasked && scores === b) return undefined
  if (parts.graph.constants.has(scores) || !keepsShape(parts, node, scores)) return undefined
  const inner = unmask(parts, scores) ?? { scores, kept: 'all' as const }
  return { ...inner, kept: masks.both(inner.kept, isMasked ? masks.opposite(condition) : condition) }
}

/** Scores that were given another shape after they were masked: the mask is given it, too. */
function unmaskReshaped(parts: Parts, node: FloatNode): Unmasked | undefined {
  const { editor, masks } = parts
  const [masked = ''] = node.inputs
  const [result = ''] = node.outputs
  const [before, after] = [editor.value(masked).shape, editor.value(result).shape]
  const inner = before.at(-1) === after.at(-1) ? unmask(parts, masked) : undefined
  if (inner === undefined || inner.bias !== undefined) return undefined
  const scores = editor.add(
    { opType: 'Reshape', inputs: [inner.scores, node.inputs[1] as string], wanted: `${result}/scores` },
    { kind: 'float', shape: after, rangeOf: inner.scores },
  )
  if (inner.kept === 'all' || inner.kept === 'none') return { scores, kept: inner.kept }
  const shape = editor.constant(`${result}/shape`, {
    kind: 'integer',
    shape: [before.length],
    data: Float64Array.from(before),
  })
  const whole = editor.add(
    { opType: 'Expand', inputs: [inner.kept, shape], wanted: `${result}/whole` },
    { kind: 'boolean', shape: before },
  )
  return { scores, kept: masks.move(node, whole) }
}

function keepsShape({ editor }: Parts, node: FloatNode, name: string): boolean {
  return shapeEquals(editor.value(name).shape, editor.value(node.outputs[0] as string).shape)
}

/** Whether a node only replaces what is not a number in a softmax: rows without any lane, which are defined here. */
function isGuard({ index }: Parts, node: FloatNode): boolean {
  if (node.opType !== 'Where') return false
  const test = index.maker(node.inputs[0] ?? '', 'IsNaN')
  return test?.inputs[0] === node.inputs[2] && index.maker(guarded(node), 'Softmax') !== undefined
}

const guarded = (node: FloatNode) => node.inputs[2] as string

/** What a softmax is called after such guards. */
function guards(parts: Parts, name: string): string[] {
  return parts.index.readers(name).flatMap((node) => (isGuard(parts, node) ? (node.outputs as string[]) : []))
}
