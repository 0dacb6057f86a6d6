import { FLOAT32_BUDGET, magnitude } from '../emit/dtypes.ts'
import type { OnnxDtype } from '../emit/onnx-writer.ts'
import type { ArgmaxOp, PoolOp, ReduceOp, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { type ExportContext, type ExportTask, exactDtypes, exactFloats } from './export-context.ts'
import { commonDtype } from './export-elementwise.ts'
import { exportTappedPool } from './export-taps.ts'

/** sum-pool: a Conv of each channel with ones in float32 within 2^24, else a sum of slices in float64. */
export function exportSumPool(context: ExportContext, task: ExportTask<PoolOp>): void {
  const { checked, model, values } = context
  const { inputs, kernel, strides, dilations, pads } = task.op
  const facts = values.facts(inputs[0])
  const reach = Math.max(checked.accumulations.get(task.index) ?? Number.MAX_SAFE_INTEGER, magnitude(facts))
  if (reach > FLOAT32_BUDGET) {
    exportTappedPool(context, task)
    return
  }
  const [, channels = 1] = facts.shape
  const ones = model.constant('int8', [channels, 1, ...kernel], new Int8Array(channels * shapeSize(kernel)).fill(1))
  const operands = [values.operand(inputs[0], 'float32'), model.cast(ones, 'float32')]
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: channels }
  values.define(task.out, 'float32', model.node('Conv', operands, { attributes }), reach)
}

/** max-pool: MaxPool; padding as wide as the kernel, which it refuses, is added before. */
export function exportMaxPool(context: ExportContext, task: ExportTask<PoolOp>): void {
  const { model, values } = context
  const { inputs, kernel, strides, dilations, pads } = task.op
  const dtype = values.cheapest(inputs, exactFloats(magnitude(values.facts(inputs[0]))))
  const input = values.operand(inputs[0], dtype)
  const isWide = pads.some((pad, i) => pad >= (kernel[i % kernel.length] ?? 1))
  const padded = isWide ? padToCover(context, task.op, input, dtype) : input
  // ONNX Runtime takes zeros that are padded before a MaxPool for its own padding, which counts as −∞: a Max of one keeps them apart.
  const apart = isWide || isPadded(context, inputs[0]) ? model.node('Max', [padded]) : padded
  const attributes = { kernel_shape: kernel, strides, dilations, pads: isWide ? pads.map(() => 0) : pads }
  values.define(task.out, dtype, model.node('MaxPool', [apart], { attributes }))
}

/** The operand between lanes that no lane is less than. */
function padToCover({ model, values }: ExportContext, op: PoolOp, input: string, dtype: OnnxDtype): string {
  const axes = op.kernel.length
  const pads = [0, 0, ...op.pads.slice(0, axes), 0, 0, ...op.pads.slice(axes)]
  return model.node('Pad', [input, model.int64s(pads), model.scalar(dtype, values.facts(op.inputs[0]).lo)])
}

function isPadded({ checked: { graph } }: ExportContext, id: ValueId): boolean {
  return graph.ops[id - graph.inputs.length - graph.constants.length]?.kind === 'pad'
}

/** reduce-sum, reduce-max and reduce-min. */
export function exportReduce({ checked, model, values }: ExportContext, task: ExportTask<ReduceOp>): void {
  const { kind, inputs, axes, keepDims } = task.op
  const sums = kind === 'reduce-sum' ? (checked.accumulations.get(task.index) ?? Number.MAX_SAFE_INTEGER) : 0
  const dtype = values.cheapest(inputs, exactDtypes(Math.max(sums, magnitude(values.facts(inputs[0])))))
  const operand = values.operand(inputs[0], dtype)
  const keepdims = keepDims ? 1 : 0
  const opType = kind === 'reduce-max' ? 'ReduceMax' : 'ReduceMin'
  const reduced =
    kind === 'reduce-sum'
      ? model.node('ReduceSum', [operand, model.int64s(axes)], { attributes: { keepdims } })
      : model.node(opType, [operand], { attributes: { axes, keepdims } })
  values.define(task.out, dtype, reduced)
}

/** argmax. */
export function exportArgmax({ model, values }: ExportContext, task: ExportTask<ArgmaxOp>): void {
  const { inputs, axis, keepDims } = task.op
  const dtype = commonDtype({ values }, inputs)
  const attributes = { axis, keepdims: keepDims ? 1 : 0 }
  values.define(task.out, 'int64', model.node('ArgMax', [values.operand(inputs[0], dtype)], { attributes }))
}
