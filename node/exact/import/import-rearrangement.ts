import type { Shape } from '../graph.ts'
import { shapeSize, shapeText } from '../tensor-data.ts'
import { attribute, flag, requireAttribute } from './attributes.ts'
import { normalizeAxis } from './axes.ts'
import { refuse } from './import-error.ts'
import { requiredList } from './import-movement.ts'
import {
  addUnchecked,
  constantTensor,
  emit,
  factsOf,
  listOperand,
  type NodeContext,
  operand,
  parameterOperand,
  reshapeTo,
  scalarOperand,
  type Tracked,
} from './node-context.ts'

/*
 * Operators that cut, repeat and interleave lanes, as reshapes, transposes, slices and expansions.
 */

/** Split along one axis: into the sizes given, or into equal parts, of which the last may be less (operator set 18 on). */
export function importSplit(context: NodeContext): Tracked[] {
  const { node, opset } = context
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const axis = normalizeAxis(attribute(node, 'axis', 'int') ?? 0, shape.length)
  const extent = shape[axis] as number
  const count = attribute(node, 'num_outputs', 'int') ?? node.outputs.length
  const sizes = listOperand(context, 1) ?? evenSizes(extent, count, node.outputs.length, opset)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.length !== node.outputs.length || total !== extent || sizes.some((size) => size < 1)) {
    refuse('OnnxShapeInvalid', `splits ${extent} lanes into [${sizes.join(', ')}], of ${node.outputs.length} outputs`)
  }
  let start = 0
  return sizes.map((size) => {
    const starts = shape.map((_, i) => (i === axis ? start : 0))
    start += size
    const op = {
      kind: 'slice',
      inputs: [x.id],
      starts,
      sizes: shape.with(axis, size),
      steps: shape.map(() => 1),
    } as const
    return emit(context, op, x)
  })
}

function evenSizes(extent: number, count: number, outputs: number, opset: number): number[] {
  const size = Math.ceil(extent / count)
  if (count !== outputs || count < 1 || (opset < 18 && size * count !== extent)) {
    refuse('OnnxShapeInvalid', `splits ${extent} lanes into ${count} equal parts`)
  }
  return Array.from({ length: count }, (_, i) => Math.min(size, extent - i * size))
}

/** Tile: the whole tensor again and again along each axis. */
export function importTile(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const repeats = requiredList(context, 1)
  if (repeats.length !== shape.length || repeats.some((times) => times < 1)) {
    refuse(
      'OnnxShapeInvalid',
      `repeats [${repeats.join(', ')}] must have a positive entry for each of ${shape.length} axes`,
    )
  }
  return repeats.reduce((tiled, times, axis) => repeatAxis(context, tiled, axis, times, 'whole'), x)
}

const NEAREST: ReadonlySet<string> = new Set([
  'asymmetric floor',
  ...['half_pixel', 'pytorch_half_pixel', 'half_pixel_symmetric'].flatMap((mode) => [
    `${mode} round_prefer_floor`,
    `${mode} round_prefer_ceil`,
  ]),
])
/** Below this many lanes, float32 coordinates are sure to round to the lane that they are nearest to. */
const MAX_RESIZED_EXTENT = 2 ** 20

/** Resize to the nearest lane, by whole factors: each lane again and again along each axis. */
export function importResize(context: NodeContext): Tracked {
  const { node } = context
  requireAttribute(node, 'mode', 'string', 'nearest')
  requireAttribute(node, 'antialias', 'int', 0)
  requireAttribute(node, 'keep_aspect_ratio_policy', 'string', 'stretch')
  const coordinates = attribute(node, 'coordinate_transformation_mode', 'string') ?? 'half_pixel'
  const rounding = attribute(node, 'nearest_mode', 'string') ?? 'round_prefer_floor'
  if (!NEAREST.has(`${coordinates} ${rounding}`)) {
    const known = 'asymmetric with floor, or half_pixel with round_prefer_floor'
    refuse('OnnxUnsupported', `resizes by nearest lanes of ${coordinates} with ${rounding}: use ${known}`)
  }
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const factors = resizeFactors(context, shape)
  return factors.reduce((resized, times, axis) => repeatAxis(context, resized, axis, times, 'lanes'), x)
}

function resizeFactors(context: NodeContext, shape: Shape): number[] {
  const axes = (attribute(context.node, 'axes', 'ints') ?? shape.map((_, axis) => axis)).map((axis) =>
    normalizeAxis(axis, shape.length),
  )
  const scales = listOperandOrEmpty(context, 2)
  const sizes = listOperandOrEmpty(context, 3)
  const given = scales ?? sizes?.map((size, i) => size / (shape[axes[i] as number] as number))
  if (given?.length !== axes.length) {
    return refuse('OnnxShapeInvalid', 'needs one scale or size for each axis that it resizes')
  }
  const factors = shape.map(() => 1)
  given.forEach((factor, i) => {
    const axis = axes[i] as number
    if (!Number.isInteger(factor) || factor < 1 || factor * (shape[axis] as number) > MAX_RESIZED_EXTENT) {
      refuse('OnnxUnsupported', `resizes axis ${axis} by ${factor}: only whole factors are supported`)
    }
    factors[axis] = factor
  })
  return factors
}

