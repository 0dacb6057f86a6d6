import { BugError } from '../../protocol/errors.ts'
import type {
  ArgmaxOp,
  ConvOp,
  ExpandOp,
  GatherElementsOp,
  LookupOp,
  MatmulOp,
  Op,
  PadOp,
  PoolOp,
  ReduceOp,
  Shape,
  SliceOp,
  TransposeOp,
  ValueId,
} from '../graph.ts'
import type { Coordinate } from './affine.ts'
import type { Reduction } from './program.ts'

/** How a nest reads one value of the graph: a coordinate for each of its axes. */
export interface DraftOperand {
  readonly id: ValueId
  readonly coordinates: readonly Coordinate[]
}

/** The loops of an op over the graph's axes, before storage orders are known. */
export interface NestDraft {
  /** For each axis of the result the loops that make it up, outermost first: one, or two where it is split. */
  readonly outAxes: readonly (readonly number[])[]
  /** Loops are numbered through `outAxes`, then these. */
  readonly foldLoops: readonly number[]
  readonly operands: readonly DraftOperand[]
}

/** A draft of a Fold. */
export interface FoldDraft extends NestDraft {
  readonly reduction: Reduction
  readonly product: boolean
}

/** The loops of an op that folds. @param out extents of its result. @param shapes extents of its operands. */
export function draftFold(op: Op, out: Shape, shapes: readonly Shape[]): FoldDraft {
  const [a, b] = shapes as readonly [Shape, Shape]
  switch (op.kind) {
    case 'matmul':
      return draftMatmul(op, out, a, b)
    case 'conv':
      return draftConv(op, out, a, b)
    case 'sum-pool':
    case 'max-pool':
      return draftPool(op, out, a)
    case 'reduce-sum':
    case 'reduce-max':
    case 'reduce-min':
    case 'argmax':
      return draftReduce(op, out, a)
    default:
      throw new BugError(`${op.kind} does not fold`)
  }
}

/** Reads a value of extents `shape` lane by lane under NumPy broadcasting to the loops of `out`. */
export function broadcastOperand(id: ValueId, shape: Shape, out: Shape): DraftOperand {
  const skipped = out.length - shape.length
  return { id, coordinates: shape.map((extent, axis) => (extent === 1 ? fixed(1) : along(axis + skipped, extent))) }
}

/** One loop for each axis of a result. */
export function plainAxes(out: Shape): number[][] {
  return out.map((extent) => [extent])
}

/** The loops of a lookup: operands are the indices and the table, whose looked-up axis stays at 0. */
export function draftLookup(op: LookupOp, out: Shape, indices: Shape, table: Shape): NestDraft {
  const indexOperand = { id: op.inputs[0], coordinates: indices.map((extent, axis) => along(op.axis + axis, extent)) }
  const coordinates = table.map((extent, axis) => {
    if (axis === op.axis) return fixed(extent)
    return along(axis < op.axis ? axis : axis - 1 + indices.length, extent)
  })
  return { outAxes: plainAxes(out), foldLoops: [], operands: [indexOperand, { id: op.inputs[1], coordinates }] }
}

/** The loops of a gather lane by lane: both operands run along the result, but for the table's looked-up axis, which stays at 0. */
export function draftGatherElements(op: GatherElementsOp, out: Shape, table: Shape): NestDraft {
  const [indices, values] = op.inputs
  const operands = [
    { id: indices, coordinates: out.map((extent, axis) => along(axis, extent)) },
    { id: values, coordinates: table.map((extent, axis) => (axis === op.axis ? fixed(extent) : along(axis, extent))) },
  ]
  return { outAxes: plainAxes(out), foldLoops: [], operands }
}

/** The loops of a transpose, slice, pad or expand. */
export function draftMove(op: TransposeOp | SliceOp | PadOp | ExpandOp, out: Shape, input: Shape): NestDraft {
  return { outAxes: plainAxes(out), foldLoops: [], operands: [moveOperand(op, out, input)] }
}

/** One part of a concatenation: in range where the coordinate of `axis`, less `start`, is in the part. */
export function concatOperand(id: ValueId, shape: Shape, axis: number, start: number): DraftOperand {
  return {
    id,
    coordinates: shape.map((extent, i) => ({ offset: i === axis ? 0 - start : 0, terms: [[i, 1]], extent })),
  }
}

function moveOperand(op: TransposeOp | SliceOp | PadOp | ExpandOp, out: Shape, input: Shape): DraftOperand {
  const id = op.inputs[0]
  switch (op.kind) {
    case 'transpose':
      return { id, coordinates: input.map((extent, axis) => along(op.permutation.indexOf(axis), extent)) }
    case 'slice':
      return {
        id,
        coordinates: input.map((extent, axis) => ({
          offset: op.starts[axis] as number,
          terms: [[axis, op.steps[axis] as number]],
          extent,
        })),
      }
    case 'pad':
      return {
        id,
        coordinates: input.map((extent, axis) => ({
          offset: 0 - (op.pads[axis] as number),
          terms: [[axis, 1]],
          extent,
        })),
      }
    case 'expand':
      return broadcastOperand(id, input, out)
  }
}

