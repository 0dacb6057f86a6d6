import type { ConcatOp, ExpandOp, PadOp, ReshapeOp, SliceOp, TransposeOp } from '../graph.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import { type Layout, layoutShape, range, storedAxes } from './layouts.ts'
import { movedForm } from './moved-form.ts'
import type { Form } from './value-forms.ts'

/** Reshape. @returns the kernel's name. */
export function emitReshape(context: EmitContext, task: EmitTask<ReshapeOp>): KernelName {
  return move(context, task, 'plain', 'reshape', (tensor) => context.model.reshape(tensor, task.op.shape))
}

/**
 * Transpose; nothing at all where the lanes lie in the order that is asked for, or where the result may be held channels-last as
 * they lie. @returns the kernel's name.
 */
export function emitTranspose(context: EmitContext, task: EmitTask<TransposeOp>): KernelName {
  const { model, values } = context
  const { inputs, permutation } = task.op
  const rank = permutation.length
  const source: Layout = values.isChannelsLast(inputs[0]) ? 'channels-last' : 'plain'
  const stored = storedAxes(source, rank)
  const form = movedForm(context, inputs, task.out, source)
  const tensor = values.operand(inputs[0], form)
  const moves = (layout: Layout) => storedAxes(layout, rank).map((axis) => stored.indexOf(permutation[axis] as number))
  const isStill = (layout: Layout) => moves(layout).every((from, to) => from === to)
  const layout: Layout = rank >= 3 && isStill('channels-last') ? 'channels-last' : 'plain'
  values.define(task.out, { ...form, layout }, isStill(layout) ? tensor : model.transpose(tensor, moves(layout)))
  return 'transpose'
}

/** Slice, reversed axes included. @returns the kernel's name. */
export function emitSlice(context: EmitContext, task: EmitTask<SliceOp>): KernelName {
  const { model, values } = context
  const { inputs, starts, steps } = task.op
  const ends = sliceEnds(task.op)
  const { shape } = values.facts(inputs[0])
  const isWhole = (axis: number) => starts[axis] === 0 && ends[axis] === shape[axis] && steps[axis] === 1
  const cut = range(0, shape.length).filter((axis) => !isWhole(axis))
  return move(context, task, layoutOf(context, task), 'slice', (tensor, { layout }) => {
    if (cut.length === 0) return tensor
    const pick = (list: readonly number[]) => model.int64s(cut.map((axis) => list[axis] as number))
    const axes = model.int64s(cut.map((axis) => storedAxes(layout, shape.length).indexOf(axis)))
    return model.node('Slice', [tensor, pick(starts), pick(ends), axes, pick(steps)])
  })
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
  const { pads, value } = task.op
  const rank = pads.length / 2
  return move(context, task, layoutOf(context, task), 'pad', (tensor, { dtype, layout, offset = 0 }) => {
    if (pads.every((pad) => pad === 0)) return tensor
    const axes = storedAxes(layout, rank)
    const stored = [0, rank].flatMap((side) => axes.map((axis) => pads[side + axis] as number))
    return model.node('Pad', [tensor, model.int64s(stored), model.scalar(dtype, value + offset)])
  })
}

/** Concat. @returns the kernel's name. */
export function emitConcat(context: EmitContext, task: EmitTask<ConcatOp>): KernelName {
  const { model, values } = context
  const { inputs, axis } = task.op
  const form = movedForm(context, inputs, task.out, layoutOf(context, task))
  const operands = inputs.map((id) => values.operand(id, form))
  const stored = storedAxes(form.layout, values.facts(task.out).shape.length).indexOf(axis)
  values.define(task.out, form, model.node('Concat', operands, { attributes: { axis: stored } }))
  return 'concat'
}

/** Expand. @returns the kernel's name. */
export function emitExpand(context: EmitContext, task: EmitTask<ExpandOp>): KernelName {
  const { model, values } = context
  const { inputs, shape } = task.op
  const isSameRank = values.facts(inputs[0]).shape.length === shape.length
  return move(context, task, isSameRank ? layoutOf(context, task) : 'plain', 'expand', (tensor, { layout }) =>
    model.node('Expand', [tensor, model.int64s(layoutShape(shape, layout))]),
  )
}

/** channels-last where the first operand already lies so. */
function layoutOf({ values }: EmitContext, { op }: EmitTask): Layout {
  return values.isChannelsLast(op.inputs[0]) ? 'channels-last' : 'plain'
}

/** Moves the lanes of one tensor, in whatever type they already exist. */
function move(
  context: EmitContext,
  task: EmitTask<ReshapeOp | SliceOp | PadOp | ExpandOp>,
  layout: Layout,
  kernel: KernelName,
  emit: (tensor: string, form: Form) => string,
): KernelName {
  const { inputs } = task.op
  const form = movedForm(context, inputs, task.out, layout)
  context.values.define(task.out, form, emit(context.values.operand(inputs[0], form), form))
  return kernel
}
