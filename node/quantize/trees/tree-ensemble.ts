/*
 * A tree ensemble (`TreeEnsembleClassifier`, `TreeEnsembleRegressor` of ai.onnx.ml) as plain data. Rows number all nodes of all trees,
 * in the order of the file.
 */

/** How a branch compares its feature with its value; where the comparison holds, descent goes on at `yes`. */
export type Comparison = 'BRANCH_LEQ' | 'BRANCH_LT' | 'BRANCH_GTE' | 'BRANCH_GT' | 'BRANCH_EQ' | 'BRANCH_NEQ'

/** A node that compares. `yes` and `no` are rows. */
export interface Branch {
  readonly kind: 'branch'
  readonly feature: number
  readonly comparison: Comparison
  readonly value: number
  readonly yes: number
  readonly no: number
}

/** A node that ends a descent: the weight that it gives to each target. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly weights: ReadonlyMap<number, number>
}

/** One node. */
export type TreeNode = Branch | Leaf

/** All trees. Each row is reached from exactly one root, by exactly one way. */
export interface TreeEnsemble {
  readonly rows: readonly TreeNode[]
  /** Row of each tree's first node. */
  readonly roots: readonly number[]
  /** Branches on the longest way from a root to a leaf. */
  readonly depth: number
}
