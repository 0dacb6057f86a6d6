import { within } from '../exact/tensor-data.ts'
import { MAX_SAFE_LANE } from '../protocol/constants.ts'
import { BugError } from '../protocol/errors.ts'
import type { FloatGraph, FloatTensor } from './float-graph.ts'
import { type Format, formatOf, type Quantised, type View, viewOf } from './formats.ts'
import type { LaneBuilder } from './lane-builder.ts'
import type { Plan } from './plan.ts'
import { materialise } from './recipes/materialise.ts'

/** The forms in which float values exist in the ExactGraph so far: one view each, and the formats made from it. */
export interface ValueFormats {
  define(name: string, view: View): void
  /** How the value was computed. A constant is made into integers of its widest format. */
  view(lanes: LaneBuilder, name: string): View
  /** The value in a format, made when it is first asked for and kept by its step. */
  format(lanes: LaneBuilder, name: string, format: Format): Quantised
  /** Formats made so far that cover the value's whole range. */
  made(name: string): readonly Quantised[]
  /** Lanes of an integer or boolean value, as they are. */
  exact(lanes: LaneBuilder, name: string): Quantised
}

/** A format that exists, and what was asked for when it was made. */
interface Made {
  readonly wanted: Format
  readonly quantised: Quantised
}

/** Steps closer than this are the same step. */
const SAME_STEP = 1e-6

/** No value defined yet. */
export function createValueFormats(graph: FloatGraph, plan: Plan): ValueFormats {
  const views = new Map<string, View>()
  const formats = new Map<string, Made[]>()

  const made = (name: string): readonly Made[] => formats.get(name) ?? []

  function keep(name: string, wanted: Format, quantised: Quantised): Quantised {
    formats.set(name, [...made(name), { wanted, quantised }])
    return quantised
  }

  function widest(name: string): Format {
    return plan.format(name, plan.widths(name).at(-1) as number)
  }

  function format(lanes: LaneBuilder, name: string, wanted: Format): Quantised {
    const sameStep = made(name).filter((one) => Math.abs(one.wanted.step / wanted.step - 1) < SAME_STEP)
    const known = sameStep.find((one) => serves(one, wanted))
    if (known !== undefined) return known.quantised
    const constant = graph.constants.get(name)
    if (constant !== undefined) return keep(name, wanted, constantAt(lanes, constant, wanted.step))
    return keep(name, wanted, materialise(lanes, sourceOf(lanes, name, wanted, sameStep), wanted))
  }

  /** A narrow format of a value that is also held wide comes from the wide one, so that the two agree. */
  function sourceOf(lanes: LaneBuilder, name: string, wanted: Format, sameStep: readonly Made[]): View {
    const wider = sameStep.find((one) => within(wanted, one.wanted))
    if (wider !== undefined) return viewOf(wider.quantised)
    const base = widest(name)
    if (wanted.step > base.step * (1 + SAME_STEP) && plan.isWanted(name)) return viewOf(format(lanes, name, base))
    const view = views.get(name)
    if (view === undefined) throw new BugError(`the value ${name} is read before it is defined`)
    return view
  }

  return {
    made(name) {
      if (graph.values.get(name)?.kind !== 'float') return made(name).map(({ quantised }) => quantised)
      const range = plan.range(name)
      const isWhole = ({ wanted: { step, lo, hi } }: Made) => (lo - 1) * step <= range.lo && (hi + 1) * step >= range.hi
      return made(name)
        .filter(isWhole)
        .map(({ quantised }) => quantised)
    },
    format,
    define(name, view) {
      if (views.has(name)) throw new BugError(`the value ${name} is defined twice`)
      views.set(name, view)
    },
    view: (lanes, name) => views.get(name) ?? viewOf(format(lanes, name, widest(name))),
    exact(lanes, name) {
      const constant = graph.constants.get(name)
      if (constant === undefined) {
        const view = views.get(name)
        if (view === undefined) throw new BugError(`the value ${name} is read before it is defined`)
        return lanes.integers(view.id, 1)
      }
      const wanted = { step: 1, lo: -MAX_SAFE_LANE, hi: MAX_SAFE_LANE }
      return made(name)[0]?.quantised ?? keep(name, wanted, constantAt(lanes, constant, 1))
    },
  }
}

/** Whether a format that was made is as good as the one wanted: within its bounds, up to the rounding of the bounds. */
function serves({ wanted: own, quantised }: Made, wanted: Format): boolean {
  const isSame = Math.abs(own.lo - wanted.lo) <= 1 && Math.abs(own.hi - wanted.hi) <= 1
  return isSame && within(quantised, wanted)
}

/** A constant rounded to integers of a step. @throws ImportError when they are too many or no safe integers. */
function constantAt(lanes: LaneBuilder, { shape, data }: FloatTensor, step: number): Quantised {
  return lanes.integers(
    lanes.constantLanes(
      shape,
      Float64Array.from(data, (x) => Math.round(x / step)),
    ),
    step,
  )
}

/** The format of a step that covers the plan's range of a value. */
export function formatAt(plan: Plan, name: string, step: number): Format {
  const bits = plan.widths(name).at(-1) as number
  const { lo, hi } = plan.format(name, bits)
  const own = plan.format(name, bits).step
  return formatOf(step, { lo: lo * own, hi: hi * own }, 48)
}
