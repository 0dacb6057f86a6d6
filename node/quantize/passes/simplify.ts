import type { FloatGraph } from '../float-graph.ts'
import { dropIdentities } from './drop-identities.ts'
import { foldBatchNorm } from './fold-batch-norm.ts'
import { fuseFunctions } from './fuse-functions.ts'
import { fuseNormalisations } from './fuse-normalisations.ts'
import { fuseSoftmax } from './fuse-softmax.ts'
import { prune } from './prune.ts'
import { splitProjections } from './split-projections.ts'

/** Rewrites a graph without changing what it computes, but for float rounding. */
export type Pass = (graph: FloatGraph) => FloatGraph

/** Every pass, in order. Those that recognise patterns come after those that clear the view. */
const PASSES: readonly Pass[] = [
  dropIdentities,
  foldBatchNorm,
  splitProjections,
  fuseNormalisations,
  fuseSoftmax,
  fuseFunctions,
  prune,
]

/** Applies every pass. */
export function simplifyGraph(graph: FloatGraph): FloatGraph {
  return PASSES.reduce((simpler, pass) => pass(simpler), prune(graph))
}
