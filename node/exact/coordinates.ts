import type { Shape, Tensor, Window } from './graph.ts'
import { shapeSize, stridesOf } from './tensor-data.ts'

/** Index of a lane, one entry an axis. */
export type Coordinate = readonly number[]

/**
 * Visits every coordinate of a shape in row-major order, with its index in that order. The array is reused: copy it to
 * keep it. A scalar is visited once, with `[]`.
 */
export function forEachCoordinate(shape: Shape, visit: (at: Coordinate, index: number) => void): void {
  const at = shape.map(() => 0)
  const size = shapeSize(shape)
  for (let index = 0; index < size; index++) {
    visit(at, index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (at[axis] as number) + 1
      at[axis] = next < (shape[axis] as number) ? next : 0
      if (next < (shape[axis] as number)) break
    }
  }
}

/** Strides that read a tensor as if broadcast to `rank` axes: aligned at the last axis, 0 where an axis is missing or 1. */
export function broadcastStrides(shape: Shape, rank: number): number[] {
  const strides = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride))
  return [...new Array<number>(rank - shape.length).fill(0), ...strides]
}

/** Offset of a lane: Σ coordinate · stride. */
export function offsetOf(at: Coordinate, strides: readonly number[]): number {
  let offset = 0
  for (let axis = 0; axis < at.length; axis++) offset += (at[axis] as number) * (strides[axis] as number)
  return offset
}

/** Reads lanes of a tensor by coordinate. */
export function laneReader(tensor: Tensor): (at: Coordinate) => number {
  const strides = stridesOf(tensor.shape)
  return (at) => tensor.data[offsetOf(at, strides)] as number
}

/**
 * Visits the taps of one window that fall on real lanes, in row-major order of the kernel; taps on padding are skipped.
 * @param position coordinate of the window among the outputs. @param visit is given the tap's index within the kernel and
 * the lane's index within the spatial axes.
 */
export function forEachTap(
  spatial: Shape,
  kernel: Shape,
  window: Window,
  position: Coordinate,
  visit: (tap: number, lane: number) => void,
): void {
  const strides = stridesOf(spatial)
  forEachCoordinate(kernel, (tap, tapIndex) => {
    let lane = 0
    for (let axis = 0; axis < spatial.length; axis++) {
      const start = (position[axis] as number) * (window.strides[axis] as number) - (window.pads[axis] as number)
      const at = start + (tap[axis] as number) * (window.dilations[axis] as number)
      if (at < 0 || at >= (spatial[axis] as number)) return
      lane += at * (strides[axis] as number)
    }
    visit(tapIndex, lane)
  })
}
