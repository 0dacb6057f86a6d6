import type { Bounds, ConvOp, GraphConstant, MatmulOp, Shape } from '../graph.ts'
import { FLOAT32_BUDGET, magnitude } from './dtypes.ts'
import { alignShape } from './layouts.ts'

/** One lane a channel of a constant that varies along `axis` of `shape` only; undefined when it varies along another, or adds axes. */
export function channelLanes(constant: GraphConstant, shape: Shape, axis: number): readonly number[] | undefined {
  const aligned = alignShape(constant.shape, shape.length)
  const varies = aligned.length > shape.length || aligned.some((extent, i) => extent !== 1 && i !== axis)
  if (varies) return undefined
  const { data } = constant
  return Array.from({ length: shape[axis] ?? 1 }, (_, i) => data[data.length === 1 ? 0 : i] ?? 0)
}

/** Bounds of each output channel's sums for inputs in `x`, by the actual weights. Cost: one pass over them. */
export function channelSums({ kind }: ConvOp | MatmulOp, { shape, data }: GraphConstant, x: Bounds): Bounds[] {
  const channels = (kind === 'conv' ? shape[0] : shape.at(-1)) ?? 1
  const depth = data.length / channels
  const [channelStride, stride] = kind === 'conv' ? [depth, 1] : [1, channels]
  return Array.from({ length: channels }, (_, channel) => {
    let [lo, hi] = [0, 0]
    for (let i = 0; i < depth; i++) {
      const weight = data[channel * channelStride + i * stride] as number
      lo += weight * (weight > 0 ? x.lo : x.hi)
      hi += weight * (weight > 0 ? x.hi : x.lo)
    }
    return { lo: lo + 0, hi: hi + 0 }
  })
}

/**
 * Whether `sum · factor · 2^−bits`, computed as one float32 product of an int32 sum, rounds and clips as the integers do.
 * Up to 2^24 nothing is rounded before the shift. Beyond, conversion and product may round, but by far less than a factor
 * of two, so that the clip decides all the same where even 2^24 is shifted to twice its reach.
 * @param clipReach greatest magnitude that the clip (or the stored type) lets through.
 */
export function scalesExactly(sum: Bounds, factor: number, bits: number, clipReach: number): boolean {
  if (factor < 0) return false
  const factorBits = factor === 0 ? 0 : Math.log2(factor)
  const isPower = Number.isInteger(factorBits)
  const reach = isPower ? magnitude(sum) : magnitude(sum) * factor
  const shift = isPower ? bits - factorBits : bits
  return reach <= FLOAT32_BUDGET || (factor > 0 && FLOAT32_BUDGET * 2 ** -shift >= 2 * clipReach)
}
