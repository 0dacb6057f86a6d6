import type { ValueId } from '../graph.ts'
import { storedBytes } from './byte-operands.ts'
import { arithmeticDtypes, dtypeHolds, magnitude } from './dtypes.ts'
import type { EmitContext } from './emit-context.ts'
import type { Layout } from './layouts.ts'
import type { OnnxDtype } from './onnx-writer.ts'
import type { Form } from './value-forms.ts'

/**
 * The form in which lanes of `inputs` are moved into `out`: bytes where all computed ones are held in bytes (or the result is read as
 * such), else the type that needs the fewest casts among those that hold the result and that every movement kernel takes.
 */
export function movedForm(context: EmitContext, inputs: readonly ValueId[], out: ValueId, layout: Layout): Form {
  return movedBytes(context, inputs, out, layout) ?? { dtype: movedDtype(context, inputs, out), layout }
}

function movedBytes(context: EmitContext, inputs: readonly ValueId[], out: ValueId, layout: Layout): Form | undefined {
  const { values, byteReaders } = context
  const computed = inputs.filter((id) => !values.isConstant(id))
  const offsets = new Set(computed.map((id) => values.heldBytes(id)?.offset ?? 0))
  const areBytes = computed.length > 0 && computed.every((id) => values.heldBytes(id) !== undefined)
  const facts = values.facts(out)
  const [offset = 0] = offsets
  const keepsOffset = offsets.size === 1 && facts.lo + offset >= 0 && facts.hi + offset <= 255
  if (areBytes && keepsOffset) return { dtype: 'uint8', layout, offset }
  const stored = storedBytes(facts, facts)
  if (stored === undefined || !(areBytes || byteReaders.has(out))) return undefined
  return { dtype: 'uint8', layout, offset: stored.offset }
}

function movedDtype(context: EmitContext, inputs: readonly ValueId[], out: ValueId): OnnxDtype {
  const { values } = context
  const facts = values.facts(out)
  const wide: readonly OnnxDtype[] = [...arithmeticDtypes(magnitude(facts)), 'int64']
  const narrow = (['uint8', 'int8'] as const).filter((dtype) => dtypeHolds(dtype, facts))
  return values.cheapest(inputs, [...wide, ...narrow])
}
