import { normalizeAxis } from '../../exact/import/axes.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatGraph, type FloatNode, type FloatTensor } from '../float-graph.ts'
import { editGraph, type GraphEditor } from './graph-editor.ts'
import { eitherWay, type GraphIndex, indexGraph } from './graph-index.ts'

/** More parts than gates and heads have stay together: small products cost more than they are worth. */
const MAX_PARTS = 8

/** A dense layer: `x · weights + bias`, its columns along the last axis. */
interface Projection {
  readonly node: FloatNode
  readonly weights: string
  /** Whether the weights are `[columns, rows]`. */
  readonly isTurned: boolean
  readonly bias: string
  /** The node that adds the bias, where that is one of its own. */
  readonly sum: FloatNode | undefined
  readonly result: string
}

/** A part of a moved result that a node picks: some places of one axis. */
interface Pick {
  readonly node: FloatNode
  readonly result: string
  readonly axis: number
  readonly start: number
  readonly count: number
  /** Whether the axis goes. */
  readonly drops: boolean
}

/** Columns along an axis: the column of a lane is the sum over such axes of `place · stride`. */
interface ColumnAxis {
  readonly extent: number
  readonly stride: number
}

/** Movements between a projection and the picks, and what each axis of the last has to do with columns. */
interface Moved {
  readonly steps: readonly { readonly node: FloatNode; readonly axes: Axes }[]
  readonly axes: Axes
  readonly result: string
}

type Axes = readonly (ColumnAxis | undefined)[]

/**
 * Splits a dense layer whose columns are only picked apart (queries, keys and values in one product, by Split, Slice or Gather, with Reshape and
 * Transpose between) into one layer for each part. The parts differ in scale: as one tensor they would share a step.
 */
export function splitProjections(graph: FloatGraph): FloatGraph {
  const index = indexGraph(graph)
  const editor = editGraph(graph)
  for (const node of graph.nodes) {
    const projection = matchProjection(graph, index, node)
    if (projection === undefined) continue
    const moved = followMovement(graph, index, projection)
    const picks = moved && matchPicks(graph, index, moved)
    if (moved === undefined || picks === undefined) continue
    for (const pick of picks) splitOff(graph, editor, projection, moved, pick)
  }
  return editor.finish()
}

function matchProjection(graph: FloatGraph, index: GraphIndex, node: FloatNode): Projection | undefined {
  const [, weights = '', addend = ''] = node.inputs
  const [product = ''] = node.outputs
  if (node.domain !== '' || graph.constants.get(weights)?.shape.length !== 2) return undefined
  if (node.opType === 'Gemm') {
    const columns = graph.values.get(product)?.shape.at(-1)
    const isWhole = addend === '' || graph.constants.get(addend)?.data.length === columns
    const isTurned = attributeOf(node, 'transB', 'int') === 1
    return isWhole ? { node, weights, isTurned, bias: addend, sum: undefined, result: product } : undefined
  }
  if (node.opType !== 'MatMul') return undefined
  const sum = index.onlyReader(product)
  const bias =
    sum?.opType === 'Add' ? eitherWay(sum).find(([a, b]) => a === product && isRow(graph, b))?.[1] : undefined
  if (sum === undefined || bias === undefined) {
    return { node, weights, isTurned: false, bias: '', sum: undefined, result: product }
  }
  return { node, weights, isTurned: false, bias, sum, result: sum.outputs[0] as string }
}

/** Whether a value is a constant with one number for each place of the last axis. */
function isRow(graph: FloatGraph, name: string): boolean {
  const constant = graph.constants.get(name)
  return constant !== undefined && constant.data.length === constant.shape.at(-1)
}

/** Follows the only reader of a result while it moves lanes and columns can be told. */
function followMovement(graph: FloatGraph, index: GraphIndex, { result }: Projection): Moved | undefined {
  const shapeOf = (name: string) => graph.values.get(name)?.shape ?? []
  const steps: Moved['steps'][number][] = []
  const columns = shapeOf(result).at(-1) ?? 0
  let axes: Axes = shapeOf(result).map((_, axis, all) =>
    axis === all.length - 1 ? { extent: columns, stride: 1 } : undefined,
  )
  let name = result
  for (let next = index.onlyReader(name); next !== undefined; next = index.onlyReader(name)) {
    const [output = ''] = next.outputs
    const after = next.opType === 'Transpose' ? permute(next, axes) : factor(next, axes, shapeOf(output), columns)
    if (next.domain !== '' || after === undefined) break
    steps.push({ node: next, axes: after })
    axes = after
    name = output
  }
  return { steps, axes, result: name }
}

