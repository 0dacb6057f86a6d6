import type { Shape } from '../graph.ts'
import { attribute } from './attributes.ts'
import { dtypeOf, FLOAT32, INT64 } from './dtypes.ts'
import { refuse } from './import-error.ts'
import type { Literal } from './literal.ts'
import type { NodeContext } from './node-context.ts'
import type { OnnxTensor } from './onnx-model.ts'
import { tensorValues } from './onnx-tensor.ts'

/** A stored tensor as a literal. @throws ImportError `OnnxUnsupported` for a dtype that exact files may not use. */
export function tensorLiteral(tensor: OnnxTensor, name: string): Literal {
  const { dims, dataType } = tensor
  const dtype = dtypeOf(dataType) ?? refuse('OnnxUnsupported', `constant ${name} has data type ${dataType}`)
  return { kind: 'literal', name, dtype, shape: dims, values: () => tensorValues(tensor) }
}

/** The value of a Constant node. @throws ImportError `OnnxMalformed`. */
export function constantLiteral({ node, label }: NodeContext): Literal {
  if (node.attributes.size !== 1) refuse('OnnxMalformed', 'a Constant has exactly one value')
  const tensor = attribute(node, 'value', 'tensor')
  if (tensor) return tensorLiteral(tensor, label)
  const [float, int] = [attribute(node, 'value_float', 'float'), attribute(node, 'value_int', 'int')]
  const [floats, ints] = [attribute(node, 'value_floats', 'floats'), attribute(node, 'value_ints', 'ints')]
  const list = floats ?? ints
  const shape: Shape = list ? [list.length] : []
  const values = list ?? [float ?? int ?? 0]
  const dtype = float !== undefined || floats ? FLOAT32 : INT64
  return { kind: 'literal', name: label, dtype, shape, values: () => Float64Array.from(values) }
}
