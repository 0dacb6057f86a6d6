import type { GraphConstant, Shape, TensorData } from '../graph.ts'
import { allocateData, laneBytesOf } from '../tensor-data.ts'
import { type AxisOrder, laneStrides, rowMajor } from './layouts.ts'

/** One storage order of one constant. */
export interface LaidConstant {
  /** Index among the Program's constants. */
  readonly index: number
  /** Lanes between neighbours along each axis of the graph's constant. */
  readonly strides: readonly number[]
}

/**
 * The constants of a Program as it grows: only those that are read, each row-major and in at most one other order, so that they
 * take at most twice the graph's bytes.
 */
export interface ConstantLayouts {
  readonly laid: readonly TensorData[]
  /**
   * Constant `index` of the graph, stored in `order`; row-major where a second order other than that is asked for.
   * Cost: one pass over its lanes for a new order.
   */
  lay(index: number, order: AxisOrder): LaidConstant
}

/** Starts with no constants. */
export function createConstantLayouts(constants: readonly GraphConstant[]): ConstantLayouts {
  const laid: TensorData[] = []
  const rowMajorOnes = new Map<number, LaidConstant>()
  const otherOnes = new Map<number, { readonly key: string; readonly constant: LaidConstant }>()

  function lay(index: number, order: AxisOrder): LaidConstant {
    const { shape, data } = constants[index] as GraphConstant
    const loops = order.filter((axis) => shape[axis] !== 1)
    const key = loops.join(' ')
    const other = otherOnes.get(index)
    if (other !== undefined && other.key === key) return other.constant
    const isRowMajor = loops.every((axis, i) => i === 0 || axis > (loops[i - 1] as number))
    if (isRowMajor || other !== undefined) {
      const present = rowMajorOnes.get(index) ?? add(data, laneStrides(shape, rowMajor(shape.length)))
      rowMajorOnes.set(index, present)
      return present
    }
    const constant = add(reorder(data, shape, loops), laneStrides(shape, order))
    otherOnes.set(index, { key, constant })
    return constant
  }

  function add(data: TensorData, strides: readonly number[]): LaidConstant {
    laid.push(data)
    return { index: laid.length - 1, strides }
  }

  return { laid, lay }
}

/** The lanes of a row-major tensor, stored with its axes in the order of `loops` (those of extent 1 left out). */
function reorder(data: TensorData, shape: Shape, loops: AxisOrder): TensorData {
  const source = laneStrides(shape, rowMajor(shape.length))
  const out = allocateData(laneBytesOf(data), data.length)
  const index = new Array<number>(loops.length).fill(0)
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from] as number
    for (let loop = loops.length - 1; loop >= 0; loop--) {
      const axis = loops[loop] as number
      const next = (index[loop] as number) + 1
      const stride = source[axis] as number
      if (next < (shape[axis] as number)) {
        index[loop] = next
        from += stride
        break
      }
      index[loop] = 0
      from -= stride * (next - 1)
    }
  }
  return out
}
