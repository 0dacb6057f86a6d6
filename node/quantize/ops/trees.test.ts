import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkGraph } from '../../exact/check.ts'
import type { OnnxAttribute } from '../../exact/import/onnx-model.ts'
import { runReference } from '../../exact/reference.ts'
import { packData } from '../../exact/tensor-data.ts'
import type { FloatGraph } from '../float-graph.ts'
import { PRECISIONS } from '../precision.ts'
import { quantiseGraph } from '../quantise-graph.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 100)
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'] as const
const COLUMNS = 3
const TARGETS = 2
const STEPS = [1, 0.25, 0.1]

/** A tree as nested branches; leaves hold one weight a target. */
type Tree =
  | { readonly weights: readonly number[] }
  | {
      readonly mode: (typeof MODES)[number]
      readonly feature: number
      readonly value: number
      readonly yes: Tree
      readonly no: Tree
    }

const leaf = fc
  .array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: TARGETS, maxLength: TARGETS })
  .map((weights): Tree => ({ weights }))
/** Thresholds on the grid as float32 has it, and beside it. */
const branch = (child: fc.Arbitrary<Tree>) =>
  fc
    .record({
      mode: fc.constantFrom(...MODES),
      feature: fc.nat(COLUMNS - 1),
      lane: fc.integer({ min: -40, max: 40 }),
      beside: fc.constantFrom(0, 0, 0.3, -0.3),
      yes: child,
      no: child,
    })
    .map(
      ({ lane, beside, ...rest }): Tree => ({
        ...rest,
        value: Math.fround((lane + beside) * (STEPS[rest.feature] as number)),
      }),
    )
const tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, branch(tie('tree'))),
})).tree
const ensemble = fc.array(branch(tree), { minLength: 1, maxLength: 5 })
const rows = fc.array(fc.array(fc.integer({ min: -45, max: 45 }), { minLength: COLUMNS, maxLength: COLUMNS }), {
  minLength: 1,
  maxLength: 4,
})

function attributesOf(trees: readonly Tree[], leaves: 'class' | 'target'): Map<string, OnnxAttribute> {
  const nodes: { tree: number; node: number; feature: number; mode: string; value: number; yes: number; no: number }[] =
    []
  const votes: { tree: number; node: number; target: number; weight: number }[] = []
  for (const [number, root] of trees.entries()) {
    let count = 0
    const visit = (at: Tree): number => {
      const node = count++
      if ('weights' in at) {
        nodes.push({ tree: number, node, feature: 0, mode: 'LEAF', value: 0, yes: 0, no: 0 })
        at.weights.forEach((weight, target) => void votes.push({ tree: number, node, target, weight }))
        return node
      }
      const row = { tree: number, node, feature: at.feature, mode: at.mode as string, value: at.value, yes: 0, no: 0 }
      nodes.push(row)
      row.yes = visit(at.yes)
      row.no = visit(at.no)
      return node
    }
    visit(root)
  }
  const ints = (values: number[]): OnnxAttribute => ({ type: 'ints', value: values })
  const floats = (values: number[]): OnnxAttribute => ({ type: 'floats', value: values })
  return new Map([
    ['nodes_treeids', ints(nodes.map((row) => row.tree))],
    ['nodes_nodeids', ints(nodes.map(({ node }) => node))],
    ['nodes_featureids', ints(nodes.map(({ feature }) => feature))],
    ['nodes_modes', { type: 'strings', value: nodes.map(({ mode }) => mode) }],
    ['nodes_values', floats(nodes.map(({ value }) => value))],
    ['nodes_truenodeids', ints(nodes.map(({ yes }) => yes))],
    ['nodes_falsenodeids', ints(nodes.map(({ no }) => no))],
    [`${leaves}_treeids`, ints(votes.map((vote) => vote.tree))],
    [`${leaves}_nodeids`, ints(votes.map(({ node }) => node))],
    [`${leaves}_ids`, ints(votes.map(({ target }) => target))],
    [`${leaves}_weights`, floats(votes.map(({ weight }) => weight))],
  ])
}

function weightsAt(at: Tree, x: readonly number[]): readonly number[] {
  if ('weights' in at) return at.weights
  const real = x[at.feature] as number
  const holds = {
    BRANCH_LEQ: real <= at.value,
    BRANCH_LT: real < at.value,
    BRANCH_GTE: real >= at.value,
    BRANCH_GT: real > at.value,
    BRANCH_EQ: real === at.value,
    BRANCH_NEQ: real !== at.value,
  }
  return weightsAt(holds[at.mode] ? at.yes : at.no, x)
}