function permute(node: FloatNode, axes: Axes): Axes {
  const permutation = attributeOf(node, 'perm', 'ints') ?? axes.map((_, axis) => axis).reverse()
  return permutation.map((axis) => axes[axis])
}

/** The axes after a Reshape that leaves the columns whole at the end, or cuts them into several axes. */
function factor(node: FloatNode, axes: Axes, shape: readonly number[], columns: number): Axes | undefined {
  if (node.opType !== 'Reshape' || axes.at(-1)?.extent !== columns) return undefined
  let first = shape.length
  for (let size = 1; size < columns && first > 0; ) size *= shape[--first] as number
  if (shapeSize(shape.slice(first)) !== columns) return undefined
  return shape.map((extent, axis) => (axis < first ? undefined : { extent, stride: shapeSize(shape.slice(axis + 1)) }))
}

/** What every reader of a moved result picks along an axis of columns; undefined where one reads it whole, or there is but one. */
function matchPicks(graph: FloatGraph, index: GraphIndex, { axes, result }: Moved): readonly Pick[] | undefined {
  const readers = index.readers(result)
  const picks = readers.map((node) => picksOf(graph, node, axes.length))
  const all = picks.flatMap((some) => some ?? [])
  const isPicked = picks.every((some) => some !== undefined) && !graph.outputs.includes(result)
  return isPicked && all.length > 1 && all.length <= MAX_PARTS && all.every(({ axis }) => axes[axis] !== undefined)
    ? all
    : undefined
}

function picksOf(graph: FloatGraph, node: FloatNode, rank: number): Pick[] | undefined {
  if (node.domain !== '') return undefined
  const extents = node.outputs.map((name) => graph.values.get(name)?.shape ?? [])
  if (node.opType === 'Split') {
    const axis = normalizeAxis(attributeOf(node, 'axis', 'int') ?? 0, rank)
    let start = 0
    return node.outputs.map((result, i) => {
      const count = extents[i]?.[axis] ?? 0
      start += count
      return { node, result, axis, start: start - count, count, drops: false }
    })
  }
  const numbers = (at: number) => Array.from(graph.constants.get(node.inputs[at] ?? '')?.data ?? [])
  const [result = ''] = node.outputs
  if (node.opType === 'Gather') {
    const axis = normalizeAxis(attributeOf(node, 'axis', 'int') ?? 0, rank)
    const isOne = graph.constants.get(node.inputs[1] ?? '')?.shape.length === 0
    const [place = 0] = numbers(1)
    const extent = graph.values.get(node.inputs[0] ?? '')?.shape[axis] ?? 0
    return isOne
      ? [{ node, result, axis, start: place < 0 ? place + extent : place, count: 1, drops: true }]
      : undefined
  }
  const [starts, axes, steps] = [numbers(1), numbers(3), numbers(4)]
  if (node.opType !== 'Slice' || starts.length !== 1 || axes.length !== 1 || (steps[0] ?? 1) !== 1) return undefined
  const axis = normalizeAxis(axes[0] as number, rank)
  const extent = graph.values.get(node.inputs[0] ?? '')?.shape[axis] ?? 0
  const start = Math.max((starts[0] as number) < 0 ? (starts[0] as number) + extent : (starts[0] as number), 0)
  return [{ node, result, axis, start, count: extents[0]?.[axis] ?? 0, drops: false }]
}

/** A node to add, but for the value that it reads. */
interface Link {
  readonly opType: string
  readonly operands: readonly string[]
  readonly attributes: FloatNode['attributes']
  readonly shape: readonly number[]
}

