import { InvalidError } from '../../protocol/errors.ts'
import { checkGraph } from '../check.ts'
import type { ExactGraph, GraphOutput } from '../graph.ts'
import { tensorLiteral } from './constant-node.ts'
import { BOOL } from './dtypes.ts'
import { type BuiltGraph, createGraphBuilder, type GraphBuilder } from './graph-builder.ts'
import { nodeLabel, resolveGraph } from './graph-order.ts'
import { ImportError, type ImportErrorCode, refuse } from './import-error.ts'
import { declaredType, readInput, readOutput, requireDeclared, requireKnownNames, requireTensors } from './interface.ts'
import { createTracker } from './literal-tracker.ts'
import { addUnchecked, factsOf, type NodeContext, type Source } from './node-context.ts'
import { NODE_IMPORTERS } from './node-importers.ts'
import { type DecodeLimits, decodeOnnx } from './onnx-decoder.ts'
import type { OnnxModel, OnnxNode, OnnxValueInfo } from './onnx-model.ts'
import { REFUSED_OPERATORS } from './refused-operators.ts'

/** Operator sets of the default domain that exact files may be of. */
export const EXACT_OPSETS = { least: 13, most: 21 } as const

/** What an import knows while it goes through the file. */
interface Importing {
  readonly model: OnnxModel
  readonly opset: number
  readonly builder: GraphBuilder
  /** What each name stands for. */
  readonly sources: Map<string, Source>
  readonly track: NodeContext['track']
}

/**
 * Imports an exact ONNX file: proves that its arithmetic, in integer or float types, is integer arithmetic that never rounds,
 * overflows or wraps around, and returns it as a graph that `checkGraph` accepts. Initializers are constants even where
 * they are listed as inputs; nodes that no output needs are dropped.
 *
 * Cost: time and memory linear in the file, within the limits.
 * @throws ImportError naming the node, the bound that broke, the budget and the mend.
 */
export function importOnnx(bytes: Uint8Array, limits?: DecodeLimits): ExactGraph {
  const model = decodeOnnx(bytes, limits)
  const opset = model.opsets.get('') ?? refuse('OnnxUnsupported', 'the file names no operator set')
  if (opset < EXACT_OPSETS.least || opset > EXACT_OPSETS.most) {
    refuse('OnnxUnsupported', `operator set ${opset}: ${EXACT_OPSETS.least} to ${EXACT_OPSETS.most} are supported`)
  }
  const live = resolveGraph(model.graph)
  requireTensors(model)
  requireKnownNames(model)
  const builder = createGraphBuilder(bytes.length)
  const importing = { model, opset, builder, sources: new Map<string, Source>(), track: createTracker(builder) }
  const nodes = model.graph.nodes.filter((_, index) => live[index])
  const read = new Set([...nodes.flatMap((node) => node.inputs), ...model.graph.outputs.map(({ name }) => name)])
  defineConstants(importing, read)
  defineInputs(importing, read)
  importNodes(importing, live)
  const built = builder.finish(model.graph.outputs.map((info) => importOutput(importing, info)))
  requireChecked(built)
  return built.graph
}

function defineConstants({ model, sources }: Importing, read: ReadonlySet<string>): void {
  for (const tensor of model.graph.initializers) {
    if (read.has(tensor.name)) sources.set(tensor.name, tensorLiteral(tensor, tensor.name))
  }
}

function defineInputs({ model, builder, sources }: Importing, read: ReadonlySet<string>): void {
  const initialized = new Set(model.graph.initializers.map(({ name }) => name))
  for (const info of model.graph.inputs) {
    if (initialized.has(info.name)) continue
    if (!read.has(info.name)) refuse('OnnxGraphInvalid', `input ${info.name}: no output depends on it: remove it`)
    const id = explain(`input ${info.name}`, () => builder.addInput(readInput(info, model.metadata)))
    sources.set(info.name, { kind: 'tracked', id, dtype: declaredType(info), frac: 0 })
  }
}

function importNodes(importing: Importing, live: readonly boolean[]): void {
  const { graph } = importing.model
  const declared = new Map(graph.valueInfos.map((info) => [info.name, info]))
  graph.nodes.forEach((node, index) => {
    if (!live[index]) return
    const context = contextOf(importing, node, nodeLabel(node, index))
    explain(context.label, () => {
      importNode(context).forEach((result, index) => {
        const name = node.outputs[index] ?? ''
        const info = declared.get(name)
        if (info && result.kind === 'tracked') requireDeclared(context, info, result)
        if (name !== '') importing.sources.set(name, result)
      })
    })
  })
}