function draftMatmul(op: MatmulOp, out: Shape, a: Shape, b: Shape): FoldDraft {
  const batch = out.slice(0, -2)
  const [m, n, k] = [batch.length, batch.length + 1, batch.length + 2]
  const depth = a.at(-1) as number
  const batchOf = (shape: Shape) => broadcastOperand(0, shape.slice(0, -2), batch).coordinates
  return {
    outAxes: plainAxes(out),
    foldLoops: [depth],
    operands: [
      { id: op.inputs[0], coordinates: [...batchOf(a), along(m, a.at(-2) as number), along(k, depth)] },
      { id: op.inputs[1], coordinates: [...batchOf(b), along(k, depth), along(n, b.at(-1) as number)] },
    ],
    reduction: 'sum',
    product: true,
  }
}

/** The channel axis of the result is split in (group, channel of the group); fold loops are (channel of the group, …kernel). */
function draftConv(op: ConvOp, out: Shape, input: Shape, weights: Shape): FoldDraft {
  const [outChannels, groupChannels, ...kernel] = weights as [number, number, ...number[]]
  const groupOuts = outChannels / op.groups
  const spatialLoop = 3
  const foldLoop = spatialLoop + kernel.length
  const channel: Coordinate = {
    offset: 0,
    terms: [
      [1, groupChannels],
      [foldLoop, 1],
    ],
    extent: input[1] as number,
  }
  const outChannel: Coordinate = {
    offset: 0,
    terms: [
      [1, groupOuts],
      [2, 1],
    ],
    extent: outChannels,
  }
  const windows = windowCoordinates(op, input.slice(2), spatialLoop, foldLoop + 1)
  return {
    outAxes: [[out[0] as number], [op.groups, groupOuts], ...plainAxes(out.slice(2))],
    foldLoops: [groupChannels, ...kernel],
    operands: [
      { id: op.inputs[0], coordinates: [along(0, input[0] as number), channel, ...windows] },
      {
        id: op.inputs[1],
        coordinates: [
          outChannel,
          along(foldLoop, groupChannels),
          ...kernel.map((extent, axis) => along(foldLoop + 1 + axis, extent)),
        ],
      },
    ],
    reduction: 'sum',
    product: true,
  }
}

function draftPool(op: PoolOp, out: Shape, input: Shape): FoldDraft {
  const [batch, channels, ...spatial] = input as [number, number, ...number[]]
  const windows = windowCoordinates(op, spatial, 2, 2 + spatial.length)
  return {
    outAxes: plainAxes(out),
    foldLoops: op.kernel,
    operands: [{ id: op.inputs[0], coordinates: [along(0, batch), along(1, channels), ...windows] }],
    reduction: op.kind === 'sum-pool' ? 'sum' : 'max',
    product: false,
  }
}

function draftReduce(op: ReduceOp | ArgmaxOp, out: Shape, input: Shape): FoldDraft {
  const axes = op.kind === 'argmax' ? [op.axis] : op.axes
  let outLoop = 0
  const coordinates = input.map((extent, axis) => {
    const fold = axes.indexOf(axis)
    if (fold < 0) return along(outLoop++, extent)
    if (op.keepDims) outLoop++
    return along(out.length + fold, extent)
  })
  return {
    outAxes: plainAxes(out),
    foldLoops: axes.map((axis) => input[axis] as number),
    operands: [{ id: op.inputs[0], coordinates }],
    reduction: REDUCTIONS[op.kind],
    product: false,
  }
}

const REDUCTIONS = { 'reduce-sum': 'sum', 'reduce-max': 'max', 'reduce-min': 'min', argmax: 'argmax' } as const

/** Input coordinates of the spatial axes: `position · stride + tap · dilation − pad`. */
function windowCoordinates(op: ConvOp | PoolOp, spatial: Shape, outLoop: number, tapLoop: number): Coordinate[] {
  return spatial.map((extent, axis) => ({
    offset: 0 - (op.pads[axis] as number),
    terms: [
      [outLoop + axis, op.strides[axis] as number],
      [tapLoop + axis, op.dilations[axis] as number],
    ],
    extent,
  }))
}

function along(loop: number, extent: number): Coordinate {
  return { offset: 0, terms: [[loop, 1]], extent }
}

function fixed(extent: number): Coordinate {
  return { offset: 0, terms: [], extent }
}
