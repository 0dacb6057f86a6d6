import type { CheckedGraph, Tensor } from '../exact/graph.ts'

/** An exact graph, loaded to be run. */
export interface ExactSession {
  /** One tensor an input, in order → one an output. */
  run(inputs: readonly Tensor[]): Promise<readonly Tensor[]>
  close(): Promise<void>
}

/** Loads an exact graph, which may have more outputs than consensus allows. */
export type OpenExactSession = (checked: CheckedGraph) => Promise<ExactSession>
