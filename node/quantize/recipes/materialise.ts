import type { Bounds, ValueId } from '../../exact/graph.ts'
import { within } from '../../exact/tensor-data.ts'
import type { Format, Quantised, View } from '../formats.ts'
import { type LaneBuilder, perLaneConstant } from '../lane-builder.ts'
import { mapLanes, numbersOf, type PerLane, rangeOf, zipLanes } from '../per-lane.ts'

/** `(lane · multiplier + bias) / 2^bits`, rounded half to even. */
interface Rescaling {
  readonly multiplier: PerLane
  readonly bias: PerLane
  readonly bits: number
  /** The bias in units of the lanes, where it can be added before the multiplication. */
  readonly early: PerLane | undefined
}

/** Relative error under which a ratio counts as a fraction. */
const FRACTION_TOLERANCE = 1e-6
/** Factors of a fraction are below 2^this times the least. */
const FRACTION_BITS = 2
/** A multiplier is fine enough when it moves no result by more than 1/32 of a step. */
const MULTIPLIER_BITS = 4

/**
 * Rounds a view to a format: pattern P1 where its steps are small fractions of the format's (add a bias a channel,
 * multiply by small integers, shift right half-even, clip), a multiplication by greater integers where they are not. Limits become part of the clip.
 */
export function materialise(lanes: LaneBuilder, view: View, format: Format): Quantised {
  const { step } = format
  const ratio = mapLanes(view.step, (own) => own / step)
  const offset = mapLanes(view.offset, (own) => own / step)
  const useful = usefulLanes(lanes.facts(view.id), ratio, offset, format)
  const rescaling = fractionRescaling(ratio, offset) ?? multiplierRescaling(ratio, offset, useful, format)
  const inside = fits(lanes.facts(view.id), rescaling) ? view.id : clipPerLane(lanes, view.id, useful)
  const id = rescale(lanes, inside, rescaling)
  const limit = (real: PerLane) => mapLanes(real, (x) => Math.round(x / step))
  return lanes.integers(clipTo(lanes, id, format, limit(view.limits.lo), limit(view.limits.hi)), step)
}

/** The lanes that the format can tell apart: beyond them its clip decides. */
function usefulLanes(facts: Bounds, ratio: PerLane, offset: PerLane, { lo, hi }: Format): { lo: PerLane; hi: PerLane } {
  const end = (bound: number) =>
    zipLanes(ratio, offset, (r, o) => (r === 0 ? 0 : Math.min(Math.max((bound - o) / r, facts.lo), facts.hi)))
  const [a, b] = [end(lo - 1), end(hi + 1)]
  return {
    lo: zipLanes(a, b, (x, y) => Math.floor(Math.min(x, y))),
    hi: zipLanes(a, b, (x, y) => Math.ceil(Math.max(x, y))),
  }
}

/** Ratios that are small integers over one power of two: what the weights of a contraction were rounded for. */
function fractionRescaling(ratio: PerLane, offset: PerLane): Rescaling | undefined {
  const ratios = Array.from(numbersOf(ratio), Math.abs).filter((r) => r !== 0)
  const least = ratios.length === 0 ? 1 : Math.min(...ratios)
  const first = Math.max(0, Math.ceil(-Math.log2(least) - FRACTION_TOLERANCE))
  for (let bits = first; bits <= Math.min(first + FRACTION_BITS, 52); bits++) {
    const isWhole = (r: number) =>
      Math.abs(r * 2 ** bits - Math.round(r * 2 ** bits)) <= FRACTION_TOLERANCE * r * 2 ** bits
    if (!ratios.every(isWhole)) continue
    const multiplier = mapLanes(ratio, (r) => Math.round(r * 2 ** bits))
    const bias = mapLanes(offset, (o) => Math.round(o * 2 ** bits))
    const isFine = ratios.length === numbersOf(ratio).length && Math.max(...ratios) < 1.5
    const early = isFine ? zipLanes(offset, ratio, (o, r) => Math.round(o / r)) : undefined
    return { multiplier, bias, bits, early }
  }
  return undefined
}

