import { BugError } from '../protocol/errors.ts'
import {
  broadcastStrides,
  type Coordinate,
  forEachCoordinate,
  forEachTap,
  laneReader,
  offsetOf,
} from './coordinates.ts'
import type {
  ArgmaxOp,
  BinaryOp,
  CompareOp,
  ConcatOp,
  ConvOp,
  ExpandOp,
  FloordivOp,
  GatherElementsOp,
  LookupOp,
  MatmulOp,
  Op,
  OpKind,
  PadOp,
  PoolOp,
  ReduceOp,
  ReshapeOp,
  SelectOp,
  Shape,
  SliceOp,
  Tensor,
  TransposeOp,
  ValueId,
} from './graph.ts'
import { floorDivide, integerSqrt, shiftRight } from './ops/scalars.ts'
import type { OpOf } from './ops.ts'
import { shapeSize, stridesOf } from './tensor-data.ts'

/*
 * The meaning of every op, one lane at a time: operands → (coordinate of a lane of the result → its value). All arithmetic
 * is on safe integers, so it is exact, and the order in which sums are written here does not matter.
 */

/** The value of the result at a coordinate. */
export type LaneFunction = (at: Coordinate) => number

type TensorPer<Inputs extends readonly ValueId[]> = { readonly [I in keyof Inputs]: Tensor }
type Define<O extends Op> = (op: O, inputs: TensorPer<O['inputs']>, out: Shape) => LaneFunction

/** Makes the function that computes single lanes of an op's result. @param out shape of the result. */
export function laneFunction(op: Op, inputs: readonly Tensor[], out: Shape): LaneFunction {
  const define = LANES[op.kind] as (op: Op, inputs: readonly Tensor[], out: Shape) => LaneFunction
  return define(op, inputs, out)
}

const LANES: { readonly [K in OpKind]: Define<OpOf<K>> } = {
  add: pairwise((a, b) => a + b),
  sub: pairwise((a, b) => a - b),
  mul: pairwise((a, b) => a * b + 0), // + 0 turns the −0 of 0 · −1 into 0
  min: pairwise(Math.min),
  max: pairwise(Math.max),
  clip: (op, [x]) => lanewise(x, (lane) => Math.min(Math.max(lane, op.lo), op.hi)),
  'shift-left': (op, [x]) => lanewise(x, (lane) => lane * 2 ** op.bits),
  'shift-right': (op, [x]) => lanewise(x, (lane) => shiftRight(lane, op.bits, op.rounding)),
  floordiv: pairwise(floorDivide),
  isqrt: (_, [x]) => lanewise(x, integerSqrt),
  less: pairwise((a, b) => (a < b ? 1 : 0)),
  equal: pairwise((a, b) => (a === b ? 1 : 0)),
  select,
  matmul,
  conv,
  'sum-pool': pool((total, lane) => total + lane, 0),
  'max-pool': pool(Math.max, Number.NEGATIVE_INFINITY),
  'reduce-sum': reduce((total, lane) => total + lane, 0),
  'reduce-max': reduce(Math.max, Number.NEGATIVE_INFINITY),
  'reduce-min': reduce(Math.min, Number.POSITIVE_INFINITY),
  argmax,
  lookup,
  'gather-elements': gatherElements,
  reshape,
  transpose,
  slice,
  pad,
  concat,
  expand,
}

function lanewise(x: Tensor, f: (lane: number) => number): LaneFunction {
  const read = laneReader(x)
  return (at) => f(read(at))
}

function pairwise(f: (a: number, b: number) => number): Define<BinaryOp | FloordivOp | CompareOp> {
  return (_, [a, b], out) => {
    const stridesA = broadcastStrides(a.shape, out.length)
    const stridesB = broadcastStrides(b.shape, out.length)
    return (at) => f(a.data[offsetOf(at, stridesA)] as number, b.data[offsetOf(at, stridesB)] as number)
  }
}

function select(_: SelectOp, [condition, a, b]: readonly [Tensor, Tensor, Tensor], out: Shape): LaneFunction {
  const [read, readA, readB] = [condition, a, b].map(({ shape, data }) => {
    const strides = broadcastStrides(shape, out.length)
    return (at: Coordinate) => data[offsetOf(at, strides)] as number
  }) as [LaneFunction, LaneFunction, LaneFunction]
  return (at) => (read(at) === 1 ? readA(at) : readB(at))
}

function matmul(_: MatmulOp, [a, b]: readonly [Tensor, Tensor], out: Shape): LaneFunction {
  const depth = a.shape.at(-1) as number
  const stridesA = broadcastStrides(a.shape, out.length)
  const stridesB = broadcastStrides(b.shape, out.length)
  return (at) => {
    const rowOfA = offsetOf(at.with(-1, 0), stridesA)
    const columnOfB = offsetOf(at.with(-2, 0), stridesB)
    let sum = 0
    for (let k = 0; k < depth; k++) {
      const x = a.data[rowOfA + k * (stridesA.at(-1) as number)] as number
      const y = b.data[columnOfB + k * (stridesB.at(-2) as number)] as number
      sum += x * y
    }
    return sum
  }
}

