import type { ValueId } from '../../exact/graph.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import type { Quantised, View } from '../formats.ts'
import { UNLIMITED } from '../formats.ts'
import { type LaneBuilder, perLaneConstant } from '../lane-builder.ts'
import { mapLanes, type PerLane, rangeOf } from '../per-lane.ts'
import { addScalar, floorDivide, scalar, scaleByPower } from './elementary.ts'

/** `gain · (x − mean) / √(variance + ε) + bias` over some axes; without the mean, `gain · x / √(mean of x² + ε) + bias`. */
export interface Normalisation {
  /** Ascending. */
  readonly axes: readonly number[]
  readonly isCentred: boolean
  readonly epsilon: number
  readonly gain: PerLane
  readonly bias: PerLane
  /** Step of the result. */
  readonly step: number
}

/** The mean is rounded to 1/16 of a step of the operand. */
const MEAN_BITS = 4
/** Sums of squares stay within this, so that float64 takes exact roots of them. */
const VARIANCE_BITS = 52
/** Factors of the quotient have about so many bits. */
const FACTOR_BITS = 24

/**
 * Normalises lanes. Everything that one row shares (mean, root, ε) is computed on one lane a row; the gain and the step of the result are
 * factors of the dividend, so that the quotient is the result: one multiplication, one division.
 *
 * Error: half a step of the result, and 2^−16 of it. The result is bounded by √n, which intervals cannot see: give it a clip.
 */
export function normalise(lanes: LaneBuilder, x: Quantised, options: Normalisation): View {
  const { axes, isCentred, epsilon, gain, bias, step } = options
  const count = shapeSize(axes.map((axis) => x.shape[axis] as number))
  // Bits that the lanes gain before they are squared: the variance and ε must stay exact.
  const reach = isCentred ? x.hi - x.lo : Math.max(-x.lo, x.hi)
  const squares = count * (reach ** 2 + epsilon / x.step ** 2)
  const room = Math.floor((VARIANCE_BITS - 0.1 - Math.log2(squares)) / 2)
  const bits = Math.min(room, isCentred ? MEAN_BITS : 0)
  const deviation = isCentred ? subtractMean(lanes, x, axes, count, bits) : scaleByPower(lanes, x.id, bits)
  const root = rootOfSquares(lanes, deviation, axes, (count * epsilon * 4 ** bits) / x.step ** 2)

  const unit = (Math.sqrt(count) * 2 ** root.bits) / step
  const greatest = Math.max(rangeOf(mapLanes(gain, Math.abs)).hi * unit, Number.MIN_VALUE)
  const { lo, hi } = lanes.facts(deviation)
  const room2 = Math.min(FACTOR_BITS - Math.log2(greatest), VARIANCE_BITS - Math.log2(Math.max(-lo, hi, 1) * greatest))
  const fine = Math.min(Math.max(Math.floor(room2), 0), 26)
  const factor = mapLanes(gain, (g) => Math.round(g * unit * 2 ** fine))
  const dividend = lanes.add({ kind: 'mul', inputs: [deviation, perLaneConstant(lanes, factor)] })
  const id = floorDivide(lanes, dividend, scaleByPower(lanes, root.id, fine))
  // A quotient rounded down is half a step low on average.
  return { id, step, offset: mapLanes(bias, (b) => b + step / 2), limits: UNLIMITED }
}

/** `x · 2^bits` less its mean. */
function subtractMean(lanes: LaneBuilder, x: Quantised, axes: readonly number[], count: number, bits: number): ValueId {
  const fine = scaleByPower(lanes, x.id, bits)
  const sum = lanes.add({ kind: 'reduce-sum', inputs: [bits < 0 ? fine : x.id], axes, keepDims: true })
  const rounded = addScalar(lanes, scaleByPower(lanes, sum, Math.max(bits, 0) + 1), count)
  const mean = floorDivide(lanes, rounded, scalar(lanes, 2 * count))
  return lanes.add({ kind: 'sub', inputs: [fine, mean] })
}

/** `√(Σ x² + ε) · 2^bits`, at the most bits that stay within 52 under the root. */
function rootOfSquares(
  lanes: LaneBuilder,
  x: ValueId,
  axes: readonly number[],
  epsilon: number,
): { readonly id: ValueId; readonly bits: number } {
  const square = lanes.add({ kind: 'mul', inputs: [x, x] })
  const sum = lanes.add({ kind: 'reduce-sum', inputs: [square], axes, keepDims: true })
  const most = lanes.facts(sum).hi + epsilon
  const bits = Math.max(Math.floor((VARIANCE_BITS - 0.01 - Math.log2(Math.max(most, 1))) / 2), 0)
  // At least 1, so that rows of equal lanes divide zero by something.
  const addend = Math.max(Math.round(epsilon * 4 ** bits), 1)
  const radicand = addScalar(lanes, scaleByPower(lanes, sum, 2 * bits), addend)
  return { id: lanes.add({ kind: 'isqrt', inputs: [radicand] }), bits }
}
