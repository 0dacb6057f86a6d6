import { type BytePair, bytePair } from '../emit/byte-operands.ts'
import { FLOAT32_BUDGET, magnitude } from '../emit/dtypes.ts'
import type { Bounds, ConvOp, MatmulOp, Op, ValueId } from '../graph.ts'
import { isPadded } from '../ops/windows.ts'
import { shapeSize } from '../tensor-data.ts'
import type { ExportContext, ExportTask } from './export-context.ts'
import { exportUnfoldedConv } from './export-taps.ts'

/** matmul: MatMul in float32 within 2^24, else MatMulInteger on bytes, else MatMul in float64. */
export function exportMatmul(context: ExportContext, task: ExportTask<MatmulOp>): void {
  const { model, values } = context
  const { inputs } = task.op
  const [left, right] = [values.facts(inputs[0]), values.facts(inputs[1])]
  const reach = contractionReach(context, task)
  const pair = reach > FLOAT32_BUDGET ? bytePair(left, right, left.shape.at(-1) ?? 1) : undefined
  if (pair !== undefined) {
    exportOnBytes(context, task, pair, 'MatMulInteger', {})
    return
  }
  const dtype = reach <= FLOAT32_BUDGET ? 'float32' : 'float64'
  const product = model.node(
    'MatMul',
    inputs.map((id) => values.operand(id, dtype)),
  )
  values.define(task.out, dtype, product, reach)
}

/**
 * conv: Conv in float32 within 2^24, else ConvInteger on bytes, else, as runtimes have no wider one, a product of unfolded windows in
 * float64.
 */
export function exportConv(context: ExportContext, task: ExportTask<ConvOp>): void {
  const { model, values } = context
  const { inputs, strides, dilations, pads, groups } = task.op
  const [input, weights] = [values.facts(inputs[0]), values.facts(inputs[1])]
  const attributes = { kernel_shape: weights.shape.slice(2), strides, dilations, pads, group: groups }
  const reach = contractionReach(context, task)
  if (reach <= FLOAT32_BUDGET) {
    const operands = inputs.map((id) => values.operand(id, 'float32'))
    values.define(task.out, 'float32', model.node('Conv', operands, { attributes }), reach)
    return
  }
  const { lo, hi } = input
  const withPadding: Bounds = isPadded(task.op) ? { lo: Math.min(lo, 0), hi: Math.max(hi, 0) } : { lo, hi }
  const pair = bytePair(withPadding, weights, shapeSize(weights.shape.slice(1)))
  if (pair !== undefined) exportOnBytes(context, task, pair, 'ConvInteger', attributes)
  else exportUnfoldedConv(context, task)
}

/** A contraction of stored bytes, whose zero points are subtracted from them, with int32 sums. */
function exportOnBytes(
  { model, values }: ExportContext,
  { op, out }: ExportTask<MatmulOp | ConvOp>,
  { left, right }: BytePair,
  opType: 'MatMulInteger' | 'ConvInteger',
  attributes: Readonly<Record<string, number | readonly number[]>>,
): void {
  const stored = (id: ValueId, { dtype, offset }: BytePair['left']) =>
    dtype === 'int8' ? values.operand(id, dtype) : values.shifted(id, dtype, offset)
  const zero = ({ dtype, offset }: BytePair['left']) => (offset === 0 ? '' : model.scalar(dtype, offset))
  const operands = [stored(op.inputs[0], left), stored(op.inputs[1], right), zero(left), zero(right)]
  while (operands.at(-1) === '') operands.pop()
  values.define(out, 'int32', model.node(opType, operands, { attributes }))
}

/** The greatest magnitude that a contraction's operands, products and partial sums can reach. */
function contractionReach({ checked, values }: ExportContext, { op, index }: ExportTask<Op>): number {
  const sums = checked.accumulations.get(index) ?? Number.MAX_SAFE_INTEGER
  return Math.max(sums, ...op.inputs.map((id) => magnitude(values.facts(id))))
}