function conv(op: ConvOp, [input, weights]: readonly [Tensor, Tensor]): LaneFunction {
  const [outChannels = 0, groupChannels = 0, ...kernel] = weights.shape
  const spatial = input.shape.slice(2)
  const planeStride = shapeSize(spatial)
  const tapStride = shapeSize(kernel)
  return ([n = 0, o = 0, ...position]) => {
    const group = Math.floor(o / (outChannels / op.groups))
    let sum = 0
    for (let c = 0; c < groupChannels; c++) {
      const plane = (n * (input.shape[1] as number) + group * groupChannels + c) * planeStride
      const taps = (o * groupChannels + c) * tapStride
      forEachTap(spatial, kernel, op, position, (tap, lane) => {
        sum += (input.data[plane + lane] as number) * (weights.data[taps + tap] as number)
      })
    }
    return sum
  }
}

function pool(fold: (folded: number, lane: number) => number, start: number): Define<PoolOp> {
  return (op, [x]) => {
    const spatial = x.shape.slice(2)
    const planeStride = shapeSize(spatial)
    return ([n = 0, c = 0, ...position]) => {
      const plane = (n * (x.shape[1] as number) + c) * planeStride
      let folded = start
      forEachTap(spatial, op.kernel, op, position, (_, lane) => {
        folded = fold(folded, x.data[plane + lane] as number)
      })
      return folded
    }
  }
}

function reduce(fold: (folded: number, lane: number) => number, start: number): Define<ReduceOp> {
  return (op, [x]) => {
    const strides = stridesOf(x.shape)
    const folded = op.axes.map((axis) => x.shape[axis] as number)
    const foldedStrides = op.axes.map((axis) => strides[axis] as number)
    return (at) => {
      const base = offsetOf(restoreAxes(at, op.axes, op.keepDims), strides)
      let result = start
      forEachCoordinate(folded, (inner) => {
        result = fold(result, x.data[base + offsetOf(inner, foldedStrides)] as number)
      })
      return result
    }
  }
}

function argmax(op: ArgmaxOp, [x]: readonly [Tensor]): LaneFunction {
  const strides = stridesOf(x.shape)
  return (at) => {
    const base = offsetOf(restoreAxes(at, [op.axis], op.keepDims), strides)
    const lane = (index: number) => x.data[base + index * (strides[op.axis] as number)] as number
    let best = 0
    for (let index = 1; index < (x.shape[op.axis] as number); index++) if (lane(index) > lane(best)) best = index
    return best
  }
}

/** Coordinate in the operand of a reduction's first lane: 0 along the folded axes. */
function restoreAxes(at: Coordinate, axes: readonly number[], keepDims: boolean): Coordinate {
  if (keepDims) return at
  const restored = [...at]
  for (const axis of axes) restored.splice(axis, 0, 0)
  return restored
}

function lookup(op: LookupOp, [indices, table]: readonly [Tensor, Tensor]): LaneFunction {
  const end = op.axis + indices.shape.length
  const indexAt = laneReader(indices)
  const tableAt = laneReader(table)
  return (at) => tableAt([...at.slice(0, op.axis), indexAt(at.slice(op.axis, end)), ...at.slice(end)])
}

function gatherElements(op: GatherElementsOp, [indices, table]: readonly [Tensor, Tensor]): LaneFunction {
  const indexAt = laneReader(indices)
  const tableAt = laneReader(table)
  return (at) => tableAt(at.with(op.axis, indexAt(at)))
}

function reshape(_: ReshapeOp, [x]: readonly [Tensor], out: Shape): LaneFunction {
  return laneReader({ shape: out, data: x.data })
}

function transpose(op: TransposeOp, [x]: readonly [Tensor]): LaneFunction {
  const strides = stridesOf(x.shape)
  const permuted = op.permutation.map((axis) => strides[axis] as number)
  return (at) => x.data[offsetOf(at, permuted)] as number
}

function slice(op: SliceOp, [x]: readonly [Tensor]): LaneFunction {
  const read = laneReader(x)
  return (at) => read(at.map((i, axis) => (op.starts[axis] as number) + i * (op.steps[axis] as number)))
}

function pad(op: PadOp, [x]: readonly [Tensor]): LaneFunction {
  const read = laneReader(x)
  return (at) => {
    const inner = at.map((i, axis) => i - (op.pads[axis] as number))
    const inside = inner.every((i, axis) => i >= 0 && i < (x.shape[axis] as number))
    return inside ? read(inner) : op.value
  }
}

function concat(op: ConcatOp, inputs: readonly Tensor[]): LaneFunction {
  const parts = inputs.map((input) => ({ extent: input.shape[op.axis] as number, read: laneReader(input) }))
  return (at) => {
    let index = at[op.axis] as number
    for (const { extent, read } of parts) {
      if (index < extent) return read(at.with(op.axis, index))
      index -= extent
    }
    throw new BugError(`concat: no part holds coordinate ${at}`)
  }
}

function expand(_: ExpandOp, [x]: readonly [Tensor], out: Shape): LaneFunction {
  const strides = broadcastStrides(x.shape, out.length)
  return (at) => x.data[offsetOf(at, strides)] as number
}
