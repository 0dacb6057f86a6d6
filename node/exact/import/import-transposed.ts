import type { Shape } from '../graph.ts'
import { shapeEquals, shapeSize, shapeText } from '../tensor-data.ts'
import { attribute, requireAttribute } from './attributes.ts'
import { addBias, perChannel } from './import-contraction.ts'
import { refuse } from './import-error.ts'
import {
  addUnchecked,
  emit,
  factsOf,
  type NodeContext,
  operand,
  requireSameType,
  reshapeTo,
  type Tracked,
} from './node-context.ts'
import { readWindow } from './windows.ts'

/** A transposed convolution, one entry an axis. */
interface Transposed {
  readonly groups: number
  readonly kernel: Shape
  readonly strides: readonly number[]
  /** Lanes that are cut off before the result, and extents of the result. */
  readonly cut: readonly number[]
  readonly sizes: Shape
}

/**
 * ConvTranspose, as one convolution of the input whose output channels hold, for each lane of the input, the `strides` lanes of
 * the result that start there; then these are interleaved (Shi et al., "sub-pixel convolution", arXiv:1609.05158).
 */
export function importConvTranspose(context: NodeContext): Tracked {
  const [x, given] = [operand(context, 0), operand(context, 1)]
  requireSameType(x, given)
  const { weights, geometry } = readGeometry(context, x, given)
  const phases = phaseWeights(context, weights, geometry)
  const { shape } = factsOf(context, x)
  const rows = geometry.sizes.map((size, i) => Math.ceil((size + at(geometry.cut, i)) / at(geometry.strides, i)))
  const taps = factsOf(context, phases).shape.slice(2)
  const pads = [...taps.map((count) => count - 1), ...rows.map((row, i) => Math.max(0, row - at(shape, 2 + i)))]
  const ones = taps.map(() => 1)
  const op = {
    kind: 'conv',
    inputs: [x.id, phases.id],
    groups: geometry.groups,
    strides: ones,
    dilations: ones,
    pads,
  } as const
  const result = interleave(context, emit(context, op, { dtype: x.dtype, frac: x.frac + given.frac }), geometry)
  const bias = context.source(2)
  const biased = factsOf(context, result).shape
  return bias ? addBias(context, result, perChannel(context, context.track(bias), 1, biased)) : result
}

/** Attributes, checked; the kernel with zeros between its taps where it is dilated. */
function readGeometry(context: NodeContext, x: Tracked, given: Tracked) {
  const { node } = context
  const spatial = factsOf(context, x).shape.slice(2)
  const declared = factsOf(context, given).shape.slice(2)
  requireAttribute(node, 'auto_pad', 'string', 'NOTSET')
  if (node.attributes.has('output_shape')) refuse('OnnxUnsupported', 'attribute output_shape: declare pads instead')
  const kernelShape = attribute(node, 'kernel_shape', 'ints') ?? declared
  if (!shapeEquals(kernelShape, declared)) {
    refuse('OnnxShapeInvalid', `kernel_shape is ${shapeText(kernelShape)}, the weights have ${shapeText(declared)}`)
  }
  const { strides, dilations, pads } = readWindow(node, spatial, declared)
  const extra = attribute(node, 'output_padding', 'ints') ?? spatial.map(() => 0)
  const weights = dilate(context, given, dilations)
  const kernel = factsOf(context, weights).shape.slice(2)
  const sizes = spatial.map((extent, i) => {
    const full = (extent - 1) * at(strides, i) + at(kernel, i) + (extra[i] ?? 0)
    return full - at(pads, i) - at(pads, spatial.length + i)
  })
  if (extra.length !== spatial.length || extra.some((pad) => pad < 0) || sizes.some((size) => size < 1)) {
    refuse('OnnxShapeInvalid', `yields ${shapeText(sizes)} lanes: pads and output_padding do not fit`)
  }
  const groups = attribute(node, 'group', 'int') ?? 1
  const geometry: Transposed = { groups, kernel, strides, cut: pads.slice(0, spatial.length), sizes }
  return { weights, geometry }
}

/** `[c, o, …kernel]` with `dilation − 1` zeros between neighbours. */
function dilate(context: NodeContext, weights: Tracked, dilations: readonly number[]): Tracked {
  return dilations.reduce((kernel, dilation, i) => {
    if (dilation === 1) return kernel
    const { shape } = factsOf(context, kernel)
    const [outer, extent, inner] = [shapeSize(shape.slice(0, 2 + i)), at(shape, 2 + i), shapeSize(shape.slice(3 + i))]
    const apart = reshapeTo(context, kernel, [outer, extent, 1, inner])
    const padded = pad(context, apart, [0, 0, 0, 0, 0, 0, dilation - 1, 0])
    const flat = reshapeTo(context, padded, [outer, extent * dilation, inner])
    const spread = (extent - 1) * dilation + 1
    const cut = slice(context, flat, [0, 0, 0], [outer, spread, inner])
    return reshapeTo(context, cut, shape.with(2 + i, spread))
  }, weights)
}

