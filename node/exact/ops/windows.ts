import { InvalidError } from '../../protocol/errors.ts'
import type { Shape, Window } from '../graph.ts'
import { shapeText } from '../tensor-data.ts'

/**
 * Extents of the outputs of a window that slides over the spatial axes: `⌊(n + pads − (k−1)·d − 1) / stride⌋ + 1`.
 * @throws InvalidError `WindowInvalid` for 0 or more than 3 axes, entries that do not match them, a zero kernel, stride or
 * dilation, or a window greater than the padded input.
 */
export function windowOutput(spatial: Shape, kernel: Shape, window: Window): Shape {
  const rank = spatial.length
  const text = () =>
    `kernel ${shapeText(kernel)} with its window does not fit the spatial extents ${shapeText(spatial)}`
  const counts = [kernel.length, window.strides.length, window.dilations.length, window.pads.length / 2]
  if (rank < 1 || rank > 3 || counts.some((count) => count !== rank)) {
    throw new InvalidError('WindowInvalid', `${text()}: needs 1 to 3 spatial axes and one entry for each (two in pads)`)
  }
  for (const entry of [...kernel, ...window.strides, ...window.dilations]) {
    if (entry < 1) throw new InvalidError('WindowInvalid', 'kernel, strides and dilations must be at least 1')
  }
  const padded = paddedExtents(spatial, window)
  return padded.map((extent, axis) => {
    const room = extent - spanOf(kernel, window, axis)
    if (room < 0) throw new InvalidError('WindowInvalid', `${text()}: axis ${axis} has ${extent} lanes after padding`)
    return Math.floor(room / (window.strides[axis] as number)) + 1
  })
}

/** Spatial extents after padding. */
export function paddedExtents(spatial: Shape, window: Window): Shape {
  const { pads } = window
  return spatial.map((extent, axis) => (pads[axis] as number) + extent + (pads[spatial.length + axis] as number))
}

/** Whether the window pads at all. */
export function isPadded(window: Window): boolean {
  return window.pads.some((pad) => pad > 0)
}

/**
 * Refuses a window position without a real lane: a maximum over nothing has no value. Slightly stricter than that where
 * padding precedes an axis shorter than the dilation, so that the rule costs O(1) an axis.
 * @throws InvalidError `WindowEmpty`.
 */
export function requireFullWindows(spatial: Shape, kernel: Shape, window: Window): void {
  windowOutput(spatial, kernel, window).forEach((positions, axis) => {
    const extent = spatial[axis] as number
    const before = window.pads[axis] as number
    const lastStart = (positions - 1) * (window.strides[axis] as number) - before
    const firstReaches = before < spanOf(kernel, window, axis)
    const stepsInside = before === 0 || (window.dilations[axis] as number) <= extent
    if (firstReaches && stepsInside && lastStart < extent) return
    throw new InvalidError(
      'WindowEmpty',
      `axis ${axis}: a window may hold padding only: pad less than the kernel's span`,
    )
  })
}

/** Lanes from the first to the last tap of the window, along one axis. */
function spanOf(kernel: Shape, window: Window, axis: number): number {
  return ((kernel[axis] as number) - 1) * (window.dilations[axis] as number) + 1
}