/** Real numbers of an operand that may be omitted or empty. */
function listOperandOrEmpty(context: NodeContext, index: number): number[] | undefined {
  const list = parameterOperand(context, index)?.values
  return list === undefined || list.length === 0 ? undefined : Array.from(list)
}

/** DepthToSpace: blocks of channels become blocks of lanes. */
export function importDepthToSpace(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const [n, c, h, w] = imageShape(context, x)
  const b = blockSize(context)
  if (c % (b * b) !== 0) refuse('OnnxShapeInvalid', `${c} channels do not fill blocks of ${b}×${b}`)
  const mode = attribute(context.node, 'mode', 'string') ?? 'DCR'
  if (mode !== 'DCR' && mode !== 'CRD') refuse('OnnxMalformed', `attribute mode is ${mode}, expected DCR or CRD`)
  const rest = c / (b * b)
  const [split, permutation] =
    mode === 'DCR'
      ? [
          [n, b, b, rest, h, w],
          [0, 3, 4, 1, 5, 2],
        ]
      : [
          [n, rest, b, b, h, w],
          [0, 1, 4, 2, 5, 3],
        ]
  return rearrange(context, x, split, permutation, [n, rest, h * b, w * b])
}

/** SpaceToDepth: blocks of lanes become channels. */
export function importSpaceToDepth(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const [n, c, h, w] = imageShape(context, x)
  const b = blockSize(context)
  if (h % b !== 0 || w % b !== 0) refuse('OnnxShapeInvalid', `${h}×${w} lanes do not fill blocks of ${b}×${b}`)
  return rearrange(context, x, [n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4], [n, c * b * b, h / b, w / b])
}

function imageShape(context: NodeContext, x: Tracked): [number, number, number, number] {
  const { shape } = factsOf(context, x)
  if (shape.length !== 4) refuse('OnnxShapeInvalid', `${shapeText(shape)} is no [n, c, h, w]`)
  return shape as [number, number, number, number]
}

function blockSize({ node }: NodeContext): number {
  const size = attribute(node, 'blocksize', 'int') ?? refuse('OnnxMalformed', 'attribute blocksize is missing')
  return size >= 1 ? size : refuse('OnnxShapeInvalid', `attribute blocksize is ${size}`)
}

/** Splits axes, permutes them, and joins them again. */
export function rearrange(
  context: NodeContext,
  x: Tracked,
  split: Shape,
  permutation: readonly number[],
  joined: Shape,
): Tracked {
  const apart = reshapeTo(context, x, split)
  const permuted = addUnchecked(context, { kind: 'transpose', inputs: [apart.id], permutation }, x)
  return reshapeTo(context, permuted, joined)
}

/** Trilu: keeps one triangle of each matrix, and puts 0 elsewhere. */
export function importTrilu(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const { shape } = factsOf(context, x)
  const [rows, columns] = shape.slice(-2)
  if (rows === undefined || columns === undefined)
    return refuse('OnnxShapeInvalid', `${shapeText(shape)} has no matrices`)
  const diagonal = scalarOperand(context, 1) ?? 0
  const upper = flag(context.node, 'upper', true)
  const mask = new Uint8Array(rows * columns)
  for (let i = 0; i < mask.length; i++) {
    const right = (i % columns) - Math.floor(i / columns)
    mask[i] = (upper ? right >= diagonal : right <= diagonal) ? 1 : 0
  }
  const kept = constantTensor(context, [rows, columns], mask, x.dtype)
  return emit(context, { kind: 'mul', inputs: [x.id, kept.id] }, x)
}

/**
 * Repeats along one axis: the whole axis `times` times (0 1 2 0 1 2), or each of its lanes (0 0 1 1 2 2).
 */
function repeatAxis(context: NodeContext, x: Tracked, axis: number, times: number, what: 'whole' | 'lanes'): Tracked {
  if (times === 1) return x
  const { shape } = factsOf(context, x)
  const [outer, inner] = [shapeSize(shape.slice(0, axis)), shapeSize(shape.slice(axis + 1))]
  const extent = shape[axis] as number
  const [before, after] = what === 'whole' ? [1, extent] : [extent, 1]
  const apart = reshapeTo(context, x, [outer * before, 1, after * inner])
  const wide = [outer * before, times, after * inner]
  const repeated = addUnchecked(context, { kind: 'expand', inputs: [apart.id], shape: wide }, x)
  return reshapeTo(context, repeated, shape.with(axis, extent * times))
}
