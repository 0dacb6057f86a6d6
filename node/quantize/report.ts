import { addNoise, decibels, type Measurement, type Noise } from './measure.ts'
import type { Precision } from './precision.ts'
import type { QuantisedModel } from './quantise-graph.ts'
import type { CalibratedModel } from './quantise-model.ts'

/** How well one value of the float model is kept. */
export interface LayerReport {
  /** The node that makes the value, and its operator. */
  readonly layer: string
  readonly operator: string
  /** Signal to noise in dB; null where there is no noise at all. */
  readonly decibels: number | null
  readonly weightBits: number
  readonly operandBits: number
}

/** How well one output of the model is kept, over all samples. */
export interface OutputReport {
  readonly name: string
  /** Signal to noise in dB; null where there is no noise at all. */
  readonly decibels: number | null
  /** The real value of one step of a lane. */
  readonly step: number
}

/** What quantising did to a model: one JSON document. */
export interface QuantiseReport {
  readonly preset: string
  readonly samples: { readonly calibration: number; readonly measured: number }
  readonly ops: number
  readonly constantBytes: number
  readonly outputs: readonly OutputReport[]
  /** Of all float outputs together, in dB; null where there is no noise at all. */
  readonly decibels: number | null
  /** Of rows of the first output: on how many float and exact choose the same, in per cent. */
  readonly top1AgreementPercent: number
  /** Right answers in per cent, where labels were given. */
  readonly accuracy?: { readonly samples: number; readonly floatPercent: number; readonly exactPercent: number }
  /** The noisiest values, worst first. */
  readonly worst: readonly LayerReport[]
  /** Every value that the exact graph holds, in the order of the model. */
  readonly layers: readonly LayerReport[]
}

const WORST = 10

/** What a report is made from. */
export interface ReportInputs {
  readonly preset: string
  readonly calibrated: CalibratedModel
  readonly model: QuantisedModel
  readonly measurement: Measurement
  precisionOf(output: string): Precision
  /** The right class of each measured row. */
  readonly labels: ArrayLike<number> | undefined
}

/** Makes the report of one quantised model. */
export function reportOn(inputs: ReportInputs): QuantiseReport {
  const { preset, calibrated, model, measurement, labels } = inputs
  const layers = layersOf(inputs)
  const noises = outputNoises(calibrated, measurement)
  const choices = chooseAll(calibrated, measurement)
  return {
    preset,
    samples: { calibration: calibrated.samples.length, measured: measurement.answers.length },
    ops: model.graph.ops.length,
    constantBytes: model.graph.constants.reduce((sum, { data }) => sum + data.byteLength, 0),
    outputs: noises.map(({ name, noise }) => ({
      name,
      decibels: finite(decibels(noise)),
      step: model.outputSteps[calibrated.graph.outputs.indexOf(name)] ?? 1,
    })),
    decibels: finite(decibels(wholeNoise(calibrated, measurement))),
    top1AgreementPercent: percent(choices.float, choices.exact),
    ...(labels === undefined ? {} : { accuracy: accuracyOf(choices, labels) }),
    worst: [...layers].sort((a, b) => (a.decibels ?? Infinity) - (b.decibels ?? Infinity)).slice(0, WORST),
    layers,
  }
}

const SILENCE: Noise = { signal: 0, noise: 0 }

/** Signal and noise of all float outputs together. */
export function wholeNoise(calibrated: CalibratedModel, measurement: Measurement): Noise {
  return outputNoises(calibrated, measurement).reduce(
    (sum, { noise }) => ({ signal: sum.signal + noise.signal, noise: sum.noise + noise.noise }),
    SILENCE,
  )
}

function outputNoises({ graph }: CalibratedModel, { answers }: Measurement): { name: string; noise: Noise }[] {
  return graph.outputs.flatMap((name, index) => {
    if (graph.values.get(name)?.kind !== 'float') return []
    const noise = answers.reduce<Noise>(
      (sum, { float, exact }) => addNoise(sum, float[index] ?? [], exact[index] ?? [], 1),
      SILENCE,
    )
    return [{ name, noise }]
  })
}

function layersOf({ calibrated, measurement, precisionOf }: ReportInputs): LayerReport[] {
  const makers = new Map(calibrated.graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  return [...measurement.values].flatMap(([name, noise]) => {
    const maker = makers.get(name)
    if (maker === undefined) return []
    const { weightBits, operandBits } = precisionOf(maker.outputs[0] as string)
    return [{ layer: maker.label, operator: maker.opType, decibels: finite(decibels(noise)), weightBits, operandBits }]
  })
}

interface Choices {
  readonly float: readonly number[]
  readonly exact: readonly number[]
}

/** What the first output chooses in each row of its last axis: the greatest lane; of a single lane, whether it is above a half; of integers, themselves. */
function chooseAll({ graph }: CalibratedModel, { answers }: Measurement): Choices {
  const { kind = 'float', shape = [] } = graph.values.get(graph.outputs[0] ?? '') ?? {}
  const width = shape.at(-1) ?? 1
  const choose = (data: ArrayLike<number> = []): number[] => {
    const values = Array.from(data)
    if (kind !== 'float') return values
    if (width === 1) return values.map((value) => (value > 0.5 ? 1 : 0))
    return Array.from({ length: values.length / width }, (_, row) => {
      const lanes = values.slice(row * width, (row + 1) * width)
      return lanes.indexOf(Math.max(...lanes))
    })
  }
  return {
    float: answers.flatMap(({ float }) => choose(float[0])),
    exact: answers.flatMap(({ exact }) => choose(exact[0])),
  }
}

function accuracyOf({ float, exact }: Choices, labels: ArrayLike<number>) {
  return { samples: labels.length, floatPercent: percent(float, labels), exactPercent: percent(exact, labels) }
}

function percent(choices: readonly number[], right: ArrayLike<number>): number {
  const hits = choices.filter((choice, i) => choice === right[i]).length
  return (100 * hits) / Math.max(choices.length, 1)
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
