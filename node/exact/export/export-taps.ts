import { tapOffsets } from '../emit/im2col.ts'
import type { ConvOp, PoolOp, Shape } from '../graph.ts'
import { paddedExtents } from '../ops/windows.ts'
import { shapeSize } from '../tensor-data.ts'
import type { ExportContext, ExportTask } from './export-context.ts'

/*
 * Windows beyond what runtimes have kernels for: slices of the input, one for each tap of the kernel, in float64.
 */

/** A convolution as one product: `[g, o/g, taps · c/g] × [n, g, taps · c/g, positions]`. */
export function exportUnfoldedConv(context: ExportContext, { op, out }: ExportTask<ConvOp>): void {
  const { model, values } = context
  const [outChannels = 1, groupChannels = 1, ...kernel] = values.facts(op.inputs[1]).shape
  const [batch = 1, , ...positions] = values.facts(out).shape
  const lanes = [batch, op.groups, groupChannels, shapeSize(positions)]
  const slices = tappedSlices(context, op, kernel, positions).map((slice) => model.reshape(slice, lanes))
  const patches =
    slices.length === 1 ? (slices[0] as string) : model.node('Concat', slices, { attributes: { axis: 2 } })
  const groupOuts = outChannels / op.groups
  const taps = shapeSize(kernel)
  const apart = model.reshape(values.operand(op.inputs[1], 'float64'), [op.groups, groupOuts, groupChannels, taps])
  const matrix = model.reshape(model.transpose(apart, [0, 1, 3, 2]), [op.groups, groupOuts, taps * groupChannels])
  const product = model.node('MatMul', [matrix, patches])
  values.define(out, 'float64', model.reshape(product, values.facts(out).shape))
}

/** A sum over windows, as a sum of slices. */
export function exportTappedPool(context: ExportContext, { op, out }: ExportTask<PoolOp>): void {
  const { model, values } = context
  const slices = tappedSlices(context, op, op.kernel, values.facts(out).shape.slice(2))
  const sum = slices.reduce((all, next) => model.node('Add', [all, next]))
  values.define(out, 'float64', sum)
}

/** For each tap of the kernel the lanes of the input under it at all positions. */
function tappedSlices(context: ExportContext, op: ConvOp | PoolOp, kernel: Shape, positions: Shape): string[] {
  const { model, values } = context
  const { shape } = values.facts(op.inputs[0])
  const input = values.operand(op.inputs[0], 'float64')
  const axes = kernel.length
  const pads = [0, 0, ...op.pads.slice(0, axes), 0, 0, ...op.pads.slice(axes)]
  const isPadded = paddedExtents(shape.slice(2), op).some((extent, i) => extent !== shape[2 + i])
  const padded = isPadded ? model.node('Pad', [input, model.int64s(pads), model.scalar('float64', 0)]) : input
  return tapOffsets(kernel, op).map((starts) => {
    const ends = starts.map((start, i) => start + ((positions[i] ?? 1) - 1) * (op.strides[i] ?? 1) + 1)
    const spatial = starts.map((_, i) => 2 + i)
    return model.node('Slice', [padded, ...[starts, ends, spatial, op.strides].map((list) => model.int64s(list))])
  })
}
