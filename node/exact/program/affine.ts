import type { Affine, BoundCheck, OperandMap } from './program.ts'

/** One axis of an operand as a nest reads it: index `offset + Σ stride · loop`, valid where `0 <= index < extent`. */
export interface Coordinate {
  readonly offset: number
  /** Pairs of loop number and stride; a loop occurs once at most. */
  readonly terms: readonly (readonly [loop: number, stride: number])[]
  readonly extent: number
}

/** The loops of a nest, with the operands that they address. */
export interface LoopedOperands {
  readonly outLoops: readonly number[]
  readonly foldLoops: readonly number[]
  readonly operands: readonly OperandMap[]
}

/**
 * The map of an operand whose axes are read at `coordinates`: the address is their sum in lanes, and a check remains for each
 * coordinate that leaves its axis somewhere in the loops.
 * @param laneStrides lanes between neighbours along each axis. @param loops extents of all loops.
 */
export function operandMap(
  value: number,
  laneStrides: readonly number[],
  coordinates: readonly Coordinate[],
  loops: readonly number[],
): OperandMap {
  const strides = new Array<number>(loops.length).fill(0)
  let offset = 0
  coordinates.forEach((coordinate, axis) => {
    const laneStride = laneStrides[axis] as number
    offset += laneStride * coordinate.offset
    for (const [loop, stride] of coordinate.terms) strides[loop] = (strides[loop] as number) + laneStride * stride
  })
  const checks = coordinates
    .filter((coordinate) => leavesAxis(coordinate, loops))
    .map((c) => boundCheck(c, loops.length))
  return { value, address: { offset, strides }, checks }
}

/**
 * The same nest with fewer loops: those of extent 1 are dropped, and neighbours along which every form of every operand
 * runs on evenly become one. Output and fold loops are never joined with each other.
 */
export function mergeLoops(nest: LoopedOperands): LoopedOperands {
  const loops = [...nest.outLoops, ...nest.foldLoops]
  const kept: { loop: number; extent: number; isFold: boolean }[] = []
  loops.forEach((extent, loop) => {
    if (extent === 1) return
    const isFold = loop >= nest.outLoops.length
    const last = kept.at(-1)
    if (last !== undefined && last.isFold === isFold && runsOn(nest.operands, last.loop, loop, extent)) {
      kept[kept.length - 1] = { loop, extent: last.extent * extent, isFold }
    } else {
      kept.push({ loop, extent, isFold })
    }
  })
  const order = kept.map(({ loop }) => loop)
  return {
    outLoops: kept.filter(({ isFold }) => !isFold).map(({ extent }) => extent),
    foldLoops: kept.filter(({ isFold }) => isFold).map(({ extent }) => extent),
    operands: nest.operands.map((operand) => reorderLoops(operand, order)),
  }
}

/** An operand's forms over the loops `order`, given as numbers of the present loops; others are dropped. */
export function reorderLoops(operand: OperandMap, order: readonly number[]): OperandMap {
  const strides = (form: Affine) => order.map((loop) => form.strides[loop] as number)
  return {
    value: operand.value,
    address: { offset: operand.address.offset, strides: strides(operand.address) },
    checks: operand.checks.map((check) => ({ offset: check.offset, strides: strides(check), extent: check.extent })),
  }
}

function leavesAxis(coordinate: Coordinate, loops: readonly number[]): boolean {
  let least = coordinate.offset
  let greatest = coordinate.offset
  for (const [loop, stride] of coordinate.terms) {
    const reach = stride * ((loops[loop] as number) - 1)
    if (reach < 0) least += reach
    else greatest += reach
  }
  return least < 0 || greatest >= coordinate.extent
}

function boundCheck(coordinate: Coordinate, loopCount: number): BoundCheck {
  const strides = new Array<number>(loopCount).fill(0)
  for (const [loop, stride] of coordinate.terms) strides[loop] = stride
  return { offset: coordinate.offset, strides, extent: coordinate.extent }
}

/** Whether one step of `outer` moves every form as far as `extent` steps of `inner`. */
function runsOn(operands: readonly OperandMap[], outer: number, inner: number, extent: number): boolean {
  const even = ({ strides }: Affine) => strides[outer] === (strides[inner] as number) * extent
  return operands.every((operand) => even(operand.address) && operand.checks.every(even))
}
