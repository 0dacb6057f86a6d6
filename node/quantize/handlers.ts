import type { FloatOpHandler, HandlerTable } from './handler.ts'
import { ACTIVATION_HANDLERS } from './ops/activations.ts'
import { AFFINE_HANDLERS } from './ops/affine.ts'
import { CONTRACTION_HANDLERS } from './ops/contractions.ts'
import { CONVOLUTION_HANDLERS } from './ops/convolution.ts'
import { FUNCTION_HANDLERS } from './ops/functions.ts'
import { LINEAR_MODEL_HANDLERS } from './ops/linear-models.ts'
import { LOGIC_HANDLERS } from './ops/logic.ts'
import { MOVEMENT_HANDLERS } from './ops/movement.ts'
import { NORMALISATION_HANDLERS } from './ops/normalisation.ts'
import { POOLING_HANDLERS } from './ops/pooling.ts'
import { PRODUCT_HANDLERS } from './ops/products.ts'
import { RECURRENT_HANDLERS } from './ops/recurrent.ts'
import { REDUCTION_HANDLERS } from './ops/reductions.ts'
import { RESAMPLING_HANDLERS } from './ops/resampling.ts'
import { SOFTMAX_HANDLERS } from './ops/softmax.ts'
import { SUM_HANDLERS } from './ops/sums.ts'
import { TRANSPOSED_CONVOLUTION_HANDLERS } from './ops/transposed-convolution.ts'
import { TREE_HANDLERS } from './ops/trees.ts'

/** Every family. */
const FAMILIES: readonly HandlerTable[] = [
  ACTIVATION_HANDLERS,
  AFFINE_HANDLERS,
  CONTRACTION_HANDLERS,
  CONVOLUTION_HANDLERS,
  FUNCTION_HANDLERS,
  LINEAR_MODEL_HANDLERS,
  LOGIC_HANDLERS,
  MOVEMENT_HANDLERS,
  NORMALISATION_HANDLERS,
  POOLING_HANDLERS,
  PRODUCT_HANDLERS,
  REDUCTION_HANDLERS,
  RESAMPLING_HANDLERS,
  SOFTMAX_HANDLERS,
  SUM_HANDLERS,
  RECURRENT_HANDLERS,
  TRANSPOSED_CONVOLUTION_HANDLERS,
  TREE_HANDLERS,
]

/** The float operators that have an exact form. */
export const HANDLERS: ReadonlyMap<string, FloatOpHandler> = new Map(
  FAMILIES.flatMap((family) => Object.entries(family)),
)
