import type { LaneBytes } from '../exact/graph.ts'
import { laneRange } from '../protocol/tensor-encoding.ts'
import type { Sample } from './calibration/calibrate.ts'
import type { FloatGraph } from './float-graph.ts'
import { rangeOf } from './per-lane.ts'
import type { InputSpec } from './quantise-graph.ts'
import type { FloatInput } from './read-float-model.ts'
import { alongAxis } from './recipes/weights.ts'

/** Decimal places that a column may have before a binary step is taken instead. */
const MAX_PLACES = 6
/** Columns that may have steps of their own. */
const MAX_COLUMNS = 4096
/** Integer bits of a lane whose step is binary, sign included, where twice the greatest value seen must fit. */
const BINARY_BITS = 16

/** The specs of all inputs, from what the samples hold. */
export function chooseInputSpecs(
  graph: FloatGraph,
  inputs: readonly FloatInput[],
  samples: readonly Sample[],
): InputSpec[] {
  return inputs.map((input, index) => {
    const columns = samples.map((sample) => sample[index]?.data ?? new Float32Array())
    return input.kind === 'float' ? floatSpec(input, columns) : integerSpec(graph, input, columns)
  })
}

/** Integers mean what they say: their range is strict, and what is outside reverts. */
function integerSpec(graph: FloatGraph, { name, kind }: FloatInput, samples: readonly ArrayLike<number>[]): InputSpec {
  const seen = kind === 'boolean' ? { lo: 0, hi: 1 } : rangeOfAll(samples)
  const indexed = graph.nodes
    .filter(({ opType, inputs }) => opType === 'Gather' && inputs[1] === name)
    .map(({ inputs, attributes }) => {
      const axis = attributes.get('axis')
      const shape = graph.values.get(inputs[0] ?? '')?.shape ?? []
      return shape.at(axis?.type === 'int' ? axis.value : 0) ?? 1
    })
  const { lo, hi } = indexed.length > 0 ? { lo: 0, hi: Math.min(...indexed) - 1 } : seen
  return { step: 1, laneBytes: widthOf(lo, hi), lo, hi }
}

/** Real values as fixed point. Declared bounds are those of the lane, so that no value makes a call revert; the graph clips. */
function floatSpec({ shape }: FloatInput, samples: readonly ArrayLike<number>[]): InputSpec {
  const columns = shape.length === 2 && (shape[1] ?? 0) <= MAX_COLUMNS ? (shape[1] as number) : 1
  const seen = Array.from({ length: columns }, (_, column) => columnFacts(samples, column, columns))
  const isByte = seen.every(({ places, lo, hi }) => places === 0 && lo >= 0 && hi <= 255)
  if (isByte) return { step: 1, laneBytes: 2, lo: 0, hi: 255 }
  const steps = seen.map(({ places, lo, hi }) => {
    const greatest = Math.max(-lo, hi)
    if (places !== undefined) return Number(`1e-${places}`)
    return greatest === 0 ? 1 : 2 ** (Math.floor(Math.log2(greatest)) + 2 - (BINARY_BITS - 1))
  })
  const most = Math.max(...seen.map(({ lo, hi }, i) => Math.max(-lo, hi) / (steps[i] as number)))
  const laneBytes = widthOf(-2 * most, 2 * most)
  return { step: alongAxis(steps, shape.length, shape.length - 1), laneBytes, ...laneRange(laneBytes) }
}

/** Range of a column, and the decimal places that give all its values; undefined where none do. */
function columnFacts(samples: readonly ArrayLike<number>[], column: number, columns: number) {
  let places: number | undefined = 0
  let [lo, hi] = [0, 0]
  for (const data of samples) {
    for (let i = column; i < data.length; i += columns) {
      const value = data[i] as number
      ;[lo, hi] = [Math.min(lo, value), Math.max(hi, value)]
      while (places !== undefined && !isDecimal(value, places)) places = places < MAX_PLACES ? places + 1 : undefined
    }
  }
  return { lo, hi, places }
}

/** Whether a float32 is the nearest to a decimal of so many places, of at most 31 bits. */
function isDecimal(value: number, places: number): boolean {
  const scaled = value * 10 ** places
  return Math.abs(scaled) < 2 ** 30 && Math.fround(Math.round(scaled) / 10 ** places) === Math.fround(value)
}

function rangeOfAll(samples: readonly ArrayLike<number>[]) {
  const ranges = samples.map((data) => rangeOf({ shape: [data.length], data: Float64Array.from(data) }))
  return { lo: Math.min(...ranges.map(({ lo }) => lo)), hi: Math.max(...ranges.map(({ hi }) => hi)) }
}

function widthOf(lo: number, hi: number): LaneBytes {
  const widths: readonly LaneBytes[] = [1, 2, 4]
  return widths.find((width) => lo >= laneRange(width).lo && hi <= laneRange(width).hi) ?? 8
}
