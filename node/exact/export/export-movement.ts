import { magnitude } from '../emit/dtypes.ts'
import { sliceEnds } from '../emit/emit-movement.ts'
import type { OnnxDtype } from '../emit/onnx-writer.ts'
import type {
  ConcatOp,
  ExpandOp,
  GatherElementsOp,
  LookupOp,
  PadOp,
  ReshapeOp,
  SliceOp,
  TransposeOp,
  ValueId,
} from '../graph.ts'
import { type ExportContext, type ExportTask, exactDtypes } from './export-context.ts'

/** lookup and gather-elements: Gather and GatherElements, in whatever type the table exists. */
export function exportLookup({ model, values }: ExportContext, task: ExportTask<LookupOp | GatherElementsOp>): void {
  const { kind, inputs, axis } = task.op
  const [indices, table] = inputs
  const [dtype] = values.heldIn(table) as [OnnxDtype]
  const indexDtype = values.cheapest([indices], ['int32', 'int64'] as const)
  const operands = [values.operand(table, dtype), values.operand(indices, indexDtype)]
  const opType = kind === 'lookup' ? 'Gather' : 'GatherElements'
  values.define(task.out, dtype, model.node(opType, operands, { attributes: { axis } }))
}

/** reshape. */
export function exportReshape(context: ExportContext, task: ExportTask<ReshapeOp>): void {
  move(context, task, task.op.inputs[0], (tensor) => context.model.reshape(tensor, task.op.shape))
}

/** transpose. */
export function exportTranspose(context: ExportContext, task: ExportTask<TransposeOp>): void {
  move(context, task, task.op.inputs[0], (tensor) => context.model.transpose(tensor, task.op.permutation))
}

/** slice. */
export function exportSlice(context: ExportContext, task: ExportTask<SliceOp>): void {
  const { model } = context
  const { inputs, starts, steps } = task.op
  const geometry = [starts, sliceEnds(task.op), starts.map((_, axis) => axis), steps].map((list) => model.int64s(list))
  move(context, task, inputs[0], (tensor) =>
    starts.length === 0 ? model.node('Identity', [tensor]) : model.node('Slice', [tensor, ...geometry]),
  )
}

/** expand. */
export function exportExpand(context: ExportContext, task: ExportTask<ExpandOp>): void {
  const { model } = context
  move(context, task, task.op.inputs[0], (tensor) => model.node('Expand', [tensor, model.int64s(task.op.shape)]))
}

/** pad, in a type that holds what it pads with. */
export function exportPad({ model, values }: ExportContext, task: ExportTask<PadOp>): void {
  const { inputs, pads, value } = task.op
  const dtype = values.cheapest(inputs, exactDtypes(Math.max(magnitude(values.facts(inputs[0])), Math.abs(value))))
  const input = values.operand(inputs[0], dtype)
  // Runtimes refuse to pad a scalar, which has no sides.
  const padded =
    pads.length === 0
      ? model.node('Identity', [input])
      : model.node('Pad', [input, model.int64s(pads), model.scalar(dtype, value)])
  values.define(task.out, dtype, padded)
}

/** concat, in a type that all parts share. */
export function exportConcat({ model, values }: ExportContext, task: ExportTask<ConcatOp>): void {
  const { inputs, axis } = task.op
  const [own] = values.heldIn(inputs[0] as ValueId) as [OnnxDtype]
  const shared = inputs.every((id) => values.heldIn(id).includes(own))
  const dtype = shared ? own : values.cheapest(inputs, exactDtypes(magnitude(values.facts(task.out))))
  const operands = inputs.map((id) => values.operand(id, dtype))
  values.define(task.out, dtype, model.node('Concat', operands, { attributes: { axis } }))
}

/** Moves the lanes of one tensor, in the type that they were computed in. */
function move({ values }: ExportContext, { out }: ExportTask, input: ValueId, emit: (tensor: string) => string): void {
  const [dtype] = values.heldIn(input) as [OnnxDtype]
  values.define(out, dtype, emit(values.operand(input, dtype)))
}
