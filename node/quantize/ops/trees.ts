import type { ValueId } from '../../exact/graph.ts'
import { attributeOf } from '../float-graph.ts'
import { UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { columnsOf } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { type ClassScores, defineClasses, readClasses } from '../recipes/class-scores.ts'
import { descendTrees } from '../recipes/descend-trees.ts'
import { type ColumnView, compareLanes } from '../trees/lane-tests.ts'
import { readTreeEnsemble } from '../trees/read-tree-ensemble.ts'
import type { Leaf, TreeEnsemble } from '../trees/tree-ensemble.ts'

/** Bits of a leaf's weight, sign apart: more than float32 has, and sums of 2^23 trees are still safe. */
const WEIGHT_BITS = 30

const regressor: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    const { node } = context
    const targets = attributeOf(node, 'n_targets', 'int') ?? 1
    const transform = attributeOf(node, 'post_transform', 'string') ?? 'NONE'
    if (transform !== 'NONE')
      refuse('QuantiseUnsupported', `post_transform ${transform} of a regressor is not supported`)
    const { ensemble, leaves } = descend(context, 'target', targets)
    const sums = aggregate(context, ensemble, leaves, targets)
    const base = readBase(context, targets)
    context.define({ id: sums.id, step: sums.step, offset: base, limits: UNLIMITED })
  },
}

const classifier: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    const classes = readClasses(context.node)
    const { ensemble, leaves } = descend(context, 'class', classes.labels.length)
    const weights = ensemble.rows.flatMap((row) => (row.kind === 'leaf' ? [row.weights] : []))
    const named = new Set(weights.flatMap((leaf) => [...leaf.keys()]))
    const isBinary = classes.labels.length === 2 && named.size <= 1
    const [only = 0] = named
    const { id, step } = aggregate(context, ensemble, leaves, isBinary ? 1 : classes.labels.length, isBinary ? only : 0)
    const base = attributeOf(context.node, 'base_values', 'floats') ?? []
    const scores: ClassScores = {
      id,
      step,
      offset: readBase(context, isBinary ? 1 : classes.labels.length, isBinary && base.length === 2 ? only : 0),
      ...(isBinary ? { positive: weights.every((leaf) => [...leaf.values()].every((weight) => weight >= 0)) } : {}),
    }
    defineClasses(context, classes, scores)
  },
}

/** `[trees, rows]` leaf numbers, and the leaves they stand for. */
interface Descended {
  readonly ensemble: TreeEnsemble
  readonly leaves: { readonly id: ValueId; readonly of: readonly Leaf[] }
}

function descend(context: NodeContext, kind: 'class' | 'target', targets: number): Descended {
  const { shape } = context.operandValue(0)
  const columns = shape.at(-1) ?? 1
  const ensemble = readTreeEnsemble(context.node, kind, columns, targets)
  const { id, ...view } = context.view(0)
  const facts = context.facts(id)
  const input = facts.shape.length === 2 ? id : context.add({ kind: 'reshape', inputs: [id], shape: [1, columns] })
  const trees = compareLanes(ensemble, columnViews(view, columns), facts)
  const { leaves, rows } = descendTrees(context, trees, input)
  return { ensemble, leaves: { id: leaves, of: rows.map((row) => ensemble.rows[row] as Leaf) } }
}

function columnViews(
  { step, offset, limits }: Omit<ReturnType<NodeContext['view']>, 'id'>,
  columns: number,
): ColumnView[] {
  const parts = [step, offset, limits.lo, limits.hi].map(
    (part) =>
      columnsOf(part, columns) ??
      refuse('QuantiseUnsupported', 'the input of trees is scaled by more than its columns'),
  )
  const [steps, offsets, los, his] = parts as [Float64Array, Float64Array, Float64Array, Float64Array]
  return Array.from({ length: columns }, (_, i) => ({
    step: steps[i] as number,
    offset: offsets[i] as number,
    limits: { lo: los[i] as number, hi: his[i] as number },
  }))
}

/** `[rows, targets]`: what all trees give to each target. @param first the first target that is kept. */
function aggregate(
  context: NodeContext,
  ensemble: TreeEnsemble,
  { id, of }: Descended['leaves'],
  targets: number,
  first = 0,
): { readonly id: ValueId; readonly step: number } {
  const weights = of.flatMap((leaf) => Array.from({ length: targets }, (_, i) => leaf.weights.get(first + i) ?? 0))
  const greatest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  const unit = greatest === 0 ? 1 : 2 ** (Math.ceil(Math.log2(greatest)) - WEIGHT_BITS)
  const table = context.constantLanes(
    [of.length, targets],
    weights.map((weight) => Math.round(weight / unit)),
  )
  const perTree = context.add({ kind: 'lookup', inputs: [id, table], axis: 0 })
  const kind = attributeOf(context.node, 'aggregate_function', 'string') ?? 'SUM'
  const trees = ensemble.roots.length
  switch (kind) {
    case 'SUM':
    case 'AVERAGE': {
      const sum = context.add({ kind: 'reduce-sum', inputs: [perTree], axes: [0], keepDims: false })
      return { id: sum, step: kind === 'SUM' ? unit : unit / trees }
    }
    case 'MIN':
    case 'MAX': {
      const isPartial = of.some((leaf) => leaf.weights.size < targets)
      if (isPartial)
        refuse('QuantiseUnsupported', `aggregate_function ${kind} needs a weight of every target in every leaf`)
      const op = kind === 'MIN' ? 'reduce-min' : 'reduce-max'
      return { id: context.add({ kind: op, inputs: [perTree], axes: [0], keepDims: false }), step: unit }
    }
    default:
      return refuse('QuantiseModel', `no aggregate_function is named ${kind}`)
  }
}

/** Base value of each target, as a table along the last axis. */
function readBase({ node }: NodeContext, targets: number, first = 0) {
  const base = attributeOf(node, 'base_values', 'floats') ?? []
  if (base.length === 0) return 0
  const own = base.slice(first, first + targets)
  if (own.length !== targets) refuse('QuantiseModel', `${base.length} base values for ${targets} targets`)
  return targets === 1 ? (own[0] as number) : { shape: [1, targets], data: Float64Array.from(own) }
}

/** Tree ensembles: integers are compared with integers, so that every input on the grid descends as in the float model. */
export const TREE_HANDLERS: HandlerTable = {
  'ai.onnx.ml:TreeEnsembleClassifier': classifier,
  'ai.onnx.ml:TreeEnsembleRegressor': regressor,
}
