import { NODE_IMPORTERS } from '../../exact/import/node-importers.ts'
import { REFUSED_OPERATORS } from '../../exact/import/refused-operators.ts'
import { BugError } from '../../protocol/errors.ts'
import { RANDOM_OPERATORS, STATIC_OPERATORS } from '../build-float-graph.ts'
import { HANDLERS } from '../handlers.ts'
import { IDENTITIES } from '../passes/drop-identities.ts'
import { quantiserRefusal } from '../refused-operators.ts'
import { SCALAR_OPERATORS } from '../scalar-functions.ts'
import { ONNX_OPERATORS, type OnnxOperator } from './onnx-operators.ts'

/** Whether an operator is taken, how, and if not, why and what mends it. */
export type Verdict = { readonly taken: true; readonly how: Way } | { readonly taken: false; readonly reason: string }

/**
 * How an operator is taken:
 * - `exact`: as integer arithmetic, proven not to round;
 * - `quantised`: by a handler of its own;
 * - `table`: as a function of one value, any other operand being a constant of one lane: alone or with its neighbours a lookup table;
 * - `removed`: it changes nothing in inference;
 * - `folded`: its result is a constant once shapes are known.
 */
export type Way = 'exact' | 'quantised' | 'table' | 'removed' | 'folded'

/** What becomes of one operator of ONNX. */
export interface OperatorCoverage extends OnnxOperator {
  /** In an exact file. */
  readonly exact: Verdict
  /** In a float model that is quantised, where it depends on lanes of an input: what does not is folded, but for random operators. */
  readonly quantiser: Verdict
}

/** What becomes of every operator of {@link ONNX_OPERATORS}, read off the tables that do the work. @throws BugError for one without a reason. */
export function operatorCoverage(): readonly OperatorCoverage[] {
  return ONNX_OPERATORS.map((operator) => ({
    ...operator,
    exact: exactVerdict(operator),
    quantiser: quantiserVerdict(operator),
  }))
}

function exactVerdict({ domain, name }: OnnxOperator): Verdict {
  if (domain !== '') return { taken: false, reason: 'exact files have the default domain only' }
  if (NODE_IMPORTERS.has(name)) return { taken: true, how: 'exact' }
  return { taken: false, reason: REFUSED_OPERATORS.get(name) ?? missing(name) }
}

function quantiserVerdict({ domain, name }: OnnxOperator): Verdict {
  const key = domain === '' ? name : `${domain}:${name}`
  const how = wayOf(key)
  if (how !== undefined) return { taken: true, how }
  return { taken: false, reason: quantiserRefusal(key) ?? missing(key) }
}

/** How the quantiser takes an operator, the earliest step first. */
function wayOf(key: string): Way | undefined {
  if (RANDOM_OPERATORS.has(key)) return undefined
  if (STATIC_OPERATORS.has(key)) return 'folded'
  if (IDENTITIES.has(key)) return 'removed'
  if (HANDLERS.has(key)) return 'quantised'
  return SCALAR_OPERATORS.includes(key) ? 'table' : undefined
}

function missing(operator: string): never {
  throw new BugError(`nothing says why ${operator} is refused: add it to a refused-operators.ts`)
}
