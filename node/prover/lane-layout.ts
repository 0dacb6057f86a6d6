import type { Bounds, Shape, TensorData } from '../exact/graph.ts'
import type { StoredSource } from '../exact/program/lowering.ts'
import type { ProgramValue } from '../exact/program/program.ts'
import { allocateData, laneBytesOf, stridesOf } from '../exact/tensor-data.ts'
import { UnavailableError } from '../protocol/errors.ts'

/** A loop over the lanes of a value in its storage order: its extent, and how far a step of it moves in the row-major tensor. */
interface Loop {
  readonly extent: number
  readonly stride: number
}

/**
 * The lanes of a Program's value as it is stored, from the graph's value that it holds: one axis range of it perhaps, its axes in storage
 * order, in lanes of the stored width. Cost: one pass. The result shares the memory of `lanes` where they are stored as they come.
 * @param lanes row-major lanes of the graph's value of this `shape`, which the check proved to lie within `bounds`.
 * @throws UnavailableError `NativeResultWrong` when they are not as many, or not integers within the bounds: the native engine failed.
 */
export function storeLanes(
  lanes: TensorData,
  shape: Shape,
  bounds: Bounds,
  source: StoredSource,
  stored: ProgramValue,
): TensorData {
  const strides = stridesOf(shape)
  if (lanes.length !== (strides[0] ?? 1) * (shape[0] ?? 1)) throw wrongResult(`${lanes.length} lanes`, source, shape)
  const extents = source.part === undefined ? shape : shape.with(source.part.axis, source.part.size)
  const first = source.part === undefined ? 0 : source.part.start * (strides[source.part.axis] as number)
  const loops = joinLoops(
    source.order.map((axis) => ({ extent: extents[axis] as number, stride: strides[axis] as number })),
  )
  const isAsItComes = lanes.length === stored.lanes && loops.every(({ stride }) => stride === 1)
  const isSame = isAsItComes && laneBytesOf(lanes) === stored.laneBytes
  const out = isSame ? lanes : allocateData(stored.laneBytes, stored.lanes)
  const bad = isSame ? firstOutside(lanes, bounds) : copyLanes(lanes, first, loops, bounds, out)
  if (bad !== undefined) throw wrongResult(`a lane of ${bad}`, source, shape)
  return out
}

/** The same loops with those of extent 1 left out and neighbours that run on evenly joined. */
function joinLoops(loops: readonly Loop[]): Loop[] {
  const joined: Loop[] = []
  for (const loop of loops) {
    const last = joined.at(-1)
    if (loop.extent === 1) continue
    if (last !== undefined && last.stride === loop.stride * loop.extent) {
      joined[joined.length - 1] = { extent: last.extent * loop.extent, stride: loop.stride }
    } else {
      joined.push(loop)
    }
  }
  return joined
}

/** The first lane that is no integer within the bounds, if there is one. */
function firstOutside(lanes: TensorData, { lo, hi }: Bounds): number | undefined {
  const isWide = lanes instanceof Float64Array
  for (let i = 0; i < lanes.length; i++) {
    const lane = lanes[i] as number
    if (!(lane >= lo && lane <= hi) || (isWide && !Number.isInteger(lane))) return lane
  }
  return undefined
}

/** Copies lanes in the order of `loops`. @returns the first that is no integer within the bounds, if there is one. */
function copyLanes(
  from: TensorData,
  first: number,
  loops: readonly Loop[],
  { lo, hi }: Bounds,
  out: TensorData,
): number | undefined {
  const { extent, stride } = loops.at(-1) ?? { extent: 1, stride: 0 }
  const outer = loops.slice(0, -1)
  const index = new Array<number>(outer.length).fill(0)
  const isWide = from instanceof Float64Array
  let row = first
  for (let to = 0; to < out.length; row += nextRow(outer, index)) {
    for (let i = 0, at = row; i < extent; i++, at += stride) {
      const lane = from[at] as number
      if (!(lane >= lo && lane <= hi) || (isWide && !Number.isInteger(lane))) return lane
      out[to++] = lane
    }
  }
  return undefined
}

/** Steps a mixed-radix index on. @returns how far that moves in the row-major tensor. */
function nextRow(loops: readonly Loop[], index: number[]): number {
  let move = 0
  for (let i = loops.length - 1; i >= 0; i--) {
    const { extent, stride } = loops[i] as Loop
    const next = (index[i] as number) + 1
    if (next < extent) {
      index[i] = next
      return move + stride
    }
    index[i] = 0
    move -= stride * (extent - 1)
  }
  return move
}

function wrongResult(what: string, { value }: StoredSource, shape: Shape): UnavailableError {
  const message = `the native engine gave ${what} for value ${value} of shape [${shape.join(', ')}]: run another provider`
  return new UnavailableError('NativeResultWrong', message, { meta: { value } })
}
