import type { Quantised } from '../formats.ts'
import type { LaneBuilder } from '../lane-builder.ts'

/**
 * `a / b` rounded to nearest, at about `step`: `floordiv(a · 2^k + b/2, b)`. The divisor is clipped to at least one step away from
 * zero, on the side where it lies. The result's own step is `a.step / b.step / 2^k`, at most `step`.
 * @throws InvalidError when no power of two keeps the numerator a safe integer.
 */
export function divide(lanes: LaneBuilder, a: Quantised, b: Quantised, step: number): Quantised {
  const isNegative = b.hi <= 0 && b.lo < 0
  const sign = isNegative ? lanes.constantLanes([], [-1]) : undefined
  const flip = (id: number) => (sign === undefined ? id : lanes.add({ kind: 'mul', inputs: [id, sign] }))
  const most = isNegative ? -b.lo : Math.max(b.hi, 1)
  const divisor = lanes.add({ kind: 'clip', inputs: [flip(b.id)], lo: 1, hi: most })
  const wanted = Math.ceil(Math.log2(a.step / b.step / step) - 1e-6)
  const room = Math.floor(51 - Math.log2(Math.max(-a.lo, a.hi, 1)))
  const bits = Math.max(0, Math.min(wanted, room))
  const scaled = bits === 0 ? flip(a.id) : lanes.add({ kind: 'shift-left', inputs: [flip(a.id)], bits })
  const half = lanes.add({ kind: 'shift-right', inputs: [divisor], bits: 1, rounding: 'floor' })
  const numerator = lanes.add({ kind: 'add', inputs: [scaled, half] })
  const quotient = lanes.add({ kind: 'floordiv', inputs: [numerator, divisor] })
  return lanes.integers(quotient, a.step / b.step / 2 ** bits)
}
