import type { ExactGraph, GraphInput, GraphOutput, ValueId } from '../exact/graph.ts'
import { createGraphBuilder, type GraphBuilder } from '../exact/import/graph-builder.ts'
import { laneBytesFor } from '../exact/tensor-data.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import type { FloatGraph, FloatNode } from './float-graph.ts'
import { type Interval, type Quantised, UNLIMITED, type View, viewOf } from './formats.ts'
import type { FloatOpHandler, NodeContext } from './handler.ts'
import { HANDLERS } from './handlers.ts'
import { createLaneBuilder, type LaneBuilder } from './lane-builder.ts'
import type { PerLane } from './per-lane.ts'
import { type Plan, planFormats } from './plan.ts'
import type { Precision } from './precision.ts'
import { QuantiseError, refuse } from './quantise-error.ts'
import { materialise } from './recipes/materialise.ts'
import { quantiserRefusal } from './refused-operators.ts'
import { createValueFormats, formatAt, type ValueFormats } from './value-formats.ts'

/** What callers send for an input: integers that stand for `step · lane` (a step for each column: a table of the last axis). */
export interface InputSpec extends Omit<GraphInput, 'shape'> {
  readonly step: PerLane
}

/** What a model is quantised with. */
export interface QuantiseOptions {
  /** Calibrated range of every float value, constants included. */
  readonly ranges: ReadonlyMap<string, Interval>
  /** One for each input of the model, in order. */
  readonly inputs: readonly InputSpec[]
  /** Precision of a node; of the model as a whole for `undefined`. */
  precisionOf(node: FloatNode | undefined): Precision
}

/** A float value in the finished graph. */
export interface QuantisedValue {
  /** The value's lanes; undefined where nothing needs them in this form. */
  readonly id: ValueId | undefined
  readonly step: number
}

/** A model in integers. */
export interface QuantisedModel {
  readonly graph: ExactGraph
  /** For each op of the graph, the label of the float node that it comes from. */
  readonly labels: readonly string[]
  /** The step of each output's lanes, in order; 1 for integers. */
  readonly outputSteps: readonly number[]
  /** The formats that each float value was held in over its whole range, the finest first. */
  readonly values: ReadonlyMap<string, readonly QuantisedValue[]>
}

/** The handler of a node. @throws QuantiseError `QuantiseUnsupported` naming the node and its operator. */
export function handlerOf(node: FloatNode): FloatOpHandler {
  const key = node.domain === '' ? node.opType : `${node.domain}:${node.opType}`
  const found = HANDLERS.get(key)
  if (found !== undefined) return found
  const reason = quantiserRefusal(key)
  const because = reason === undefined ? ' yet' : `: ${reason}`
  return refuse('QuantiseUnsupported', `${node.label}: operator ${key} has no exact form${because}`)
}

/**
 * Builds the ExactGraph of a float graph: plans formats, then adds each node's ops in order, checked as it grows.
 * @throws QuantiseError; InvalidError when the graph leaves the caps of consensus.
 */
export function quantiseGraph(graph: FloatGraph, options: QuantiseOptions): QuantisedModel {
  const { ranges, precisionOf } = options
  const plan = planFormats({ graph, ranges, precisionOf, handlerOf })
  const builder = createGraphBuilder(constantLanes(graph))
  const formats = createValueFormats(graph, plan)
  graph.inputs.forEach((name, index) => {
    const shape = graph.values.get(name)?.shape ?? []
    const { step, laneBytes, lo, hi } = options.inputs[index] as InputSpec
    const id = builder.addInput({ shape, laneBytes, lo, hi })
    formats.define(name, { id, step, offset: 0, limits: UNLIMITED })
  })
  for (const node of graph.nodes) {
    explain(node.label, () => {
      const lanes = createLaneBuilder(builder, node.label)
      handlerOf(node).run(contextOf({ graph, plan, formats, lanes, precision: precisionOf(node) }, node))
    })
  }
  const results = graph.outputs.map((name) =>
    explain(`output ${name}`, () => outputOf(graph, plan, formats, builder, name)),
  )
  const built = builder.finish(results.map(({ output }) => output))
  const values = new Map(
    [...graph.values.keys()].map((name) => {
      const held = formats.made(name).map(({ id, step }) => ({ id: built.idOf(id), step }))
      return [name, held.sort((a, b) => a.step - b.step)]
    }),
  )
  return { graph: built.graph, labels: built.labels, outputSteps: results.map(({ step }) => step), values }
}