/** The node's outputs, in order; those that the file does not name may be missing. */
function importNode(context: NodeContext): readonly Source[] {
  const { node } = context
  if (node.domain !== '') refuse('OnnxUnsupported', `operators of the domain ${node.domain} are not supported`)
  const importer = NODE_IMPORTERS.get(node.opType)
  if (!importer) {
    const reason = REFUSED_OPERATORS.get(node.opType) ?? 'no exact integer form of it is known'
    return refuse('OnnxUnsupported', `operator ${node.opType} is not supported: ${reason}`)
  }
  const [least, most] = importer.operands
  const count = node.inputs.length
  if (count < least || count > most) refuse('OnnxGraphInvalid', `has ${count} operands, needs ${least} to ${most}`)
  for (const name of node.attributes.keys()) {
    if (!importer.attributes.includes(name)) refuse('OnnxUnsupported', `attribute ${name} is not supported`)
  }
  for (let index = 0; index < count && !importer.bools; index++) {
    if (context.source(index)?.dtype === BOOL)
      refuse('OnnxUnsupported', `operand ${index} is bool: cast it to a number`)
  }
  const result = importer.run(context)
  const results = Array.isArray(result) ? (result as readonly Source[]) : [result as Source]
  const missing = node.outputs.findIndex((name, index) => name !== '' && index >= results.length)
  if (missing >= 0) {
    const known = results.length === 1 ? 'output' : `${results.length} outputs`
    refuse('OnnxUnsupported', `output ${missing} is not supported: only the first ${known} of ${node.opType}`)
  }
  return results
}

function importOutput(importing: Importing, info: OnnxValueInfo): GraphOutput {
  const label = `output ${info.name}`
  return explain(label, () => {
    const context = contextOf(importing, { ...OUTPUT_NODE, inputs: [info.name] }, label)
    const source = importing.sources.get(info.name) as Source
    const { tensor, laneBytes } = readOutput(context, info, context.track(source), importing.model.metadata)
    const { constant, terms, shape } = factsOf(context, tensor)
    if (constant) refuse('OnnxGraphInvalid', 'is a constant: no inference is needed')
    // The outputs of an ExactGraph are results of ops: an input that is passed through takes one.
    const result =
      terms === undefined ? addUnchecked(context, { kind: 'reshape', inputs: [tensor.id], shape }, tensor) : tensor
    return { value: result.id, laneBytes }
  })
}

const OUTPUT_NODE: OnnxNode = { name: '', opType: '', domain: '', inputs: [], outputs: [], attributes: new Map() }

function contextOf({ opset, builder, sources, track }: Importing, node: OnnxNode, label: string): NodeContext {
  return { node, label, opset, builder, track, source: (index) => sources.get(node.inputs[index] || '') }
}

/** The caps on the whole graph, which no single node breaks. */
function requireChecked({ graph, labels }: BuiltGraph): void {
  try {
    checkGraph(graph)
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    const label = typeof error.meta.op === 'number' ? (labels[error.meta.op] ?? 'graph') : 'graph'
    explain(label, () => {
      throw error
    })
  }
}

/** Codes of the op rules and the check, by what they say about the file. */
const INEXACT = new Set([
  'AccumulatorTooLarge',
  'BoundTooLarge',
  'IndexOutOfBounds',
  'ClipInvalid',
  'ShiftInvalid',
  'DivisorInvalid',
  'RadicandInvalid',
  'ConditionInvalid',
  'OutputLaneTooNarrow',
])
const TOO_LARGE = /TooLarge$|TooMany$|TooCostly$|^CountInvalid$/

function explain<T>(label: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    throw new ImportError(importCode(error), `${label}: ${error.message}`, { cause: error, meta: error.meta })
  }
}

function importCode(error: InvalidError): ImportErrorCode {
  if (error instanceof ImportError) return error.code
  if (INEXACT.has(error.code)) return 'OnnxInexact'
  return TOO_LARGE.test(error.code) ? 'OnnxTooLarge' : 'OnnxShapeInvalid'
}
