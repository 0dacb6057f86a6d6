import { specLanes } from '../protocol/inference-roots.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import type { LaneWidth } from '../protocol/tensor-encoding.ts'

/**
 * Index of the first lane of canonical bytes that lies outside its tensor's bounds, counted over all tensors in order;
 * undefined when all are inside. The bytes have the exact length of the specs. Cost: one read a lane.
 */
export function findLaneOutOfRange(specs: readonly TensorSpec[], bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let firstLane = 0
  let at = 0
  for (const spec of specs) {
    const lanes = specLanes(spec)
    const wrong = findInTensor(view, at, lanes, spec)
    if (wrong !== undefined) return firstLane + wrong
    firstLane += lanes
    at += lanes * spec.laneBytes
  }
  return undefined
}

function findInTensor(view: DataView, at: number, lanes: number, spec: TensorSpec): number | undefined {
  for (let i = 0; i < lanes; i++) {
    const lane = readAnyLane(view, at + i * spec.laneBytes, spec.laneBytes)
    if (lane < spec.lo || lane > spec.hi) return i
  }
  return undefined
}

/** Big-endian two's complement; an 8-byte lane beyond ±2^53 is rounded, and stays beyond every bound. */
function readAnyLane(view: DataView, at: number, laneBytes: LaneWidth): number {
  switch (laneBytes) {
    case 1:
      return view.getInt8(at)
    case 2:
      return view.getInt16(at)
    case 4:
      return view.getInt32(at)
    case 8:
      return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4)
  }
}