/** Lanes that the rules may read: each constant may appear at several steps. */
function constantLanes(graph: FloatGraph): number {
  return 2 * [...graph.constants.values()].reduce((sum, { data }) => sum + data.length, 0)
}

/** A result of the model. Its lanes are those of the op that made it, or of one more where an input is passed through. */
function outputOf(
  graph: FloatGraph,
  plan: Plan,
  formats: ValueFormats,
  builder: GraphBuilder,
  name: string,
): { readonly output: GraphOutput; readonly step: number } {
  const lanes = createLaneBuilder(builder, `output ${name}`)
  const isFloat = graph.values.get(name)?.kind === 'float'
  const found = isFloat
    ? formats.format(lanes, name, plan.format(name, plan.widths(name).at(-1) as number))
    : formats.exact(lanes, name)
  const { constant, terms } = builder.value(found.id)
  if (constant !== undefined) refuse('QuantiseModel', 'is a constant: no inference is needed')
  const value = terms === undefined ? lanes.add({ kind: 'reshape', inputs: [found.id], shape: found.shape }) : found.id
  return { output: { value, laneBytes: laneBytesFor(found) }, step: found.step }
}

interface Building {
  readonly graph: FloatGraph
  readonly plan: Plan
  readonly formats: ValueFormats
  readonly lanes: LaneBuilder
  readonly precision: Precision
}

function contextOf({ graph, plan, formats, lanes, precision }: Building, node: FloatNode): NodeContext {
  const handler = handlerOf(node)
  const operandName = (index: number) =>
    node.inputs[index] || refuse('QuantiseModel', `operand ${index} of ${node.opType} is missing`)
  const resultName = (index: number) => node.outputs[index] as string
  const factsOf = (name: string) => {
    const found = graph.values.get(name)
    if (found === undefined) throw new BugError(`nothing is known of the value ${name}`)
    return found
  }
  const primary = (name: string) => plan.format(name, plan.widths(name).at(-1) as number)
  return {
    ...lanes,
    node,
    graph,
    plan,
    precision,
    operandValue: (index) => factsOf(operandName(index)),
    resultValue: (index = 0) => factsOf(resultName(index)),
    has: (index) => (node.inputs[index] ?? '') !== '',
    constant: (index) => graph.constants.get(node.inputs[index] ?? ''),
    quantised(index) {
      const name = operandName(index)
      if (factsOf(name).kind !== 'float') return formats.exact(lanes, name)
      const use = handler.uses(node, index, graph)
      const bits = use === 'operand' ? precision.operandBits : use === 'index' ? precision.indexBits : undefined
      if (use === 'same') return formats.format(lanes, name, formatAt(plan, name, primary(resultName(0)).step))
      return formats.format(lanes, name, bits === undefined ? primary(name) : plan.format(name, bits))
    },
    at: (index, step) => formats.format(lanes, operandName(index), formatAt(plan, operandName(index), step)),
    rounded: (index, format) => formats.format(lanes, operandName(index), format),
    view: (index) => formats.view(lanes, operandName(index)),
    target: (index = 0) => primary(resultName(index)),
    materialise: (view, format) => materialise(lanes, view, format),
    define: (value, index = 0) => formats.define(resultName(index), isView(value) ? value : viewOf(value)),
  }
}

function isView(value: View | Quantised): value is View {
  return 'limits' in value
}

/** Names the node in what is thrown. */
function explain<T>(label: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    const code = error instanceof QuantiseError ? error.code : 'QuantiseUnsupported'
    throw new QuantiseError(code, `${label}: ${error.message}`, { cause: error, meta: error.meta })
  }
}
