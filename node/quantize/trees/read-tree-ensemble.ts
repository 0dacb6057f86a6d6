import { attributeOf, type FloatNode } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'
import type { Branch, Comparison, TreeEnsemble, TreeNode } from './tree-ensemble.ts'

const COMPARISONS: ReadonlySet<string> = new Set<Comparison>([
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
])

/** Columns of the attributes `nodes_…`, one entry a node. */
interface NodeLists {
  readonly trees: readonly number[]
  readonly ids: readonly number[]
  readonly features: readonly number[]
  readonly modes: readonly string[]
  readonly values: readonly number[]
  readonly yes: readonly number[]
  readonly no: readonly number[]
}

/**
 * Reads the attributes of a tree ensemble. Fixed point has no NaN, so where missing values go does not matter.
 * @param leaves prefix of the lists of leaf weights: `class` or `target`. @param features columns of the input.
 * Cost: linear in the nodes. @throws QuantiseError `QuantiseModel` for lists, ids or trees that do not fit each other.
 */
export function readTreeEnsemble(
  node: FloatNode,
  leaves: 'class' | 'target',
  features: number,
  targets: number,
): TreeEnsemble {
  const lists = readNodeLists(node)
  const rowOf = numberRows(lists)
  const weights = readWeights(node, leaves, targets, rowOf)
  const rows = lists.ids.map((_, row): TreeNode => {
    if (lists.modes[row] === 'LEAF') return { kind: 'leaf', weights: weights.get(row) ?? new Map() }
    return readBranch(lists, row, rowOf, features)
  })
  const roots = firstRows(lists)
  return { rows, roots, depth: depthOf(rows, roots) }
}

function readNodeLists(node: FloatNode): NodeLists {
  const ints = (name: string) => attributeOf(node, name, 'ints') ?? []
  const lists = {
    trees: ints('nodes_treeids'),
    ids: ints('nodes_nodeids'),
    features: ints('nodes_featureids'),
    modes: attributeOf(node, 'nodes_modes', 'strings') ?? [],
    values: attributeOf(node, 'nodes_values', 'floats') ?? [],
    yes: ints('nodes_truenodeids'),
    no: ints('nodes_falsenodeids'),
  }
  const count = lists.ids.length
  if (count === 0) refuse('QuantiseModel', 'the ensemble has no nodes')
  for (const [name, list] of Object.entries(lists)) {
    if (list.length !== count) refuse('QuantiseModel', `${list.length} entries of ${name} for ${count} tree nodes`)
  }
  return lists
}

/** The row of a node by its tree and number. */
type RowOf = (tree: number, id: number) => number

function numberRows({ trees, ids }: NodeLists): RowOf {
  const rows = new Map<string, number>()
  for (const [row, id] of ids.entries()) {
    const key = `${trees[row]}/${id}`
    if (rows.has(key)) refuse('QuantiseModel', `tree ${trees[row]} has two nodes ${id}`)
    rows.set(key, row)
  }
  return (tree, id) => rows.get(`${tree}/${id}`) ?? refuse('QuantiseModel', `tree ${tree} has no node ${id}`)
}

function readBranch(lists: NodeLists, row: number, rowOf: RowOf, features: number): Branch {
  const tree = lists.trees[row] as number
  const comparison = lists.modes[row] as string
  if (!COMPARISONS.has(comparison)) refuse('QuantiseModel', `tree ${tree}: no comparison is named ${comparison}`)
  const feature = lists.features[row] as number
  if (feature < 0 || feature >= features) {
    refuse('QuantiseModel', `tree ${tree} reads column ${feature}: the input has ${features} columns`)
  }
  const value = lists.values[row] as number
  if (Number.isNaN(value)) refuse('QuantiseModel', `tree ${tree}: node ${lists.ids[row]} compares with NaN`)
  const [yes, no] = [rowOf(tree, lists.yes[row] as number), rowOf(tree, lists.no[row] as number)]
  return { kind: 'branch', feature, comparison: comparison as Comparison, value, yes, no }
}

/** Weights of each leaf by its row. */
function readWeights(
  node: FloatNode,
  leaves: 'class' | 'target',
  targets: number,
  rowOf: RowOf,
): Map<number, Map<number, number>> {
  const trees = attributeOf(node, `${leaves}_treeids`, 'ints') ?? []
  const ids = attributeOf(node, `${leaves}_nodeids`, 'ints') ?? []
  const targetIds = attributeOf(node, `${leaves}_ids`, 'ints') ?? []
  const values = attributeOf(node, `${leaves}_weights`, 'floats') ?? []
  if (new Set([trees.length, ids.length, targetIds.length, values.length]).size !== 1) {
    refuse('QuantiseModel', `the lists ${leaves}_treeids, _nodeids, _ids and _weights differ in length`)
  }
  const found = new Map<number, Map<number, number>>()
  for (const [i, tree] of trees.entries()) {
    const row = rowOf(tree, ids[i] as number)
    const target = targetIds[i] as number
    const value = values[i] as number
    if (target < 0 || target >= targets) refuse('QuantiseModel', `tree ${tree} names ${leaves} ${target} of ${targets}`)
    if (!Number.isFinite(value)) refuse('QuantiseModel', `tree ${tree}: a leaf has the weight ${value}`)
    const weights = found.get(row) ?? new Map<number, number>()
    weights.set(target, (weights.get(target) ?? 0) + value)
    found.set(row, weights)
  }
  return found
}

/** A tree starts at the first of its nodes in the file, as ONNX Runtime has it. */
function firstRows({ trees }: NodeLists): number[] {
  const seen = new Map<number, number>()
  for (const [row, tree] of trees.entries()) if (!seen.has(tree)) seen.set(tree, row)
  return [...seen.values()]
}

/** Longest descent. A node that is reached twice would make a graph of it, or a descent without an end. */
function depthOf(rows: readonly TreeNode[], roots: readonly number[]): number {
  const reached = new Set<number>()
  let level: readonly number[] = roots
  let depth = -1
  while (level.length > 0) {
    const next: number[] = []
    for (const row of level) {
      if (reached.has(row)) refuse('QuantiseModel', 'a tree node is the child of two others, or of itself')
      reached.add(row)
      const node = rows[row] as TreeNode
      if (node.kind === 'branch') next.push(node.yes, node.no)
    }
    depth++
    level = next
  }
  return depth
}
