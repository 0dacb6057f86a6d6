import { InvalidError } from '../protocol/errors.ts'
import { specLanes } from '../protocol/inference-roots.ts'
import { isObject, type JsonObject } from './json-fields.ts'
import { type InputValue, type LaneEncoder, laneEncoder } from './lane-encoder.ts'
import type { ColumnDescription, TensorDescription } from './model-description.ts'

/** Deeper nesting than any shape, and axes of one entry around it, can need. */
const MAX_DEPTH = 16

/** Values of many lanes: flat and row-major, or nested as the shape is (axes of extent 1 may be left out or added). */
export type InputList = ArrayLike<InputValue | InputList>

/**
 * The lanes of one input from what a caller sends: a value, values, or, where the input has columns, an object of them by name, or a list of
 * such rows.
 * @throws InvalidError `InputInvalid` naming the input, the column, the value and the mend.
 */
export function tensorLanes(tensor: TensorDescription, value: unknown): Float64Array {
  const { columns } = tensor
  if (columns !== undefined && isRow(value)) return rowLanes(tensor, columns, [value])
  if (columns !== undefined && Array.isArray(value) && isRow(value[0])) return rowLanes(tensor, columns, value)
  return listLanes(tensor, value)
}

/** Position of columns or classes within a tensor: lane = (outer × extent + index) × inner + rest, for each of `rows` (outer, rest). */
export interface AxisLayout {
  readonly extent: number
  readonly inner: number
  readonly rows: number
}

/** The layout along an axis. */
export function axisLayout(shape: readonly number[], axis: number): AxisLayout {
  const extent = shape[axis] ?? 1
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const rows = shape.reduce((a, b) => a * b, 1) / extent
  return { extent, inner, rows }
}

/** The lane of index `index` along the axis in row `row`. */
export function laneAt({ extent, inner }: AxisLayout, row: number, index: number): number {
  return (Math.floor(row / inner) * extent + index) * inner + (row % inner)
}

function rowLanes(
  tensor: TensorDescription,
  columns: readonly ColumnDescription[],
  rows: readonly unknown[],
): Float64Array {
  const layout = axisLayout(tensor.shape, tensor.axis ?? -1)
  if (rows.length !== layout.rows) refuse(tensor, `${rows.length} rows given, ${layout.rows} needed`)
  const known = new Set(columns.map(({ name }) => name))
  const encoders = columns.map((column) => columnEncoder(tensor, column, layout))
  const lanes = new Float64Array(specLanes(tensor))
  for (const [r, row] of rows.entries()) {
    const of = layout.rows > 1 ? `row ${r}, ` : ''
    if (!isRow(row)) refuse(tensor, `${of}is no object of columns`)
    const strange = Object.keys(row).find((name) => !known.has(name))
    if (strange !== undefined) {
      refuse(tensor, `${of}there is no column ${JSON.stringify(strange)}: columns are ${listed([...known])}`)
    }
    columns.forEach(({ name }, c) => {
      if (!Object.hasOwn(row, name) || row[name] === undefined) refuse(tensor, `${of}column ${name} is missing`)
      const at = laneAt(layout, r, c)
      lanes[at] = (encoders[c] as LaneEncoder)(row[name], at)
    })
  }
  return lanes
}

function listLanes(tensor: TensorDescription, value: unknown): Float64Array {
  const count = specLanes(tensor)
  const values = isList(value) ? flatten(tensor, value, count) : [value]
  if (values.length !== count) {
    refuse(tensor, `${values.length} values given, ${count} needed: its shape is [${tensor.shape.join(', ')}]`)
  }
  const encoderAt = encodersOf(tensor)
  const lanes = new Float64Array(count)
  for (let i = 0; i < count; i++) lanes[i] = encoderAt(i)(values[i], i)
  return lanes
}

function encodersOf(tensor: TensorDescription): (index: number) => LaneEncoder {
  const { columns, shape, axis = -1 } = tensor
  if (columns === undefined) {
    const encoder = laneEncoder(tensor, tensor, (index) => `${nameOf(tensor)}${positionText(shape, index)}`)
    return () => encoder
  }
  const layout = axisLayout(shape, axis)
  const encoders = columns.map((column) => columnEncoder(tensor, column, layout))
  return (index) => encoders[Math.floor(index / layout.inner) % layout.extent] as LaneEncoder
}

function columnEncoder(tensor: TensorDescription, column: ColumnDescription, { rows }: AxisLayout): LaneEncoder {
  const name = `${nameOf(tensor)}, column ${column.name}`
  return laneEncoder(column, tensor, (index) => (rows > 1 ? `${name}${positionText(tensor.shape, index)}` : name))
}

/** Values in row-major order. Lists of one entry stand for axes of extent 1, wherever they are. */
function flatten(tensor: TensorDescription, value: ArrayLike<unknown>, count: number): ArrayLike<unknown> {
  if (!isList(value[0])) return value
  const extents = tensor.shape.filter((extent) => extent > 1)
  const out = new Array<unknown>(count)
  let filled = 0
  const walk = (part: unknown, axis: number, depth: number): void => {
    if (!isList(part)) {
      if (axis < extents.length) refuse(tensor, `the lists are not nested as the shape [${tensor.shape.join(', ')}]`)
      out[filled++] = part
      return
    }
    if (depth > MAX_DEPTH) refuse(tensor, `lists are nested more than ${MAX_DEPTH} deep`)
    if (part.length === 1) {
      walk(part[0], axis, depth + 1)
      return
    }
    if (part.length !== (extents[axis] ?? 1)) {
      refuse(tensor, `a list of ${part.length} where the shape [${tensor.shape.join(', ')}] has ${extents[axis] ?? 1}`)
    }
    for (let i = 0; i < part.length; i++) walk(part[i], axis + 1, depth + 1)
  }
  walk(value, 0, 0)
  return out
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
}

function isRow(value: unknown): value is JsonObject {
  return isObject(value) && !isList(value)
}

function positionText(shape: readonly number[], index: number): string {
  const position = shape.map((_, axis) => {
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1)
    return Math.floor(index / inner) % (shape[axis] as number)
  })
  return shape.length === 0 ? '' : ` at [${position.join(', ')}]`
}

function nameOf({ name }: TensorDescription): string {
  return `input ${name}`
}

function listed(names: readonly string[]): string {
  return names.length > 16 ? `${names.slice(0, 16).join(', ')}, … (${names.length})` : names.join(', ')
}

function refuse(tensor: TensorDescription, message: string): never {
  throw new InvalidError('InputInvalid', `${nameOf(tensor)}: ${message}`)
}