function quantise(opType: string, attributes: Map<string, OnnxAttribute>, outputs: readonly string[], count: number) {
  const graph: FloatGraph = {
    opset: 13,
    inputs: ['x'],
    outputs,
    constants: new Map(),
    nodes: [{ label: '/trees', opType, domain: 'ai.onnx.ml', inputs: ['x'], outputs: [...outputs], attributes }],
    values: new Map([
      ['x', { kind: 'float', shape: [count, COLUMNS] }],
      ['label', { kind: 'integer', shape: [count] }],
      ['scores', { kind: 'float', shape: [count, TARGETS] }],
    ]),
  }
  return quantiseGraph(graph, {
    ranges: new Map([
      ['x', { lo: -45, hi: 45 }],
      ['scores', { lo: -40, hi: 40 }],
    ]),
    inputs: [{ step: { shape: [1, COLUMNS], data: Float64Array.from(STEPS) }, laneBytes: 2, lo: -32768, hi: 32767 }],
    precisionOf: () => PRECISIONS.precise,
  })
}

const realsOf = (row: readonly number[]) => row.map((lane, column) => Math.fround(lane * (STEPS[column] as number)))

describe('tree ensembles', () => {
  it('give what the float ensemble gives, for every input on the grid', () => {
    fc.assert(
      fc.property(ensemble, rows, (trees, lanes) => {
        const attributes = attributesOf(trees, 'target').set('n_targets', { type: 'int', value: TARGETS })
        const model = quantise('TreeEnsembleRegressor', attributes, ['scores'], lanes.length)
        const input = { shape: [lanes.length, COLUMNS], data: packData(lanes.flat()) }
        const [scores] = runReference(checkGraph(model.graph), [input])
        const step = model.outputSteps[0] as number
        const expected = lanes.flatMap((row) => {
          const weights = trees.map((one) => weightsAt(one, realsOf(row)))
          return [0, 1].map((target) => weights.reduce((sum, leaves) => sum + (leaves[target] as number), 0))
        })
        for (const [i, lane] of Array.from(scores?.data ?? []).entries()) {
          expect(Math.abs(lane * step - (expected[i] as number))).toBeLessThanOrEqual(step * 0.55)
        }
      }),
      { numRuns },
    )
  })

  const stump: Tree = { mode: 'BRANCH_LEQ', feature: 0, value: 1, yes: { weights: [1, 2] }, no: { weights: [3, 4] } }

  it.each([
    ['a child that is no node', 'nodes_truenodeids', { type: 'ints', value: [7, 0, 0] }, 'tree 0 has no node 7'],
    [
      'a node that is its own child',
      'nodes_truenodeids',
      { type: 'ints', value: [0, 0, 0] },
      'a tree node is the child',
    ],
    ['a column that is none', 'nodes_featureids', { type: 'ints', value: [3, 0, 0] }, 'reads column 3'],
    ['two nodes of one number', 'nodes_nodeids', { type: 'ints', value: [0, 1, 1] }, 'two nodes 1'],
    ['lists of unequal length', 'nodes_values', { type: 'floats', value: [1] }, '1 entries of values for 3 tree nodes'],
    ['an unknown comparison', 'nodes_modes', { type: 'strings', value: ['MEMBER', 'LEAF', 'LEAF'] }, 'named MEMBER'],
    ['a weight of no target', 'target_ids', { type: 'ints', value: [0, 1, 0, 2] }, 'target 2 of 2'],
  ] as const)('refuses %s', (_, name, value, message) => {
    const attributes = attributesOf([stump], 'target').set('n_targets', { type: 'int', value: TARGETS })
    expect(() => quantise('TreeEnsembleRegressor', attributes.set(name, value), ['scores'], 1)).toThrow(message)
  })

  it('choose the class of the greatest score', () => {
    const attributes = attributesOf([stump], 'class').set('classlabels_int64s', { type: 'ints', value: [5, -9] })
    const model = quantise('TreeEnsembleClassifier', attributes, ['label', 'scores'], 2)
    const input = { shape: [2, COLUMNS], data: packData([0, 0, 0, 2, 0, 0]) }
    const [label] = runReference(checkGraph(model.graph), [input])
    expect([...(label?.data ?? [])]).toEqual([-9, -9])
  })
})
