import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf } from '../float-graph.ts'
import type { HandlerTable, NodeContext } from '../handler.ts'
import { refuse } from '../quantise-error.ts'
import { listParameter, moving } from './movement.ts'

/** Which lane of the operand each lane of the result takes along an axis, as ONNX Resize says for `nearest`. */
function nearestIndices(from: number, to: number, scale: number, transformation: string, rounding: string): number[] {
  return Array.from({ length: to }, (_, at) => {
    const place = originalPlace(at, from, to, scale, transformation)
    const down = Math.floor(place)
    const half = place - down
    const nearest =
      rounding === 'floor'
        ? down
        : rounding === 'ceil'
          ? Math.ceil(place)
          : half > 0.5 || (half === 0.5 && rounding === 'round_prefer_ceil')
            ? down + 1
            : down
    return Math.min(Math.max(nearest, 0), from - 1)
  })
}

function originalPlace(at: number, from: number, to: number, scale: number, transformation: string): number {
  switch (transformation) {
    case 'asymmetric':
      return at / scale
    case 'align_corners':
      return to === 1 ? 0 : (at * (from - 1)) / (to - 1)
    case 'pytorch_half_pixel':
      return to > 1 ? (at + 0.5) / scale - 0.5 : 0
    case 'half_pixel':
      return (at + 0.5) / scale - 0.5
    default:
      return refuse('QuantiseUnsupported', `coordinate_transformation_mode ${transformation} is not supported`)
  }
}

/** Resize and Upsample to the nearest lane: one lookup along each axis that changes. */
const resize = moving((context, moved) => {
  const { node } = context
  const mode = attributeOf(node, 'mode', 'string') ?? 'nearest'
  if (mode !== 'nearest') refuse('QuantiseUnsupported', `mode ${mode} interpolates: only nearest is supported`)
  const isUpsample = node.opType === 'Upsample'
  const transformation =
    attributeOf(node, 'coordinate_transformation_mode', 'string') ?? (isUpsample ? 'asymmetric' : 'half_pixel')
  const rounding = attributeOf(node, 'nearest_mode', 'string') ?? (isUpsample ? 'floor' : 'round_prefer_floor')
  const { shape } = context.resultValue()
  const scales = scalesOf(context, moved.shape, shape)
  return moved.shape.reduce((x, from, axis) => {
    const to = shape[axis] as number
    if (from === to) return x
    const indices = nearestIndices(from, to, scales[axis] as number, transformation, rounding)
    const id = context.add({ kind: 'lookup', inputs: [context.constantLanes([to], indices), x.id], axis })
    return context.integers(id, x.step)
  }, moved)
})

/** The scales that are given, or those that the sizes come to. */
function scalesOf(context: NodeContext, from: readonly number[], to: readonly number[]): readonly number[] {
  const index = context.node.opType === 'Upsample' ? 1 : 2
  const constant = context.has(index) ? context.constant(index) : undefined
  if (constant !== undefined && shapeSize(constant.shape) === from.length) return Array.from(constant.data)
  return from.map((extent, axis) => (to[axis] as number) / extent)
}

const pad = moving((context, moved) => {
  const { node } = context
  const mode = attributeOf(node, 'mode', 'string') ?? 'constant'
  const rank = moved.shape.length
  const given = listParameter(context, 1, 'pads') ?? refuse('QuantiseModel', 'pads are missing')
  const axes = listParameter(context, 3, 'axes') ?? moved.shape.map((_, axis) => axis)
  const pads = new Array<number>(2 * rank).fill(0)
  axes.forEach((axis, i) => {
    pads[axis < 0 ? axis + rank : axis] = given[i] as number
    pads[rank + (axis < 0 ? axis + rank : axis)] = given[axes.length + i] as number
  })
  return mode === 'constant' ? padConstant(context, moved, pads) : padByIndex(context, moved, pads, mode)
})

type Moved = Parameters<Parameters<typeof moving>[0]>[1]

function padConstant(context: NodeContext, moved: Moved, pads: readonly number[]): Moved {
  const rank = moved.shape.length
  const fill = (context.has(2) ? context.constant(2)?.data[0] : attributeOf(context.node, 'value', 'float')) ?? 0
  const least = Math.round(fill / moved.step) + 0
  const value = Number.isSafeInteger(least) ? least : Math.sign(fill) < 0 ? moved.lo : moved.hi
  const cropped = pads.some((extent) => extent < 0) ? crop(context, moved, pads) : moved
  const grown = pads.map((extent) => Math.max(extent, 0))
  if (grown.every((extent) => extent === 0) || rank === 0) return cropped
  return context.integers(context.add({ kind: 'pad', inputs: [cropped.id], pads: grown, value }), moved.step)
}

/** Negative pads cut lanes off. */
function crop(context: NodeContext, moved: Moved, pads: readonly number[]): Moved {
  const rank = moved.shape.length
  const starts = moved.shape.map((_, axis) => Math.max(0, -(pads[axis] as number)))
  const sizes = moved.shape.map(
    (extent, axis) => extent - (starts[axis] as number) - Math.max(0, -(pads[rank + axis] as number)),
  )
  const id = context.add({ kind: 'slice', inputs: [moved.id], starts, sizes, steps: sizes.map(() => 1) })
  return context.integers(id, moved.step)
}

/** Reflections and repeated edges: one lookup along each axis. */
function padByIndex(context: NodeContext, moved: Moved, pads: readonly number[], mode: string): Moved {
  const rank = moved.shape.length
  const place = {
    edge: (at: number, extent: number) => Math.min(Math.max(at, 0), extent - 1),
    reflect: (at: number, extent: number) => {
      const period = Math.max(2 * (extent - 1), 1)
      const folded = ((at % period) + period) % period
      return folded < extent ? folded : period - folded
    },
    wrap: (at: number, extent: number) => ((at % extent) + extent) % extent,
  }[mode]
  if (place === undefined) return refuse('QuantiseUnsupported', `mode ${mode} is not supported`)
  return moved.shape.reduce((x, extent, axis) => {
    const [before, after] = [pads[axis] as number, pads[rank + axis] as number]
    if (before === 0 && after === 0) return x
    const indices = Array.from({ length: before + extent + after }, (_, at) => place(at - before, extent))
    const id = context.add({ kind: 'lookup', inputs: [context.constantLanes([indices.length], indices), x.id], axis })
    return context.integers(id, x.step)
  }, moved)
}

/** Resizing and padding. */
export const RESAMPLING_HANDLERS: HandlerTable = { Pad: pad, Resize: resize, Upsample: resize }