/** Puts a layer with the columns of one pick in its place, and the same movements after it. */
function splitOff(graph: FloatGraph, editor: GraphEditor, projection: Projection, moved: Moved, pick: Pick): void {
  const { result, node } = pick
  const links = linksOf(graph, editor, projection, moved, pick)
  let name = projection.node.inputs[0] as string
  for (const { opType, operands, attributes, shape } of links.slice(0, -1)) {
    const facts = { kind: 'float', shape, rangeOf: result } as const
    name = editor.add({ opType, inputs: [name, ...operands], attributes, wanted: `${result}/part` }, facts)
  }
  const { opType, operands, attributes } = links.at(-1) as Link
  editor.replace(node, { ...node, opType, attributes, inputs: [name, ...operands], outputs: [result] })
}

function linksOf(graph: FloatGraph, editor: GraphEditor, projection: Projection, moved: Moved, pick: Pick): Link[] {
  const { result } = pick
  const columns = columnsOf(moved.axes, pick)
  const weights = editor.constant(`${result}/weights`, pickColumns(graph, projection, columns))
  const bias =
    projection.bias === '' ? [] : [editor.constant(`${result}/bias`, pickLanes(graph, projection.bias, columns))]
  const { opType, attributes } = projection.node
  const isGemm = opType === 'Gemm'
  const shape = [...editor.value(projection.result).shape.slice(0, -1), columns.length]
  const links: Link[] = [{ opType, operands: isGemm ? [weights, ...bias] : [weights], attributes, shape }]
  if (!isGemm && bias.length > 0) links.push({ opType: 'Add', operands: bias, attributes: new Map(), shape })
  const reshape = (wanted: readonly number[]): Link => {
    const data = Float64Array.from(wanted)
    const constant = editor.constant(`${result}/shape`, { kind: 'integer', shape: [wanted.length], data })
    return { opType: 'Reshape', operands: [constant], attributes: new Map(), shape: wanted }
  }
  const picked = moved.axes[pick.axis] as ColumnAxis
  for (const { node, axes } of moved.steps) {
    const own = editor.value(node.outputs[0] as string).shape
    const part = own.map((extent, axis) => {
      if (axes[axis]?.extent === extentOf(moved)) return columns.length
      return axes[axis]?.stride === picked.stride && axes[axis]?.extent === picked.extent ? pick.count : extent
    })
    links.push(
      node.opType === 'Reshape'
        ? reshape(part)
        : { opType: node.opType, operands: [], attributes: node.attributes, shape: part },
    )
  }
  if (pick.drops) links.push(reshape(editor.value(result).shape))
  return links
}

/** Columns of the whole layer. */
function extentOf({ axes }: Moved): number {
  return shapeSize(axes.flatMap((column) => (column === undefined ? [] : [column.extent])))
}

/** Columns of the weights that a pick takes, in the order of the axes that hold them. */
function columnsOf(axes: Axes, { axis, start, count }: Pick): number[] {
  const held = axes
    .flatMap((column, i) => (column === undefined ? [] : [{ ...column, isPicked: i === axis }]))
    .sort((a, b) => b.stride - a.stride)
  return held.reduce<number[]>(
    (columns, { extent, stride, isPicked }) => {
      const places = Array.from({ length: isPicked ? count : extent }, (_, i) => (i + (isPicked ? start : 0)) * stride)
      return columns.flatMap((column) => places.map((place) => column + place))
    },
    [0],
  )
}

function pickColumns(graph: FloatGraph, { weights, isTurned }: Projection, columns: readonly number[]): FloatTensor {
  const { shape, data, kind } = graph.constants.get(weights) as FloatTensor
  const [rows = 0, width = 0] = isTurned ? [...shape].reverse() : shape
  const at = (row: number, column: number) => data[isTurned ? column * rows + row : row * width + column] as number
  const picked = new Float32Array(rows * columns.length)
  columns.forEach((column, i) => {
    for (let row = 0; row < rows; row++) picked[isTurned ? i * rows + row : row * columns.length + i] = at(row, column)
  })
  return { kind, shape: isTurned ? [columns.length, rows] : [rows, columns.length], data: picked }
}

function pickLanes(graph: FloatGraph, name: string, columns: readonly number[]): FloatTensor {
  const { data, kind } = graph.constants.get(name) as FloatTensor
  return { kind, shape: [columns.length], data: Float32Array.from(columns, (column) => data[column] as number) }
}
