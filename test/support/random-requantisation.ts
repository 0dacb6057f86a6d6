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
]
const BIAS_REACHES = [10, 10_000, 2 ** 24, 2 ** 30]

/** A contraction's operand shapes, and the axis of its output channels counted from the last axis. */
interface Contraction {
  readonly op: Op
  readonly input: Shape
  readonly weights: Shape
  readonly bias: Shape
}

/**
 * Graphs of one contraction of bytes, a bias, a half-even shift and a clip to bytes, then one op that reads the result:
 * the pattern that random graphs rarely hit. Not all pass the check.
 */
export function requantisedGraphs(): fc.Arbitrary<ExactGraph> {
  return fc
    .record({
      contraction: fc.oneof(convolutions(), products()),
      range: fc.constantFrom(...INPUT_RANGES),
      weight: fc.constantFrom(1, 63, 64, 127),
      bias: fc.option(fc.constantFrom(...BIAS_REACHES)),
      bits: fc.integer({ min: 1, max: 17 }),
      clip: fc.constantFrom(...CLIPS),
      squares: fc.boolean(),
      seed: fc.nat(65_535),
    })
    .map(({ contraction, range, weight, bias, bits, clip, squares, seed }) => {
      const random = createRandom(seed)
      const lanes = (shape: Shape, reach: number): GraphConstant => {
        const values = Array.from({ length: shapeSize(shape) }, () => random(2 * reach + 1) - reach)
        return { shape, data: packData(values) }
      }
      const constants = [lanes(contraction.weights, weight)]
      const ops: Op[] = [contraction.op]
      if (bias !== null) constants.push(lanes(contraction.bias, bias))
      const last = (): number => constants.length + ops.length
      if (bias !== null) ops.push({ kind: 'add', inputs: [last(), 2] })
      ops.push({ kind: 'shift-right', inputs: [last()], bits, rounding: 'half-even' })
      ops.push({ kind: 'clip', inputs: [last()], ...clip })
      ops.push(squares ? { kind: 'mul', inputs: [last(), last()] } : { kind: 'max', inputs: [last(), last()] })
      const input = { ...range, shape: contraction.input, laneBytes: laneBytesFor(range) }
      return { profile: PROFILE_V1, inputs: [input], constants, ops, outputs: [{ value: last(), laneBytes: 4 }] }
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
        bias: [groups * outChannels, ...cut(spatial).map(() => 1)],
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
    bias: [width],
  }))
}
