import fc from 'fast-check'
import { checkGraph } from '../../node/exact/check.ts'
import type { Bounds, CheckedGraph, ExactGraph, OpKind, Shape, Tensor } from '../../node/exact/graph.ts'
import { laneBytesFor } from '../../node/exact/tensor-data.ts'
import { createGraphBuilder } from './graph-builder.ts'
import { GROW } from './random-ops.ts'
import { RANGES } from './random-picks.ts'
import { createPick, createRandom, type Fill, randomTensor } from './random-source.ts'

/** A valid graph with inputs to run it on. */
export interface GraphCase {
  readonly graph: ExactGraph
  readonly checked: CheckedGraph
  /** Sets of inputs: all at their least, all at their greatest, each at either end, and anywhere. */
  readonly inputSets: readonly (readonly Tensor[])[]
}

/** What to draw graphs from. */
export interface GraphOptions {
  /** Kinds of ops to grow (others may be added around them: reshape, clip, shift-right…). Default: all. */
  readonly kinds?: readonly OpKind[]
  /** Most ops to grow. Default 8. */
  readonly maxOps?: number
}

/** Runs of a property: `FC_NUM_RUNS`, or `fallback`. */
export function numRuns(fallback: number): number {
  return Number(process.env.FC_NUM_RUNS ?? fallback)
}

const SHAPES: readonly Shape[] = [
  [4],
  [],
  [1],
  [2, 3],
  [3, 8],
  [1, 2, 5, 5],
  [2, 4, 6],
  [1, 1, 7],
  [1, 3, 4, 4],
  [2, 2, 3, 2, 3],
]
const ALL_KINDS = Object.keys(GROW) as OpKind[]
const FILLS: readonly Fill[] = ['lo', 'hi', 'corners', 'uniform']

/**
 * Graphs that pass the check, over all kinds of ops, of at most 2,048 lanes a tensor, with inputs. Shrinks to fewer ops and
 * to simpler choices.
 */
export function graphCases(options: GraphOptions = {}): fc.Arbitrary<GraphCase> {
  const decisions = (length: number) => fc.array(fc.nat(65_535), { minLength: length, maxLength: length })
  const recipe = fc.record({ kind: fc.constantFrom(...(options.kinds ?? ALL_KINDS)), decisions: decisions(32) })
  return fc
    .record({
      inputs: fc.array(decisions(4), { minLength: 1, maxLength: 3 }),
      recipes: fc.array(recipe, { minLength: 1, maxLength: options.maxOps ?? 8 }),
      extra: fc.array(decisions(2), { maxLength: 2 }),
      seed: fc.nat(65_535),
    })
    .map(({ inputs, recipes, extra, seed }) => {
      const builder = createGraphBuilder({ lanes: 2048, terms: 100_000 })
      for (const input of inputs) builder.input(inputOf(input))
      for (const { kind, decisions } of recipes) GROW[kind](builder, createPick(decisions))
      const outputs = extra.map(([value = 0, wide = 0]) => ({
        value: value % builder.values.length,
        wide: wide % 2 === 1,
      }))
      return caseOf(builder.finish(outputs), seed)
    })
}

/** Checks a graph and draws inputs for it. @throws InvalidError where the graph is not valid. */
export function caseOf(graph: ExactGraph, seed: number): GraphCase {
  const random = createRandom(seed)
  const inputSets = FILLS.map((fill) => graph.inputs.map((input) => randomTensor(input.shape, input, fill, random)))
  return { graph, checked: checkGraph(graph), inputSets }
}

function inputOf(decisions: readonly number[]): ExactGraph['inputs'][number] {
  const pick = createPick(decisions)
  const shape = SHAPES[pick(SHAPES.length)] as Shape
  const bounds = RANGES[pick(3) === 2 ? pick(RANGES.length) : pick(9)] as Bounds
  return { shape, ...bounds, laneBytes: pick(3) === 2 ? 8 : laneBytesFor(bounds) }
}