/**
 * `[c, o/g, …kernel]` → `[o · Π strides, c/g, …taps]`: output channels are (channel, …phase), and tap j of phase r is the kernel's lane
 * `r + stride · (taps − 1 − j)`, or 0 beyond its end.
 */
function phaseWeights(context: NodeContext, weights: Tracked, { groups, kernel, strides }: Transposed): Tracked {
  const [channels = 0, groupOuts = 0] = factsOf(context, weights).shape
  if (channels % groups !== 0) refuse('OnnxShapeInvalid', `${channels} channels do not make ${groups} groups`)
  const perGroup = channels / groups
  const axes = kernel.length
  const taps = kernel.map((extent, i) => Math.ceil(extent / at(strides, i)))
  const beyond = taps.map((count, i) => count * at(strides, i) - at(kernel, i))
  const padded = pad(context, weights, [0, 0, ...kernel.map(() => 0), 0, 0, ...beyond])
  // One axis after the other, so that no more than six are needed: [c, phases so far · o, kernel] → [c, …, stride, …taps].
  let current = reshapeTo(context, padded, [
    groups,
    perGroup,
    groupOuts,
    shapeSize(taps.map((n, i) => n * at(strides, i))),
  ])
  let done: number[] = []
  for (let axis = 0; axis < axes; axis++) {
    const [count, stride] = [at(taps, axis), at(strides, axis)]
    const rest = shapeSize(taps.slice(axis + 1).map((n, i) => n * at(strides, axis + 1 + i)))
    const lead = groups * perGroup * groupOuts * shapeSize(strides.slice(0, axis))
    const before = shapeSize(done)
    // [lead, taps so far, count, stride, rest] → [lead, stride, taps so far, count, rest]
    const split = reshapeTo(context, current, [lead, before, count, stride, rest])
    const reversed = reverse(context, split, 2)
    current = addUnchecked(context, { kind: 'transpose', inputs: [reversed.id], permutation: [0, 3, 1, 2, 4] }, weights)
    done = [...done, count]
  }
  const phases = shapeSize(strides)
  const grouped = reshapeTo(context, current, [groups, perGroup, groupOuts * phases, shapeSize(taps)])
  const swapped = addUnchecked(context, { kind: 'transpose', inputs: [grouped.id], permutation: [0, 2, 1, 3] }, weights)
  return reshapeTo(context, swapped, [groups * groupOuts * phases, perGroup, ...taps])
}

/** `[n, o · Π strides, …rows]` → `[n, o, …rows · strides]`, cut to the result. */
function interleave(context: NodeContext, x: Tracked, { strides, cut, sizes }: Transposed): Tracked {
  const [batch = 0, channels = 0, ...rows] = factsOf(context, x).shape
  const outs = channels / shapeSize(strides)
  const extents = [...rows]
  let current = x
  // The last phase moves behind the last row, then the one before it, and so on.
  for (let axis = strides.length - 1; axis >= 0; axis--) {
    const stride = at(strides, axis)
    if (stride === 1) continue
    const lead = batch * outs * shapeSize(strides.slice(0, axis))
    const between = shapeSize(extents.slice(0, axis))
    const [row, inner] = [at(extents, axis), shapeSize(extents.slice(axis + 1))]
    // [lead, stride, between, row, inner] → [lead, between, row, stride, inner]
    const split = reshapeTo(context, current, [lead, stride, between, row, inner])
    current = addUnchecked(context, { kind: 'transpose', inputs: [split.id], permutation: [0, 2, 3, 1, 4] }, x)
    extents[axis] = row * stride
  }
  const whole = reshapeTo(context, current, [batch, outs, ...extents])
  return slice(context, whole, [0, 0, ...cut], [batch, outs, ...sizes])
}

function pad(context: NodeContext, x: Tracked, pads: readonly number[]): Tracked {
  if (pads.every((lanes) => lanes === 0)) return x
  return addUnchecked(context, { kind: 'pad', inputs: [x.id], pads, value: 0 }, x)
}

function slice(context: NodeContext, x: Tracked, starts: readonly number[], sizes: Shape): Tracked {
  if (shapeEquals(factsOf(context, x).shape, sizes)) return x
  return addUnchecked(context, { kind: 'slice', inputs: [x.id], starts, sizes, steps: sizes.map(() => 1) }, x)
}

function reverse(context: NodeContext, x: Tracked, axis: number): Tracked {
  const { shape } = factsOf(context, x)
  const last = at(shape, axis) - 1
  if (last === 0) return x
  const starts = shape.map((_, i) => (i === axis ? last : 0))
  const steps = shape.map((_, i) => (i === axis ? -1 : 1))
  return addUnchecked(context, { kind: 'slice', inputs: [x.id], starts, sizes: shape, steps }, x)
}

function at(list: readonly number[], index: number): number {
  return list[index] as number
}
