import { BugError } from '../protocol/errors.ts'
import { type Format, formatOf, type Interval, stepFor } from './formats.ts'
import { createScaleClasses } from './scale-classes.ts'
import { type PlanInputs, wantedWidths } from './widths.ts'

/** Room that a stream keeps beyond the greatest value seen: its bits are plenty, and calibration sees few samples. */
const STREAM_MARGIN = 2
/** Wider formats than this clip more than they round, so that they keep room as well. */
const [SCARCE_BITS, MARGIN] = [8, 1.25]

/** The formats that every float value is wanted in, decided before the first op is built. */
export interface Plan {
  /** Widths that the value is wanted in, least first; never empty. */
  widths(name: string): readonly number[]
  /** The format of a width. */
  format(name: string, bits: number): Format
  /** A format of at most `bits` for a part of the value's range, at a step of the value's scale. */
  covering(name: string, part: Interval, bits: number): Format
  /** Whether any reader wants the value in a format of the plan's. */
  isWanted(name: string): boolean
  /** Calibrated range of the value. */
  range(name: string): Interval
}

/**
 * Decides widths backwards from the readers of each value, then one scale for each class of values that are tied together. Cost:
 * linear in the graph but for the choice of a scale, which is quadratic in the operands of one class.
 */
export function planFormats(inputs: PlanInputs): Plan {
  const widths = wantedWidths(inputs)
  const { streamBits } = inputs.precisionOf(undefined)
  const range = (name: string): Interval => {
    const found = inputs.ranges.get(name)
    if (found === undefined) throw new BugError(`no range is known of the value ${name}`)
    return found
  }
  const wanted = (name: string): readonly number[] => {
    const found = widths.get(name)
    return found === undefined ? [] : [...found].sort((a, b) => a - b)
  }
  const isStream = (bits: number) => bits >= streamBits
  const covered = (name: string, bits: number): Interval => {
    const { lo, hi } = range(name)
    const factor = isStream(bits) ? STREAM_MARGIN : bits > SCARCE_BITS ? MARGIN : 1
    return { lo: lo * factor, hi: hi * factor }
  }
  const classes = createScaleClasses(inputs, { wanted, covered, isStream, stepOf: (name, bits) => stepOf(name, bits) })
  /** All streams of a class have one step, so that they are added as they are. */
  function stepOf(name: string, bits: number): number {
    const scale = classes.scale(name)
    return isStream(bits) ? scale * classes.streamFactor(name, bits) : stepFor(scale, covered(name, bits), bits)
  }
  classes.resolve()
  return {
    widths: (name) => {
      const found = wanted(name)
      return found.length > 0 ? found : [streamBits]
    },
    range,
    covering: (name, part, bits) => formatOf(stepFor(classes.scale(name), part, bits), part, bits),
    isWanted: (name) => wanted(name).length > 0,
    format: (name, bits) => formatOf(stepOf(name, bits), covered(name, bits), bits),
  }
}
