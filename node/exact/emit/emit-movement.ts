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
import { arithmeticDtypes, dtypeHolds, magnitude } from './dtypes.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import { range } from './layouts.ts'
import type { OnnxDtype } from './onnx-writer.ts'

/**
 * Lanes of a table at proven indices. On a CPU a table of one axis is read by GatherElements at flattened indices: it copies elements by
 * their type where Gather copies blocks of bytes, measured 5 to 10 times as fast. @returns the kernel's name.
 */
export function emitLookup(context: EmitContext, task: EmitTask<LookupOp | GatherElementsOp>): KernelName {
  const { model, values } = context
  const { kind, inputs, axis } = task.op
  const [indices, table] = inputs
  const dtype = movedDtype(context, [table], task.out)
  const indexDtype = values.cheapest([indices], ['int32', 'int64'] as const)
  const operands = [
    values.operand(table, { dtype, layout: 'plain' }),
    values.operand(indices, { dtype: indexDtype, layout: 'plain' }),
  ] as const
  const isFlat = kind === 'lookup' && values.facts(table).shape.length === 1 && context.kernelSet === 'fast'
  const byElement = isFlat || kind === 'gather-elements'
  const at = isFlat ? model.reshape(operands[1], [-1]) : operands[1]
  const found = model.node(byElement ? 'GatherElements' : 'Gather', [operands[0], at], { attributes: { axis } })
  const gathered = isFlat ? model.reshape(found, values.facts(task.out).shape) : found
  values.define(task.out, { dtype, layout: 'plain' }, gathered)
  return byElement ? 'gather-elements' : 'gather'
}

/** Reshape. @returns the kernel's name. */
export function emitReshape(context: EmitContext, task: EmitTask<ReshapeOp>): KernelName {
  return move(context, task, task.op.inputs[0], 'reshape', (tensor) => context.model.reshape(tensor, task.op.shape))
}

/** Transpose. @returns the kernel's name. */
export function emitTranspose(context: EmitContext, task: EmitTask<TransposeOp>): KernelName {
  const { inputs, permutation } = task.op
  return move(context, task, inputs[0], 'transpose', (tensor) => context.model.transpose(tensor, permutation))
}

/** Slice, reversed axes included. @returns the kernel's name. */
export function emitSlice(context: EmitContext, task: EmitTask<SliceOp>): KernelName {
  const { model } = context
  const { inputs, starts, steps } = task.op
  const geometry = [starts, sliceEnds(task.op), range(0, starts.length), steps].map((list) => model.int64s(list))
  return move(context, task, inputs[0], 'slice', (tensor) =>
    starts.length === 0 ? model.node('Identity', [tensor]) : model.node('Slice', [tensor, ...geometry]),
  )
}

/** Where ONNX's Slice is to end along each axis. */
export function sliceEnds({ starts, sizes, steps }: SliceOp): number[] {
  return starts.map((start, axis) => {
    const step = steps[axis] ?? 1
    const end = start + ((sizes[axis] ?? 1) - 1) * step + Math.sign(step)
    // ONNX counts a negative end from the back of the axis; one far beyond is clamped to "before the first lane".
    return end < 0 ? Number.MIN_SAFE_INTEGER : end
  })
}

/** Pad with a constant. @returns the kernel's name. */
export function emitPad(context: EmitContext, task: EmitTask<PadOp>): KernelName {
  const { model } = context
  const { inputs, pads, value } = task.op
  return move(context, task, inputs[0], 'pad', (tensor, dtype) =>
    pads.every((pad) => pad === 0)
      ? model.node('Identity', [tensor])
      : model.node('Pad', [tensor, model.int64s(pads), model.scalar(dtype, value)]),
  )
}

/** Concat. @returns the kernel's name. */
export function emitConcat(context: EmitContext, task: EmitTask<ConcatOp>): KernelName {
  const { model, values } = context
  const { inputs, axis } = task.op
  const dtype = movedDtype(context, inputs, task.out)
  const operands = inputs.map((id) => values.operand(id, { dtype, layout: 'plain' }))
  values.define(task.out, { dtype, layout: 'plain' }, model.node('Concat', operands, { attributes: { axis } }))
  return 'concat'
}

/** Expand. @returns the kernel's name. */
export function emitExpand(context: EmitContext, task: EmitTask<ExpandOp>): KernelName {
  const { model } = context
  const { inputs, shape } = task.op
  return move(context, task, inputs[0], 'expand', (tensor) => model.node('Expand', [tensor, model.int64s(shape)]))
}

/** Moves the lanes of one tensor, in whatever type they already exist. */
function move(
  context: EmitContext,
  task: EmitTask,
  input: ValueId,
  kernel: KernelName,
  emit: (tensor: string, dtype: OnnxDtype) => string,
): KernelName {
  const { values } = context
  const dtype = movedDtype(context, [input], task.out)
  const tensor = emit(values.operand(input, { dtype, layout: 'plain' }), dtype)
  values.define(task.out, { dtype, layout: 'plain' }, tensor)
  return kernel
}

/** The type that needs the fewest casts among those that hold the result and that every movement kernel takes. */
function movedDtype(context: EmitContext, inputs: readonly ValueId[], out: ValueId): OnnxDtype {
  const { values } = context
  const facts = values.facts(out)
  const wide: readonly OnnxDtype[] = [...arithmeticDtypes(magnitude(facts)), 'int64']
  const narrow = (['uint8', 'int8'] as const).filter((dtype) => dtypeHolds(dtype, facts))
  return values.cheapest(inputs, [...wide, ...narrow])
}
