import type { Shape, Window } from '../graph.ts'
import { paddedExtents } from '../ops/windows.ts'
import { shapeSize } from '../tensor-data.ts'
import type { EmitContext } from './emit-context.ts'
import { range } from './layouts.ts'
import type { OnnxDtype } from './onnx-writer.ts'

/** A window that slides over the spatial axes of a tensor. */
export interface Windowing {
  readonly window: Window
  readonly kernel: Shape
  /** Extents of the spatial axes before padding, and of the window's positions. */
  readonly spatial: Shape
  readonly outSpatial: Shape
}

/** A tensor with its spatial axes at `firstSpatialAxis` and after. */
export interface Windowed {
  readonly tensor: string
  readonly shape: Shape
  readonly dtype: OnnxDtype
  readonly firstSpatialAxis: number
}

/** Windows of more taps than this are unfolded by one Gather: slices cost a node each. */
const MAX_SLICED_TAPS = 64

/** Pads the spatial axes with `padValue`, as stored. The same tensor when the window pads nothing. */
export function padSpatial(context: EmitContext, input: Windowed, windowing: Windowing, padValue: number): Windowed {
  const { pads } = windowing.window
  if (pads.every((pad) => pad === 0)) return input
  const axes = windowing.spatial.length
  const { model } = context
  const allPads = [pads.slice(0, axes), pads.slice(axes)].flatMap((side) => spread(input, side, 0))
  const value = model.scalar(input.dtype, padValue)
  const tensor = model.node('Pad', [input.tensor, model.int64s(allPads), value])
  const padded = paddedExtents(windowing.spatial, windowing.window)
  return { ...input, tensor, shape: spread(input, padded, undefined) }
}

/**
 * Unfolds a channels-last tensor: `[n, …spatial, …c]` → `[n, …positions, …c']` where the last axis holds the lanes of all
 * taps, tap by tap. The input is padded already.
 */
export function unfoldTaps(context: EmitContext, input: Windowed, windowing: Windowing): string {
  const taps = tapOffsets(windowing.kernel, windowing.window)
  if (taps.length > MAX_SLICED_TAPS) return unfoldByGather(context, input, windowing)
  const slices = taps.map((tap) => sliceTap(context, input, windowing, tap))
  const [only] = slices
  if (slices.length === 1 && only !== undefined) return only
  return context.model.node('Concat', slices, { attributes: { axis: input.shape.length - 1 } })
}

/** Lanes of all positions under one tap: a strided slice. */
function sliceTap(context: EmitContext, input: Windowed, windowing: Windowing, tap: readonly number[]): string {
  const { model } = context
  const { strides } = windowing.window
  const ends = tap.map((start, axis) => start + ((windowing.outSpatial[axis] ?? 1) - 1) * (strides[axis] ?? 1) + 1)
  const axes = range(input.firstSpatialAxis, input.firstSpatialAxis + tap.length)
  const whole = axes.every((axis, i) => tap[i] === 0 && strides[i] === 1 && ends[i] === input.shape[axis])
  if (whole) return input.tensor
  return model.node('Slice', [
    input.tensor,
    model.int64s(tap),
    model.int64s(ends),
    model.int64s(axes),
    model.int64s(strides),
  ])
}

/** As {@link unfoldTaps} by gathering from the flattened spatial axes, which touches each lane alone but needs few nodes. */
function unfoldByGather(context: EmitContext, input: Windowed, windowing: Windowing): string {
  const { model } = context
  const trailing = input.shape.slice(input.firstSpatialAxis + windowing.spatial.length)
  const gathered = gatherWindows(context, input, windowing)
  const [batch = 1] = input.shape
  const taps = shapeSize(windowing.kernel)
  if (trailing.length === 1) {
    return model.reshape(gathered, [batch, ...windowing.outSpatial, taps * (trailing[0] ?? 1)])
  }
  const [groups = 1, channels = 1] = trailing
  const positions = shapeSize(windowing.outSpatial)
  const flat = model.reshape(gathered, [batch, positions, taps, groups, channels])
  const grouped = model.transpose(flat, [0, 1, 3, 2, 4])
  return model.reshape(grouped, [batch, ...windowing.outSpatial, groups, taps * channels])
}

/** `[…leading, …spatial, …trailing]` → `[…leading, positions, taps, …trailing]`. The input is padded already. */
export function gatherWindows(context: EmitContext, input: Windowed, windowing: Windowing): string {
  const { model } = context
  const leading = input.shape.slice(0, input.firstSpatialAxis)
  const padded = input.shape.slice(input.firstSpatialAxis, input.firstSpatialAxis + windowing.spatial.length)
  const trailing = input.shape.slice(input.firstSpatialAxis + windowing.spatial.length)
  const flat = model.reshape(input.tensor, [...leading, shapeSize(padded), ...trailing])
  const positions = shapeSize(windowing.outSpatial)
  const indices = windowIndices(windowing, padded)
  const index = model.constant('int32', [positions, indices.length / positions], indices)
  return model.node('Gather', [flat, index], { attributes: { axis: leading.length } })
}

/** Flat index into the padded spatial axes, by position and tap. */
function windowIndices(windowing: Windowing, padded: Shape): Int32Array {
  const starts = flatOffsets(windowing.outSpatial, windowing.window.strides, padded)
  const taps = flatOffsets(windowing.kernel, windowing.window.dilations, padded)
  const out = new Int32Array(starts.length * taps.length)
  let at = 0
  for (const start of starts) for (const tap of taps) out[at++] = start + tap
  return out
}

/** Flat offset of every index of `extents`, scaled by `steps`, within `padded`. */
function flatOffsets(extents: Shape, steps: readonly number[], padded: Shape): number[] {
  return extents.reduce<number[]>(
    (offsets, extent, axis) =>
      offsets.flatMap((offset) => range(0, extent).map((i) => offset * (padded[axis] ?? 1) + i * (steps[axis] ?? 1))),
    [0],
  )
}

/** Spatial offset of every tap of a kernel, row-major. */
export function tapOffsets(kernel: Shape, window: Window): number[][] {
  return kernel.reduce<number[][]>(
    (taps, extent, axis) =>
      taps.flatMap((tap) => range(0, extent).map((i) => [...tap, i * (window.dilations[axis] ?? 1)])),
    [[]],
  )
}

/** One entry an axis of the tensor: `spatial` on the spatial axes, else `other` (default: the extent). */
function spread(input: Windowed, spatial: readonly number[], other: number | undefined): number[] {
  return input.shape.map((extent, axis) => spatial[axis - input.firstSpatialAxis] ?? other ?? extent)
}
