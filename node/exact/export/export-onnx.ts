import { InvalidError } from '../../protocol/errors.ts'
import { checkGraph } from '../check.ts'
import { createModelBuilder, type ModelBuilder } from '../emit/model-builder.ts'
import { encodeOnnxModel, type OnnxDtype, type OnnxValueInfo } from '../emit/onnx-writer.ts'
import type { CheckedGraph, ExactGraph, LaneBytes, OpKind } from '../graph.ts'
import type { OpOf } from '../ops.ts'
import type { ExportContext, ExportTask } from './export-context.ts'
import { exportConv, exportMatmul } from './export-contraction.ts'
import * as elementwise from './export-elementwise.ts'
import * as movement from './export-movement.ts'
import { exportArgmax, exportMaxPool, exportReduce, exportSumPool } from './export-pooling.ts'
import { createExportValues } from './export-values.ts'

/** Names and text of an exported file. Nothing here changes what it computes. */
export interface ExportOptions {
  /** Names of the inputs, in order. Default: `input0`, … */
  readonly inputs?: readonly string[]
  /** Names of the outputs, in order. Default: `output0`, … */
  readonly outputs?: readonly string[]
  /** For each op, what its nodes are called in tools (such as the layer that it comes from). */
  readonly ops?: readonly string[]
  /** Text for people, by the name after `assay.label.`: see models/README.md. */
  readonly labels?: Readonly<Record<string, string>>
}

/** The operator set that exported files are written against, and its IR version. */
const [EXPORT_OPSET, EXPORT_IR_VERSION] = [17, 8]
const LANE_DTYPES: Readonly<Record<LaneBytes, OnnxDtype>> = { 1: 'int8', 2: 'int16', 4: 'int32', 8: 'int64' }

type OpExporter<Kind extends OpKind> = (context: ExportContext, task: ExportTask<OpOf<Kind>>) => void

const EXPORTERS: { readonly [Kind in OpKind]: OpExporter<Kind> } = {
  add: elementwise.exportBinary,
  sub: elementwise.exportBinary,
  mul: elementwise.exportBinary,
  min: elementwise.exportBinary,
  max: elementwise.exportBinary,
  clip: elementwise.exportClip,
  'shift-left': elementwise.exportShiftLeft,
  'shift-right': elementwise.exportShiftRight,
  floordiv: elementwise.exportFloordiv,
  isqrt: elementwise.exportIsqrt,
  less: elementwise.exportCompare,
  equal: elementwise.exportCompare,
  select: elementwise.exportSelect,
  matmul: exportMatmul,
  conv: exportConv,
  'sum-pool': exportSumPool,
  'max-pool': exportMaxPool,
  'reduce-sum': exportReduce,
  'reduce-max': exportReduce,
  'reduce-min': exportReduce,
  argmax: exportArgmax,
  lookup: movement.exportLookup,
  'gather-elements': movement.exportLookup,
  reshape: movement.exportReshape,
  transpose: movement.exportTranspose,
  slice: movement.exportSlice,
  pad: movement.exportPad,
  concat: movement.exportConcat,
  expand: movement.exportExpand,
}

/**
 * Writes a graph as an exact ONNX file: standard operators (set 17), plain layouts, no quantised patterns, every value and partial sum
 * within its element type even where a runtime fuses nodes; so any runtime gives the reference's lanes, at any optimisation level.
 * Constants are stored in the narrowest integers and cast.
 *
 * `importOnnx` gives the same graph back, byte for byte, if it is one that the graph builder yields (no dead values, constants in
 * order of their first reader, nothing computed from constants alone, no reshape or expansion to the same shape), but for what ONNX
 * Runtime has no kernel for, which is exported as several ops: convolutions beyond 2^24 of more than bytes, sums over windows beyond
 * 2^24, and maxima over windows with padding as wide as the kernel; and quotients by a constant power of two come back as shifts.
 * @throws InvalidError of the check; `ExportName` where names are too few, repeated or empty.
 */
