import { ONNX_DTYPE_CODES, type OnnxDtype, type OnnxModel, type OnnxNode } from './onnx-writer.ts'

/** Ops whose result has an element type of its own, whatever their operands have. */
const RESULT_DTYPES: Readonly<Record<string, OnnxDtype>> = {
  MatMulInteger: 'int32',
  ArgMax: 'int64',
  Less: 'bool',
  Equal: 'bool',
}
/** Operand whose element type the result has, where that is not the first. */
const TYPED_BY_OPERAND: Readonly<Record<string, number>> = { Where: 1 }

const DTYPES_BY_CODE = new Map(Object.entries(ONNX_DTYPE_CODES).map(([dtype, code]) => [code, dtype as OnnxDtype]))

/** Element type of every tensor of an emitted model, by name. Cost: linear in the nodes. */
export function tensorDtypes(model: OnnxModel): ReadonlyMap<string, OnnxDtype> {
  const dtypes = new Map<string, OnnxDtype>()
  for (const { name, dtype } of [...model.inputs, ...model.initializers]) dtypes.set(name, dtype)
  for (const node of model.nodes) {
    const dtype = resultDtype(node, dtypes)
    for (const output of node.outputs) dtypes.set(output, dtype)
  }
  return dtypes
}

function resultDtype(node: OnnxNode, dtypes: ReadonlyMap<string, OnnxDtype>): OnnxDtype {
  if (node.opType === 'Cast') return DTYPES_BY_CODE.get(node.attributes?.to as number) as OnnxDtype
  const operand = node.inputs[TYPED_BY_OPERAND[node.opType] ?? 0] as string
  return RESULT_DTYPES[node.opType] ?? (dtypes.get(operand) as OnnxDtype)
}
