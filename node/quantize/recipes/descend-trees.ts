import type { Shape, ValueId } from '../../exact/graph.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import type { LaneBuilder } from '../lane-builder.ts'
import type { LaneTrees } from '../trees/lane-tests.ts'

/** Where all trees end for all rows of the input, and the rows of the ensemble that leaf numbers stand for. */
export interface Descent {
  /** `[trees, rows]`: leaf numbers. */
  readonly leaves: ValueId
  /** Row of the ensemble by leaf number. */
  readonly rows: readonly number[]
}

/**
 * Descends all trees at once, a level a round: each round looks up the node's column and limit, compares, and looks up the child. Leaves
 * are their own children. @param input `[rows, columns]`. Cost: 8 ops a level, of one lane a tree and row.
 */
export function descendTrees(lanes: LaneBuilder, trees: LaneTrees, input: ValueId): Descent {
  const { shape, lo } = lanes.facts(input)
  const [rows, columns] = shape as readonly [number, number]
  const tables = numberNodes(trees, lo)
  const all: Shape = [trees.roots.length, rows]
  const flat = lanes.add({ kind: 'reshape', inputs: [input], shape: [shapeSize(shape)] })
  const rowStarts = lanes.constantLanes(
    [1, rows],
    Array.from({ length: rows }, (_, row) => row * columns),
  )
  const features = lanes.constantLanes([tables.count], tables.features)
  const limits = lanes.constantLanes([tables.count], tables.limits)
  const children = lanes.constantLanes([2 * tables.count], tables.children)
  const read = (indices: ValueId, table: ValueId) => lanes.add({ kind: 'lookup', inputs: [indices, table], axis: 0 })
  let node = lanes.constantLanes(
    all,
    trees.roots.flatMap((root) => new Array<number>(rows).fill(tables.numberOf[root] as number)),
  )
  for (let level = 0; level < trees.depth; level++) {
    const place = lanes.add({ kind: 'add', inputs: [read(node, features), rowStarts] })
    const above = lanes.add({ kind: 'less', inputs: [read(node, limits), read(place, flat)] })
    const pair = lanes.add({ kind: 'shift-left', inputs: [node], bits: 1 })
    node = read(lanes.add({ kind: 'add', inputs: [pair, above] }), children)
  }
  const branches = tables.count - tables.leafRows.length
  const most = Math.max(0, tables.leafRows.length - 1)
  const numbers = lanes.add({ kind: 'add', inputs: [node, lanes.constantLanes([], [-branches])] })
  return { leaves: lanes.add({ kind: 'clip', inputs: [numbers], lo: 0, hi: most }), rows: tables.leafRows }
}

/** The nodes as tables, branches before leaves. */
function numberNodes({ nodes }: LaneTrees, leastLane: number) {
  const leaves = nodes.flatMap((node, i) => (node.kind === 'leaf' ? [{ row: node.row, i }] : []))
  const branches = nodes.flatMap((node, i) => (node.kind === 'branch' ? [{ node, i }] : []))
  const numberOf: number[] = []
  for (const [number, { i }] of [...branches, ...leaves].entries()) numberOf[i] = number
  const selves = leaves.map(({ i }) => numberOf[i] as number)
  return {
    count: nodes.length,
    numberOf,
    leafRows: leaves.map(({ row }) => row),
    features: [...branches.map(({ node }) => node.feature), ...selves.map(() => 0)],
    limits: [...branches.map(({ node }) => node.limit), ...selves.map(() => leastLane)],
    children: [
      ...branches.flatMap(({ node }) => [numberOf[node.below] as number, numberOf[node.above] as number]),
      ...selves.flatMap((self) => [self, self]),
    ],
  }
}
