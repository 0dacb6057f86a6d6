import fc from 'fast-check'
import type { Bounds, ExactGraph, GraphConstant, Op, Shape } from '../../node/exact/graph.ts'
import { laneBytesFor, packData, shapeSize } from '../../node/exact/tensor-data.ts'
import { PROFILE_V1 } from '../../node/protocol/constants.ts'
import { createRandom } from './random-source.ts'

const INPUT_RANGES: readonly Bounds[] = [
  { lo: 0, hi: 255 },
  { lo: -128, hi: 127 },
  { lo: 0, hi: 127 },
  { lo: -5, hi: 200 },
  { lo: 3, hi: 9 },
  { lo: -255, hi: 0 },
  { lo: -200, hi: -100 },
]
const CLIPS: readonly Bounds[] = [
  { lo: 0, hi: 255 },
  { lo: 0, hi: 127 },
  { lo: -128, hi: 127 },
  { lo: -10, hi: 100 },
  { lo: 5, hi: 77 },
  { lo: -32_768, hi: 32_767 },
  { lo: -300, hi: 4_000 },
]
/** Multipliers of the sums: one for all channels or one each, powers of two as quantisers make them, and others. */
const FACTORS: readonly (readonly number[])[] = [[8], [1, 2, 4, 64], [3], [1, 3, 0, 5, 16]]
const BIAS_REACHES = [10, 10_000, 2 ** 24, 2 ** 30]

/** A contraction's operand shapes, and the shape of constants with a lane an output channel. Without weights, two activations are multiplied. */
interface Contraction {
  readonly op: Op
  readonly input: Shape
  readonly weights: Shape
  readonly channels: Shape
  readonly isActivation?: boolean
}

/**
 * Graphs of one contraction of bytes, biases, factors, a half-even shift and a clip, then one op that reads the result: the pattern
 * that random graphs rarely hit. Not all pass the check.
 */
export function requantisedGraphs(): fc.Arbitrary<ExactGraph> {
  return fc
    .record({
      contraction: fc.oneof(convolutions(), products(), activationProducts()),
      range: fc.constantFrom(...INPUT_RANGES),
      weight: fc.constantFrom(1, 63, 64, 127),
      bias: fc.option(fc.constantFrom(...BIAS_REACHES)),
      factors: fc.option(fc.constantFrom(...FACTORS)),
      bits: fc.integer({ min: 1, max: 17 }),
      clip: fc.option(fc.constantFrom(...CLIPS)),
      squares: fc.boolean(),
      seed: fc.nat(65_535),
    })
    .map(({ contraction, range, weight, bias, factors, bits, clip, squares, seed }) => {
      const random = createRandom(seed)
      const lanes = (shape: Shape, reach: number): GraphConstant => {
        const values = Array.from({ length: shapeSize(shape) }, () => random(2 * reach + 1) - reach)
        return { shape, data: packData(values) }
      }
      const { channels, isActivation = false } = contraction
      const inputs = [{ ...range, shape: contraction.input, laneBytes: laneBytesFor(range) }]
      const reach = { lo: -weight, hi: weight }
      if (isActivation) inputs.push({ ...reach, shape: contraction.weights, laneBytes: laneBytesFor(reach) })
      const constants = isActivation ? [] : [lanes(contraction.weights, weight)]
      const chain: ((last: number, constant: number) => Op)[] = []
      if (bias !== null) {
        constants.push(lanes(channels, bias))
        chain.push((last, constant) => ({ kind: 'add', inputs: [last, constant] }))
      }
      if (factors !== null) {
        const shape = factors.length === 1 ? [] : channels
        const values = Array.from({ length: shapeSize(shape) }, (_, i) => factors[i % factors.length] as number)
        constants.push({ shape, data: packData(values) })
        chain.push((last, constant) => ({ kind: 'mul', inputs: [constant, last] }))
      }
      const firstOp = inputs.length + constants.length
      const ops: Op[] = [contraction.op]
      const last = (): number => firstOp + ops.length - 1
      for (const [index, link] of chain.entries()) ops.push(link(last(), firstOp - chain.length + index))
      ops.push({ kind: 'shift-right', inputs: [last()], bits, rounding: 'half-even' })
      if (clip !== null) ops.push({ kind: 'clip', inputs: [last()], ...clip })
      ops.push({ kind: squares ? 'mul' : 'max', inputs: [last(), last()] })
      return { profile: PROFILE_V1, inputs, constants, ops, outputs: [{ value: last(), laneBytes: 8 }] }
    })
}

function convolutions(): fc.Arbitrary<Contraction> {
  const perAxis = (min: number, max: number) => fc.array(fc.integer({ min, max }), { minLength: 3, maxLength: 3 })
  return fc
    .record({
      axes: fc.integer({ min: 1, max: 3 }),
      groups: fc.integer({ min: 1, max: 4 }),
      channels: fc.integer({ min: 1, max: 9 }),
      outChannels: fc.integer({ min: 1, max: 5 }),
      spatial: perAxis(5, 9),
      kernel: perAxis(1, 3),
      strides: perAxis(1, 2),
      dilations: perAxis(1, 2),
      pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }),
    })
    .map(({ axes, groups, channels, outChannels, spatial, kernel, strides, dilations, pads }) => {
      const cut = (list: readonly number[]) => list.slice(0, axes)
      const window = { strides: cut(strides), dilations: cut(dilations), pads: pads.slice(0, 2 * axes) }
      return {
        op: { kind: 'conv', inputs: [0, 1], groups, ...window },
        input: [2, groups * channels, ...cut(spatial)],
        weights: [groups * outChannels, channels, ...cut(kernel)],
        channels: [groups * outChannels, ...cut(spatial).map(() => 1)],
      }
    })
}

function products(): fc.Arbitrary<Contraction> {
  const extent = fc.integer({ min: 1, max: 40 })
  const leading = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
  return fc.record({ leading, depth: extent, width: extent }).map(({ leading: rows, depth, width }) => ({
    op: { kind: 'matmul', inputs: [0, 1] },
    input: [...rows, depth],
    weights: [depth, width],
    channels: [width],
  }))
}

function activationProducts(): fc.Arbitrary<Contraction> {
  const extent = fc.integer({ min: 1, max: 40 })
  const batch = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 })
  return fc
    .record({ batch, rows: extent, depth: extent, width: extent, isBroadcast: fc.boolean() })
    .map(({ batch, rows, depth, width, isBroadcast }) => ({
      op: { kind: 'matmul', inputs: [0, 1] },
      input: [...batch, rows, depth],
      weights: [...(isBroadcast ? batch.map(() => 1) : batch), depth, width],
      channels: [],
      isActivation: true,
    }))
}
