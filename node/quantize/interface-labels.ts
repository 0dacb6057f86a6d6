import type { FloatGraph } from './float-graph.ts'
import { columnsOf, type PerLane } from './per-lane.ts'
import type { QuantisedModel } from './quantise-graph.ts'
import type { CalibratedModel } from './quantise-model.ts'

/** Columns that are described one by one. */
const MAX_COLUMNS = 4096

/**
 * What the lanes of inputs and outputs mean, as `assay.label.*` of an exact file (models/README.md): steps, the range that inputs are clipped to.
 */
export function interfaceLabels(
  { graph, inputs, specs, ranges }: CalibratedModel,
  model: QuantisedModel,
): Record<string, string> {
  const labels: Record<string, string> = {}
  inputs.forEach(({ name, kind, shape }, index) => {
    const { step = 1 } = specs[index] ?? {}
    const range = kind === 'float' ? 'clip' : 'strict'
    const steps = stepLabels(step, shape.at(-1) ?? 1)
    const { lo = 0, hi = 0 } = ranges.get(name) ?? {}
    const seen = kind === 'float' && 'step' in steps ? { min: realText(lo), max: realText(hi) } : {}
    labels[`input.${name}`] = JSON.stringify({ ...steps, ...seen, range })
  })
  graph.outputs.forEach((name, index) => {
    if (graph.values.get(name)?.kind !== 'float') return
    const step = realText(model.outputSteps[index] ?? 1)
    labels[`output.${name}`] = JSON.stringify({ step, ...kindLabel(graph, name) })
  })
  return labels
}

function stepLabels(step: PerLane, columns: number): object {
  const steps = columnsOf(step, columns)
  if (typeof step === 'number' || steps === undefined || columns > MAX_COLUMNS) {
    return { step: realText(typeof step === 'number' ? step : 1) }
  }
  return { columns: Array.from(steps, (own, i) => ({ name: `column ${i}`, step: realText(own) })) }
}

/** The results of a softmax are probabilities of the classes along its axis. */
function kindLabel(graph: FloatGraph, name: string): object {
  const maker = graph.nodes.find(({ outputs }) => outputs.includes(name))
  if (maker?.opType !== 'Softmax') return {}
  const axis = maker.attributes.get('axis')
  return { kind: 'probabilities', axis: axis?.type === 'int' ? axis.value : -1 }
}

/** A real number as labels write it: powers of two as such, others in their shortest decimals. */
export function realText(value: number): string {
  const exponent = Math.log2(value)
  if (Number.isInteger(exponent) && Math.abs(exponent) > 3) return `2^${exponent}`
  const [digits = '0', power = '0'] = String(value).split('e')
  if (power === '0') return digits
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.')
  const places = Number(power)
  const text =
    places < 0 ? `0.${'0'.repeat(-places - 1)}${whole}${fraction}` : `${whole}${fraction.padEnd(places, '0')}`
  return value < 0 ? `-${text}` : text
}
