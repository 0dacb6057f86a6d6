import { refuse } from './import-error.ts'

/** An axis counted from the front; negative ones count from the back. @throws ImportError `OnnxShapeInvalid`. */
export function normalizeAxis(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    refuse('OnnxShapeInvalid', `axis ${axis} does not exist: the tensor has ${rank} axes`)
  }
  return axis < 0 ? axis + rank : axis
}

/** Axes counted from the front, ascending. @throws ImportError `OnnxShapeInvalid` for one that is absent or repeated. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b)
  if (new Set(normal).size < normal.length) refuse('OnnxShapeInvalid', `axes [${axes.join(', ')}] repeat one`)
  return normal
}
