import { InvalidError } from '../protocol/errors.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import { exactReal, laneAtLeast, laneAtMost, laneRounder, laneScale, nearestLane, realOfLane } from './lane-scale.ts'
import type { LaneKind, LaneMeaning } from './model-description.ts'
import { decimalOf, parseReal } from './real.ts'

/**
 * One value for a lane. A number means its shortest decimal (0.1 is one tenth), a text is a decimal or the label of a class,
 * true and false are 1 and 0.
 */
export type InputValue = number | bigint | string | boolean

/** Turns a value into a lane. `index` is where in its tensor it belongs, for errors. @throws InvalidError `InputInvalid`. */
export type LaneEncoder = (value: unknown, index: number) => number

/** Least and greatest lane that a meaning admits. */
export interface LaneBounds {
  readonly lo: number
  readonly hi: number
}

/** What a lane means, with its kind. */
type KindOfLane = LaneMeaning & { readonly kind: LaneKind }

/** The lanes whose real values lie within `min` and `max`; of classes, those that have a label. They may be none (lo > hi). */
export function admittedLanes({ step, offset, min, max, labels, kind }: KindOfLane, spec: LaneBounds): LaneBounds {
  const scale = laneScale(step, offset)
  let { lo, hi } = spec
  // Lanes are safe integers: one that is not, and loses its last bits here, is beyond both bounds anyway.
  if (min !== undefined) lo = Math.max(lo, Number(laneAtLeast(scale, parseReal(min))))
  if (max !== undefined) hi = Math.min(hi, Number(laneAtMost(scale, parseReal(max))))
  return kind !== 'class' || labels === undefined
    ? { lo, hi }
    : { lo: Math.max(lo, 0), hi: Math.min(hi, labels.length - 1) }
}

/**
 * The encoder of one tensor's or column's lanes: real values to the nearest lane, halves to the even one. Under `clip`, a lane beyond
 * the tensor's bounds becomes the nearer bound; else a lane beyond what {@link admittedLanes} allows is refused.
 * @param place how errors name the lane at an index: `input columns, column income`
 */
export function laneEncoder(meaning: KindOfLane, spec: TensorSpec, place: (index: number) => string): LaneEncoder {
  const scale = laneScale(meaning.step, meaning.offset)
  const round = laneRounder(scale)
  const indices = new Map(meaning.labels?.map((label, i) => [label, i]))
  const isClass = meaning.kind === 'class'
  const clip = meaning.range === 'clip' && !isClass
  const { lo, hi } = clip ? spec : admittedLanes(meaning, spec)

  const laneOf = (value: unknown, index: number): number | bigint => {
    const given = typeof value === 'boolean' ? Number(value) : value
    if (typeof given === 'number') {
      if (isClass && !Number.isInteger(given)) return refuse(place(index), given, `is no ${classText(meaning)}`)
      return Number.isFinite(given) ? round(given) : refuse(place(index), given, 'is no number: send a finite one')
    }
    if (typeof given === 'string') {
      const label = indices.get(given)
      if (label !== undefined) return label
      if (isClass && !/^\d+$/.test(given)) return refuse(place(index), given, `is no ${classText(meaning)}`)
    }
    if (typeof given === 'bigint' || typeof given === 'string') return nearestOf(given, index)
    return refuse(place(index), given, 'is no number')
  }
  const nearestOf = (given: bigint | string, index: number): bigint => {
    try {
      return nearestLane(scale, exactReal(given))
    } catch (error) {
      if (error instanceof InvalidError) return refuse(place(index), given, 'is no number: write one as 12.5 or 5e-7')
      throw error
    }
  }
  return (value, index) => {
    const lane = laneOf(value, index)
    if (lane >= lo && lane <= hi) return Number(lane)
    if (clip) return lane < lo ? lo : hi
    if (isClass) return refuse(place(index), value, `is no ${classText(meaning, { lo, hi })}`)
    return refuse(place(index), value, `is beyond ${rangeText(meaning, { lo, hi })}: send a value within`)
  }
}

/** Bounds as real values, for people: `0 to 1.2 (EUR), in steps of 0.0001`. */
export function rangeText({ step, offset, unit }: LaneMeaning, { lo, hi }: LaneBounds): string {
  const scale = laneScale(step, offset)
  const [least, most] = [lo, hi].map((lane) => decimalOf(realOfLane(scale, lane)))
  return `${least} to ${most}${unit === undefined ? '' : ` (${unit})`}${step === '1' ? '' : `, in steps of ${step}`}`
}

function classText({ labels }: LaneMeaning, bounds?: LaneBounds): string {
  if (labels === undefined)
    return bounds ? `class: send an index from ${bounds.lo} to ${bounds.hi}` : 'index of a class'
  const shown = labels.slice(0, 8).map((label) => JSON.stringify(label))
  return `class: send one of ${shown.join(', ')}${labels.length > 8 ? `, … (${labels.length})` : ''}, or its index`
}

function refuse(place: string, value: unknown, why: string): never {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : describe(value)
  throw new InvalidError('InputInvalid', `${place}: ${shown} ${why}`)
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
