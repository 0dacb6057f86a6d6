import { checkGraph } from '../../exact/check.ts'
import type { Shape } from '../../exact/graph.ts'
import { createGraphBuilder } from '../../exact/import/graph-builder.ts'
import { runReference } from '../../exact/reference.ts'
import { laneBytesFor, packData } from '../../exact/tensor-data.ts'
import type { Quantised } from '../formats.ts'
import { createLaneBuilder, type LaneBuilder } from '../lane-builder.ts'

/** Integers that a recipe is tried on. */
export interface RecipeInput {
  readonly shape: Shape
  readonly step: number
  readonly lanes: ArrayLike<number>
  readonly lo: number
  readonly hi: number
}

/** Builds a graph of one recipe, checks it and runs it in the reference; for tests. @returns real values of each result. */
export function runRecipe(
  inputs: readonly RecipeInput[],
  recipe: (lanes: LaneBuilder, operands: readonly Quantised[]) => readonly Quantised[],
): Float64Array[] {
  const builder = createGraphBuilder(2 ** 20)
  const lanes = createLaneBuilder(builder, 'recipe')
  const operands = inputs.map(({ shape, step, lo, hi }) => {
    const id = builder.addInput({ shape, lo, hi, laneBytes: laneBytesFor({ lo, hi }) })
    return { id, shape, step, lo, hi }
  })
  const results = recipe(lanes, operands)
  const { graph } = builder.finish(results.map(({ id }) => ({ value: id, laneBytes: 8 })))
  const tensors = inputs.map((input) => ({ shape: input.shape, data: packData(input.lanes) }))
  return runReference(checkGraph(graph), tensors).map(({ data }, i) =>
    Float64Array.from(data, (lane) => lane * (results[i] as Quantised).step),
  )
}