export function exportOnnx(graph: ExactGraph, options: ExportOptions = {}): Uint8Array {
  const checked = checkGraph(graph)
  const inputs = namesOf('input', graph.inputs.length, options.inputs)
  const outputs = namesOf('output', graph.outputs.length, options.outputs)
  requireDistinct([...inputs, ...outputs])
  const naming = createNodeNaming(options.ops ?? [])
  const model = createModelBuilder({ prefix: innerPrefix([...inputs, ...outputs]), nodeName: naming.next })
  addNodes(checked, model, naming, inputs, outputs)
  const built = model.build()
  const header = {
    irVersion: EXPORT_IR_VERSION,
    opsets: { '': EXPORT_OPSET },
    metadata: metadataOf(graph, inputs, outputs, options.labels ?? {}),
  }
  return encodeOnnxModel({ ...built, header })
}

function addNodes(
  checked: CheckedGraph,
  model: ModelBuilder,
  naming: NodeNaming,
  inputs: readonly string[],
  outputs: readonly string[],
): void {
  const { graph } = checked
  const values = createExportValues(checked, model)
  const context: ExportContext = { checked, model, values }
  const infoOf = (name: string, laneBytes: LaneBytes, id: number): OnnxValueInfo => ({
    name,
    dtype: LANE_DTYPES[laneBytes],
    shape: values.facts(id).shape,
  })
  graph.inputs.forEach(({ laneBytes }, id) => {
    const info = infoOf(inputs[id] as string, laneBytes, id)
    values.define(id, info.dtype, model.input(info))
  })
  const firstOp = graph.inputs.length + graph.constants.length
  graph.ops.forEach((op, index) => {
    naming.enter(index)
    const run = EXPORTERS[op.kind] as OpExporter<OpKind>
    run(context, { op, index, out: firstOp + index })
  })
  naming.enter(graph.ops.length)
  graph.outputs.forEach(({ value, laneBytes }, index) => {
    const info = infoOf(outputs[index] as string, laneBytes, value)
    const [held] = values.heldIn(value) as [OnnxDtype]
    model.output(info, values.operand(value, held))
  })
}

function metadataOf(
  graph: ExactGraph,
  inputs: readonly string[],
  outputs: readonly string[],
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries([
    ...graph.inputs.map(({ laneBytes, lo, hi }, i) => [
      `assay.input.${inputs[i]}`,
      JSON.stringify({ laneBytes, lo, hi }),
    ]),
    ...graph.outputs.map(({ laneBytes }, i) => [`assay.output.${outputs[i]}`, JSON.stringify({ laneBytes })]),
    ...Object.entries(labels).map(([name, text]) => [`assay.label.${name}`, text]),
  ])
}

function namesOf(what: string, count: number, given: readonly string[] | undefined): readonly string[] {
  const names = given ?? Array.from({ length: count }, (_, i) => `${what}${i}`)
  if (names.length === count) return names
  throw new InvalidError('ExportName', `${names.length} names are given for ${count} ${what}s`)
}

function requireDistinct(names: readonly string[]): void {
  names.forEach((name, i) => {
    if (name === '' || names.indexOf(name) !== i) {
      throw new InvalidError(
        'ExportName',
        `the name '${name}' is empty or given twice: every input and output needs its own`,
      )
    }
  })
}

/** Names the nodes of one op after another: its label and the operator, with a number where they repeat. */
interface NodeNaming {
  /** From here on, nodes are those of this op. */
  enter(index: number): void
  next(opType: string): string | undefined
}

function createNodeNaming(labels: readonly string[]): NodeNaming {
  const counts = new Map<string, number>()
  let label: string | undefined
  return {
    enter: (index) => {
      label = labels[index]
    },
    next(opType) {
      if (label === undefined) return undefined
      const name = `${label}/${opType}`
      const count = (counts.get(name) ?? 0) + 1
      counts.set(name, count)
      return count === 1 ? name : `${name}_${count}`
    },
  }
}

/** Starts the names of inner tensors: what no declared name starts with. */
function innerPrefix(names: readonly string[]): string {
  let prefix = '_'
  while (names.some((name) => name.startsWith(prefix))) prefix += '_'
  return prefix
}
