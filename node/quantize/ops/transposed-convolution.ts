import type { Shape, ValueId } from '../../exact/graph.ts'
import { requireAttribute } from '../../exact/import/attributes.ts'
import { readWindow } from '../../exact/import/windows.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf, type FloatTensor } from '../float-graph.ts'
import { UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable } from '../handler.ts'
import type { LaneBuilder } from '../lane-builder.ts'
import { mapLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { reshapeTo } from '../recipes/elementary.ts'
import { alongAxis, quantiseWeights } from '../recipes/weights.ts'

/**
 * Transposed convolution as one convolution whose output channels are (channel, …phase): each lane of the input gives the `strides` lanes
 * of the result that start there, which are interleaved then (Shi et al., "sub-pixel convolution", arXiv:1609.05158). No zeros are inserted.
 */
const transposed: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'operand' : 'exact'),
  run(context) {
    const { node } = context
    const weights = context.constant(1) ?? refuse('QuantiseUnsupported', 'weights must be constants')
    const operand = context.quantised(0)
    requireAttribute(node, 'auto_pad', 'string', 'NOTSET')
    const spatial = operand.shape.slice(2)
    const groups = attributeOf(node, 'group', 'int') ?? 1
    const { strides, dilations, pads } = readWindow(node, spatial, weights.shape.slice(2))
    const cut = pads.slice(0, spatial.length)
    const [batch = 1, channels = 1, ...sizes] = context.resultValue().shape
    const phases = phaseWeights(weights, { groups, strides, dilations })
    const perChannel = phases.data.length / channels
    const unit = context.target().step / operand.step
    const channelOf = (i: number) => Math.floor(i / perChannel)
    const { lanes, steps } = quantiseWeights(phases.data, channels, channelOf, unit, context.precision.weightBits)
    const rows = sizes.map((size, i) => Math.ceil((size + (cut[i] as number)) / (strides[i] as number)))
    const ones = spatial.map(() => 1)
    const product = context.add({
      kind: 'conv',
      inputs: [operand.id, context.constantLanes(phases.shape, lanes)],
      groups,
      strides: ones,
      dilations: ones,
      pads: [
        ...phases.taps.map((count) => count - 1),
        ...rows.map((row, i) => Math.max(0, row - (spatial[i] as number))),
      ],
    })
    const bias = context.constant(2)
    if (context.has(2) && bias === undefined) refuse('QuantiseUnsupported', 'the bias must be a constant')
    const rank = operand.shape.length
    context.define({
      id: interleave(context, product, strides, cut, [batch, channels, ...sizes]),
      step: mapLanes(alongAxis(steps, rank, 1), (own) => own * operand.step),
      offset: bias === undefined ? 0 : alongAxis(bias.data, rank, 1),
      limits: UNLIMITED,
    })
  },
}

interface Geometry {
  readonly groups: number
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
}

/**
 * `[c, o/g, …kernel]` → `[o · Π strides, c/g, …taps]`: tap j of phase r is the kernel's lane `r + stride · (taps − 1 − j)` (in units of a
 * dilated kernel), or 0 where it has none.
 */
function phaseWeights({ shape, data }: FloatTensor, { groups, strides, dilations }: Geometry) {
  const [inputs = 0, groupOuts = 0, ...kernel] = shape
  const perGroup = inputs / groups
  const taps = kernel.map((extent, i) => {
    const dilated = (extent - 1) * (dilations[i] as number) + 1
    return Math.ceil(dilated / (strides[i] as number))
  })
  const out: Shape = [groups, groupOuts, shapeSize(strides), perGroup, shapeSize(taps)]
  const kernelSize = shapeSize(kernel)
  const phased = Float64Array.from({ length: shapeSize(out) }, (_, position) => {
    const [group, own, phase, channel, tap] = coordinatesOf(position, out) as [number, number, number, number, number]
    const [phaseAt, tapAt] = [coordinatesOf(phase, strides), coordinatesOf(tap, taps)]
    let at = ((group * perGroup + channel) * groupOuts + own) * kernelSize
    let stride = kernelSize
    for (const [i, extent] of kernel.entries()) {
      const dilated = (phaseAt[i] as number) + (strides[i] as number) * ((taps[i] as number) - 1 - (tapAt[i] as number))
      const lane = dilated / (dilations[i] as number)
      if (!Number.isInteger(lane) || lane >= extent) return 0
      stride /= extent
      at += lane * stride
    }
    return data[at] as number
  })
  return { data: phased, shape: [groups * groupOuts * shapeSize(strides), perGroup, ...taps], taps }
}

function coordinatesOf(position: number, shape: Shape): number[] {
  let rest = position
  return shape
    .toReversed()
    .map((extent) => {
      const coordinate = rest % extent
      rest = Math.floor(rest / extent)
      return coordinate
    })
    .reverse()
}

/** `[n, o · Π strides, …rows]` → `[n, o, …rows · strides]`, cut to `result`. One transposition an axis, the last one first. */
function interleave(
  lanes: LaneBuilder,
  product: ValueId,
  strides: readonly number[],
  cut: readonly number[],
  result: Shape,
): ValueId {
  const [batch = 1, channels = 1, ...sizes] = result
  const extents = lanes.facts(product).shape.slice(2)
  let current = product
  for (let axis = strides.length - 1; axis >= 0; axis--) {
    const stride = strides[axis] as number
    if (stride === 1) continue
    const lead = batch * channels * shapeSize(strides.slice(0, axis))
    const before = shapeSize(extents.slice(0, axis))
    const [row, inner] = [extents[axis] as number, shapeSize(extents.slice(axis + 1))]
    const split = reshapeTo(lanes, current, [lead, stride, before, row, inner])
    current = lanes.add({ kind: 'transpose', inputs: [split], permutation: [0, 2, 3, 1, 4] })
    extents[axis] = row * stride
  }
  const whole = reshapeTo(lanes, current, [batch, channels, ...extents])
  if (extents.every((extent, i) => extent === sizes[i])) return whole
  const starts = [0, 0, ...cut]
  return lanes.add({ kind: 'slice', inputs: [whole], starts, sizes: result, steps: result.map(() => 1) })
}

/** Transposed convolutions. */
export const TRANSPOSED_CONVOLUTION_HANDLERS: HandlerTable = { ConvTranspose: transposed }
