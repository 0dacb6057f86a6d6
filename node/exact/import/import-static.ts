import { shapeSize } from '../tensor-data.ts'
import { attribute } from './attributes.ts'
import { tensorLiteral } from './constant-node.ts'
import { FLOAT32, INT64 } from './dtypes.ts'
import { refuse } from './import-error.ts'
import { requiredList } from './import-movement.ts'
import { addUnchecked, constantTensor, type NodeContext, requireSource, shapeOf, type Tracked } from './node-context.ts'

/*
 * Operators whose results follow from shapes alone, and so are constants.
 */

/** Shape: the extents, or some of them. */
export function importShape(context: NodeContext): Tracked {
  const { node } = context
  const shape = shapeOf(context, requireSource(context, 0))
  const extents = shape.slice(attribute(node, 'start', 'int') ?? 0, attribute(node, 'end', 'int'))
  if (extents.length === 0) refuse('OnnxUnsupported', 'takes the extents of no axes')
  return constantTensor(context, [extents.length], extents, INT64)
}

/** Size: the number of lanes. */
export function importSize(context: NodeContext): Tracked {
  return constantTensor(context, [], [shapeSize(shapeOf(context, requireSource(context, 0)))], INT64)
}

/** ConstantOfShape: one value everywhere, 0 of float32 where none is given. */
export function importConstantOfShape(context: NodeContext): Tracked {
  const shape = requiredList(context, 0)
  const tensor = attribute(context.node, 'value', 'tensor')
  const value = tensor
    ? tensorLiteral(tensor, context.label)
    : ({ kind: 'literal', name: context.label, dtype: FLOAT32, shape: [1], values: () => Float64Array.of(0) } as const)
  if (shapeSize(value.shape) !== 1) refuse('OnnxMalformed', 'attribute value must hold one value')
  const scalar = context.track(value)
  const op = { kind: 'reshape', inputs: [scalar.id], shape: [] } as const
  const lane = addUnchecked(context, op, scalar)
  return addUnchecked(context, { kind: 'expand', inputs: [lane.id], shape }, scalar)
}
