import { checkGraph } from '../exact/check.ts'
import type { Tensor } from '../exact/graph.ts'
import { withOutputs } from '../exact/observed-graph.ts'
import { packData } from '../exact/tensor-data.ts'
import { feedsOf, type Progress, type Sample } from './calibration/calibrate.ts'
import type { OpenExactSession } from './exact-session.ts'
import type { FloatTensor } from './float-graph.ts'
import { columnsOf } from './per-lane.ts'
import type { InputSpec, QuantisedModel } from './quantise-graph.ts'
import type { CalibratedModel } from './quantise-model.ts'

/** How far the lanes of a value are from its float values, over all samples. */
export interface Noise {
  /** Σ signal² and Σ (signal − exact)². */
  readonly signal: number
  readonly noise: number
}

/** Signal to noise in decibels: infinite where there is no noise. */
export function decibels({ signal, noise }: Noise): number {
  return 10 * Math.log10(signal / noise)
}

/** A sample's answers: the float model's and the exact model's in real numbers, an array an output. */
export interface Answers {
  readonly float: readonly ArrayLike<number>[]
  readonly exact: readonly ArrayLike<number>[]
}

/** What a measurement saw. */
export interface Measurement {
  /** By name, for each float value that the exact graph holds, in the order of the graph. */
  readonly values: ReadonlyMap<string, Noise>
  /** One for each sample. */
  readonly answers: readonly Answers[]
}

/**
 * Runs samples through the float and the exact model and compares every value that both hold.
 * Memory: the values of one sample, and the outputs of all.
 */
export async function measure(
  { graph, inputs, specs, floats }: CalibratedModel,
  quantised: QuantisedModel,
  samples: readonly Sample[],
  open: OpenExactSession,
  progress: Progress = () => {},
): Promise<Measurement> {
  const checked = checkGraph(quantised.graph)
  const firstOp = checked.graph.inputs.length + checked.graph.constants.length
  const observed = [...quantised.values].flatMap(([name, forms]) => {
    const held = forms.find(({ id }) => id !== undefined && id >= firstOp)
    const value = graph.values.get(name)
    // A value that a pass invented is in no float model.
    return held === undefined || value?.kind !== 'float' || value.rangeOf !== undefined
      ? []
      : [{ name, ...held, id: held.id as number }]
  })
  const outputs = checked.graph.outputs.map(({ value }) => value)
  const session = await open(withOutputs(checked, [...outputs, ...observed.map(({ id }) => id)]))
  const wanted = [...new Set([...graph.outputs, ...observed.map(({ name }) => name)])]
  const values = new Map<string, Noise>()
  const answers: Answers[] = []
  try {
    for (const [done, sample] of samples.entries()) {
      const computed = await floats.run(
        feedsOf(inputs, sample),
        wanted.filter((name) => !graph.inputs.includes(name)),
      )
      const given = graph.inputs.map((name, i) => [name, sample[i] as FloatTensor] as const)
      const real = new Map([...computed, ...given])
      const lanes = await session.run(lanesOf(specs, sample))
      observed.forEach(({ name, step }, i) => {
        const { data = [] } = lanes[outputs.length + i] ?? {}
        values.set(name, addNoise(values.get(name), real.get(name)?.data ?? [], data, step))
      })
      answers.push({
        float: graph.outputs.map((name) => real.get(name)?.data ?? []),
        exact: quantised.outputSteps.map((step, i) => Float64Array.from(lanes[i]?.data ?? [], (lane) => lane * step)),
      })
      progress(done + 1, samples.length)
    }
  } finally {
    await session.close()
  }
  return { values, answers }
}

/** A sample in the fixed point that the exact model takes, clamped to its declared bounds. */
export function lanesOf(specs: readonly InputSpec[], sample: Sample): Tensor[] {
  return sample.map(({ shape, data }, index) => {
    const { step, lo, hi } = specs[index] as InputSpec
    const steps = columnsOf(step, shape.at(-1) ?? 1) ?? new Float64Array([1])
    const lanes = Float64Array.from(data, (x, i) =>
      Math.min(Math.max(Math.round(x / (steps[i % steps.length] as number)), lo), hi),
    )
    return { shape, data: packData(lanes) }
  })
}

/** Adds the noise of one tensor. Infinite float values (masks) count for nothing. */
export function addNoise(
  before: Noise = { signal: 0, noise: 0 },
  real: ArrayLike<number>,
  lanes: ArrayLike<number>,
  step: number,
): Noise {
  let { signal, noise } = before
  for (let i = 0; i < real.length; i++) {
    const value = real[i] as number
    if (Math.abs(value) > MASK || Number.isNaN(value)) continue
    signal += value * value
    noise += (value - (lanes[i] as number) * step) ** 2
  }
  return { signal, noise }
}

const MASK = 1e30
