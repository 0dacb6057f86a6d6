import type { Bounds } from '../../exact/graph.ts'
import type { Branch, TreeEnsemble } from './tree-ensemble.ts'

/** What the lanes of one column of the input stand for: `clamp(step · lane + offset, limits)`, as float32. */
export interface ColumnView {
  readonly step: number
  readonly offset: number
  readonly limits: { readonly lo: number; readonly hi: number }
}

/** A branch on integers: where the column's lane is greater than `limit`, descent goes on at `above`, else at `below`. */
export interface LaneBranch {
  readonly kind: 'branch'
  readonly feature: number
  readonly limit: number
  readonly below: number
  readonly above: number
}

/** A leaf: the row of the ensemble that it comes from. */
export interface LaneLeaf {
  readonly kind: 'leaf'
  readonly row: number
}

/** An ensemble that compares lanes. Nodes are numbered anew; no descent takes more than `depth` branches. */
export interface LaneTrees {
  readonly nodes: readonly (LaneBranch | LaneLeaf)[]
  readonly roots: readonly number[]
  readonly depth: number
}

/**
 * Turns comparisons of reals into comparisons of lanes, which are the same for every lane within `bounds`: each limit is found by
 * trying what its neighbours stand for, not by dividing. An equality takes two branches.
 */
export function compareLanes(ensemble: TreeEnsemble, columns: readonly ColumnView[], bounds: Bounds): LaneTrees {
  const steps = ensemble.rows.map((node) =>
    node.kind === 'leaf' ? [] : laneSteps(node, columns[node.feature] as ColumnView, bounds),
  )
  let count = 0
  const firstOf = steps.map(({ length }) => {
    const first = count
    count += Math.max(1, length)
    return first
  })
  const nodes = ensemble.rows.flatMap((node, row): (LaneBranch | LaneLeaf)[] => {
    if (node.kind === 'leaf') return [{ kind: 'leaf', row }]
    const first = firstOf[row] as number
    return (steps[row] as LaneStep[]).map(({ limit, below, above }, i) => {
      const at = (end: End) => (end === 'next' ? first + i + 1 : (firstOf[node[end]] as number))
      return { kind: 'branch', feature: node.feature, limit, below: at(below), above: at(above) }
    })
  })
  const most = steps.reduce((longest, { length }) => Math.max(longest, length), 1)
  const roots = ensemble.roots.map((row) => firstOf[row] as number)
  return { nodes, roots, depth: ensemble.depth * most }
}

/** Where a comparison of lanes leads: to a child of the branch, or to its next comparison. */
type End = 'yes' | 'no' | 'next'

interface LaneStep {
  readonly limit: number
  readonly below: End
  readonly above: End
}

/** The comparisons of lanes that decide a branch, the first one first. */
function laneSteps({ comparison, value }: Branch, column: ColumnView, bounds: Bounds): LaneStep[] {
  const atMost = orderedStep((real) => real <= value, column, bounds)
  const less = orderedStep((real) => real < value, column, bounds)
  switch (comparison) {
    case 'BRANCH_LEQ':
      return [atMost]
    case 'BRANCH_LT':
      return [less]
    case 'BRANCH_GT':
      return [swapped(atMost)]
    case 'BRANCH_GTE':
      return [swapped(less)]
    case 'BRANCH_EQ':
      return [renamed(atMost, 'next', 'no'), renamed(less, 'no', 'yes')]
    case 'BRANCH_NEQ':
      return [renamed(atMost, 'next', 'yes'), renamed(less, 'yes', 'no')]
  }
}

/** The lane step of a predicate that holds for all reals up to some point: `yes` where it holds. */
function orderedStep(holds: (real: number) => boolean, { step, offset, limits }: ColumnView, bounds: Bounds): LaneStep {
  const real = (lane: number) => Math.fround(Math.min(Math.max(step * lane + offset, limits.lo), limits.hi))
  if (step >= 0) {
    return { limit: lastLane((lane) => holds(real(lane)), bounds), below: 'yes', above: 'no' }
  }
  return { limit: lastLane((lane) => !holds(real(lane)), bounds), below: 'no', above: 'yes' }
}

/** The greatest lane for which a predicate holds that holds for all lesser ones; `lo − 1` where it holds for none. */
function lastLane(holds: (lane: number) => boolean, { lo, hi }: Bounds): number {
  let [known, tooFar] = [lo - 1, hi + 1]
  while (tooFar - known > 1) {
    const middle = known + Math.floor((tooFar - known) / 2)
    if (holds(middle)) known = middle
    else tooFar = middle
  }
  return known
}

const swapped = (step: LaneStep): LaneStep => ({ ...step, below: step.above, above: step.below })

/** The step with `yes` and `no` standing for other ends. */
function renamed(step: LaneStep, yes: End, no: End): LaneStep {
  const name = (end: End) => (end === 'yes' ? yes : no)
  return { ...step, below: name(step.below), above: name(step.above) }
}
