import { exportOnnx } from '../exact/export/export-onnx.ts'
import { choosePreciseNodes, mixedPrecision } from './auto-precision.ts'
import type { Sample } from './calibration/calibrate.ts'
import type { Dimensions } from './dimensions.ts'
import type { OpenExactSession } from './exact-session.ts'
import type { FloatNode } from './float-graph.ts'
import type { OpenFloatSession } from './float-session.ts'
import { interfaceLabels } from './interface-labels.ts'
import { measure } from './measure.ts'
import { PRECISIONS, type Precision, type Preset } from './precision.ts'
import { refuse } from './quantise-error.ts'
import { handlerOf, type QuantisedModel } from './quantise-graph.ts'
import { type CalibratedModel, calibrateModel, quantiseWith, type ReadSamples } from './quantise-model.ts'
import { type QuantiseReport, reportOn, wholeNoise } from './report.ts'

/** What is to be quantised, and how well. */
export interface QuantiseRequest {
  readonly file: Uint8Array
  readonly dimensions: Dimensions
  readonly calibration: ReadSamples
  /** Samples that the report measures; without it those of the calibration. */
  readonly evaluation?: ReadSamples
  /** The right class of each measured sample (or row of it). */
  readonly labels?: ArrayLike<number>
  readonly preset: Preset
  /** Of preset `auto`: least signal to noise of the outputs, in dB. */
  readonly targetDecibels: number
}

/** What runs models, and who is told how the work goes. */
export interface QuantiseDeps {
  readonly openFloat: OpenFloatSession
  readonly openExact: OpenExactSession
  /** Called with one line for people, often. */
  tell(line: string): void
}

/** A quantised model and what is known of it. */
export interface QuantiseResult {
  /** The exact ONNX file. */
  readonly onnx: Uint8Array
  readonly model: QuantisedModel
  readonly report: QuantiseReport
}

/** Samples that `auto` judges each layer by, and the whole model. */
const JUDGED_SAMPLES = { few: 8, many: 128 }

/**
 * Quantises a float ONNX file and measures the result.
 * @throws ImportError, QuantiseError naming what was wrong and the mend.
 */
export async function quantise(request: QuantiseRequest, deps: QuantiseDeps): Promise<QuantiseResult> {
  const { file, dimensions, calibration, preset } = request
  const calibrated = await calibrateModel(file, dimensions, calibration, deps.openFloat, (done, total) =>
    deps.tell(`calibrating: sample ${done} of ${total}`),
  )
  try {
    const evaluation = request.evaluation?.(calibrated.inputs) ?? calibrated.samples
    requireLabels(calibrated, evaluation, request.labels)
    const precisionOf = await choosePrecision(request, calibrated, deps)
    const model = quantiseWith(calibrated, precisionOf)
    const measurement = await measure(calibrated, model, evaluation, deps.openExact, (done, total) =>
      deps.tell(`measuring: sample ${done} of ${total}`),
    )
    const byResult = new Map(calibrated.graph.nodes.map((node) => [node.outputs[0] as string, node]))
    const report = reportOn({
      preset,
      calibrated,
      model,
      measurement,
      labels: request.labels,
      precisionOf: (result) => precisionOf(byResult.get(result)),
    })
    return { onnx: exportModel(calibrated, model), model, report }
  } finally {
    await calibrated.floats.close()
  }
}

async function choosePrecision(
  { preset, targetDecibels }: QuantiseRequest,
  calibrated: CalibratedModel,
  { openExact, tell }: QuantiseDeps,
): Promise<(node: FloatNode | undefined) => Precision> {
  if (preset !== 'auto') return () => PRECISIONS[preset]
  const { graph, samples } = calibrated
  const candidates = graph.nodes.filter((node) =>
    node.inputs.some((_, index) => ['operand', 'index'].includes(handlerOf(node).uses(node, index, graph))),
  )
  const precise = await choosePreciseNodes(
    candidates,
    targetDecibels,
    async (names, amount) => {
      const judged = spread(samples, JUDGED_SAMPLES[amount])
      const model = quantiseWith(calibrated, mixedPrecision(names))
      return wholeNoise(calibrated, await measure(calibrated, model, judged, openExact))
    },
    tell,
  )
  return mixedPrecision(precise)
}

/** At most `count` entries, evenly spread. */
function spread<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count)
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[Math.floor(i * step)] as T)
}

function requireLabels(
  { graph }: CalibratedModel,
  samples: readonly Sample[],
  labels: ArrayLike<number> | undefined,
): void {
  if (labels === undefined) return
  const { kind, shape = [] } = graph.values.get(graph.outputs[0] ?? '') ?? {}
  const lanes = shape.reduce((a, b) => a * b, 1)
  const rows = samples.length * (kind === 'float' ? lanes / (shape.at(-1) ?? 1) : lanes)
  if (labels.length === rows) return
  refuse(
    'QuantiseData',
    `${labels.length} labels are given for ${rows} answers of output ${graph.outputs[0]}: give one each`,
  )
}

function exportModel(calibrated: CalibratedModel, model: QuantisedModel): Uint8Array {
  return exportOnnx(model.graph, {
    inputs: calibrated.graph.inputs,
    outputs: calibrated.graph.outputs,
    ops: model.labels,
    labels: interfaceLabels(calibrated, model),
  })
}