function multiplierRescaling(
  ratio: PerLane,
  offset: PerLane,
  useful: { readonly lo: PerLane; readonly hi: PerLane },
  format: Format,
): Rescaling {
  const reach = Math.max(-rangeOf(useful.lo).lo, rangeOf(useful.hi).hi, 1)
  const result = Math.max(-format.lo, format.hi, 1) + rangeOf(mapLanes(offset, Math.abs)).hi
  // Bounds are those of whole tensors: the widest lane may meet the greatest multiplier.
  const product = reach * rangeOf(mapLanes(ratio, Math.abs)).hi
  const most = 51 - Math.ceil(Math.log2(Math.max(result, product) + 2))
  const bits = Math.max(0, Math.min(Math.ceil(Math.log2(reach)) + MULTIPLIER_BITS, most))
  const multiplier = mapLanes(ratio, (r) => Math.round(r * 2 ** bits))
  return { multiplier, bias: mapLanes(offset, (o) => Math.round(o * 2 ** bits)), bits, early: undefined }
}

/** Whether nothing on the way can exceed a safe integer. */
function fits({ lo, hi }: Bounds, { multiplier, bias }: Rescaling): boolean {
  const product = Math.max(-lo, hi) * rangeOf(mapLanes(multiplier, Math.abs)).hi
  return product + rangeOf(mapLanes(bias, Math.abs)).hi <= Number.MAX_SAFE_INTEGER
}

function clipPerLane(lanes: LaneBuilder, id: ValueId, range: { readonly lo: PerLane; readonly hi: PerLane }): ValueId {
  const { lo, hi } = range
  if (typeof lo === 'number' && typeof hi === 'number') return lanes.add({ kind: 'clip', inputs: [id], lo, hi })
  const raised = lanes.add({ kind: 'max', inputs: [id, perLaneConstant(lanes, lo)] })
  return lanes.add({ kind: 'min', inputs: [raised, perLaneConstant(lanes, hi)] })
}

function rescale(lanes: LaneBuilder, id: ValueId, { multiplier, bias, bits, early }: Rescaling): ValueId {
  const biased = early === undefined ? id : addUnless(lanes, id, early, 0)
  const product = multiplyUnless(lanes, biased, multiplier)
  const sum = early === undefined ? addUnless(lanes, product, bias, 0) : product
  return bits === 0 ? sum : lanes.add({ kind: 'shift-right', inputs: [sum], bits, rounding: 'half-even' })
}

function addUnless(lanes: LaneBuilder, id: ValueId, value: PerLane, neutral: number): ValueId {
  return value === neutral ? id : lanes.add({ kind: 'add', inputs: [id, perLaneConstant(lanes, value)] })
}

function multiplyUnless(lanes: LaneBuilder, id: ValueId, value: PerLane): ValueId {
  if (value === 1) return id
  const bits = typeof value === 'number' && value > 1 ? Math.log2(value) : Number.NaN
  if (Number.isInteger(bits) && bits <= 52) return lanes.add({ kind: 'shift-left', inputs: [id], bits })
  return lanes.add({ kind: 'mul', inputs: [id, perLaneConstant(lanes, value)] })
}

/** The clip of the format and of the view's limits in one, where the limits are the same for all lanes. */
function clipTo(lanes: LaneBuilder, id: ValueId, format: Bounds, lo: PerLane, hi: PerLane): ValueId {
  const [least, most] = [typeof lo === 'number' ? lo : format.lo, typeof hi === 'number' ? hi : format.hi]
  const clip = { lo: clamp(least, format), hi: clamp(most, format) }
  const clipped = within(lanes.facts(id), clip) ? id : lanes.add({ kind: 'clip', inputs: [id], ...clip })
  if (typeof lo === 'number' && typeof hi === 'number') return clipped
  const bound = (value: PerLane) => mapLanes(value, (x) => clamp(x, format))
  return clipPerLane(lanes, clipped, { lo: bound(lo), hi: bound(hi) })
}

function clamp(value: number, { lo, hi }: Bounds): number {
  return Math.min(Math.max(value, lo), hi)
}
