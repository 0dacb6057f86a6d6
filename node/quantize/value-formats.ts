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
  /** Formats made so far, in the order of their making. */
  made(name: string): readonly Quantised[]
  /** Lanes of an integer or boolean value, as they are. */
  exact(lanes: LaneBuilder, name: string): Quantised
}

/** Steps closer than this are the same step. */
const SAME_STEP = 1e-6

/** No value defined yet. */
export function createValueFormats(graph: FloatGraph, plan: Plan): ValueFormats {
  const views = new Map<string, View>()
  const formats = new Map<string, Quantised[]>()

  const made = (name: string): readonly Quantised[] => formats.get(name) ?? []

  function keep(name: string, quantised: Quantised): Quantised {
    formats.set(name, [...made(name), quantised])
    return quantised
  }

  function widest(name: string): Format {
    return plan.format(name, plan.widths(name).at(-1) as number)
  }

  function format(lanes: LaneBuilder, name: string, wanted: Format): Quantised {
    const known = made(name).find(({ step }) => Math.abs(step / wanted.step - 1) < SAME_STEP)
    if (known !== undefined) return known
    const constant = graph.constants.get(name)
    if (constant !== undefined) return keep(name, constantAt(lanes, constant, wanted.step))
    const view = views.get(name)
    if (view === undefined) throw new BugError(`the value ${name} is read before it is defined`)
    // A narrow format of a value that is also held wide comes from the wide one, so that the two agree.
    const base = widest(name)
    const source = wanted.step > base.step * (1 + SAME_STEP) ? viewOf(format(lanes, name, base)) : view
    return keep(name, materialise(lanes, source, wanted))
  }

  return {
    made,
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
      return made(name)[0] ?? keep(name, constantAt(lanes, constant, 1))
    },
  }
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
