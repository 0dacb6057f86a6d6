import type { FloatOpHandler, HandlerTable } from './handler.ts'
import { ACTIVATION_HANDLERS } from './ops/activations.ts'
import { CONTRACTION_HANDLERS } from './ops/contractions.ts'
import { MOVEMENT_HANDLERS } from './ops/movement.ts'
import { SUM_HANDLERS } from './ops/sums.ts'
import { TREE_HANDLERS } from './ops/trees.ts'

/** Every family. */
const FAMILIES: readonly HandlerTable[] = [
  ACTIVATION_HANDLERS,
  CONTRACTION_HANDLERS,
  MOVEMENT_HANDLERS,
  SUM_HANDLERS,
  TREE_HANDLERS,
]

/** The float operators that have an exact form. */
export const HANDLERS: ReadonlyMap<string, FloatOpHandler> = new Map(
  FAMILIES.flatMap((family) => Object.entries(family)),
)
