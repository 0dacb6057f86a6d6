import { normalizeAxis } from '../../exact/import/axes.ts'
import { shapeSize } from '../../exact/tensor-data.ts'
import { attributeOf } from '../float-graph.ts'
import type { View } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { mapLanes, type PerLane, rangeOf } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { clipTo, reshapeTo } from '../recipes/elementary.ts'
import { type Normalisation, normalise } from '../recipes/normalise.ts'
import { alongAxis } from '../recipes/weights.ts'
import { perLane } from './affine.ts'

/** Bits that a result has beyond its format, where the format is narrow: it is rounded once more, with the bias. */
const SPARE_BITS = 6

/** What one operator normalises, over which axes and by what. */
type Describe = (context: NodeContext) => Omit<Normalisation, 'step'>

function normalising(describe: Describe): FloatOpHandler {
  return {
    uses: (_, index) => (index === 0 ? 'stream' : 'exact'),
    run: (context) => context.define(normaliseOperand(context, describe(context))),
  }
}

function normaliseOperand(context: NodeContext, options: Omit<Normalisation, 'step'>): View {
  const x = context.quantised(0)
  const { step } = context.target()
  const isStream = (context.plan.widths(context.node.outputs[0] as string).at(-1) ?? 0) >= context.precision.streamBits
  if (isStream) return normalise(context, x, { ...options, step })
  const fine = step / 2 ** SPARE_BITS
  const view = normalise(context, x, { ...options, step: fine })
  // No lane is further than √n deviations from the mean, which intervals cannot see.
  const count = shapeSize(options.axes.map((axis) => x.shape[axis] as number))
  const most = Math.ceil((rangeOf(mapLanes(options.gain, Math.abs)).hi * Math.sqrt(count)) / fine) + 1
  return { ...view, id: clipTo(context, view.id, { lo: -most, hi: most }) }
}

/** The constant operand at `index`, or `otherwise` where it is left out. */
function parameter(context: NodeContext, index: number, otherwise: number): PerLane {
  return context.has(index) ? perLane(context, index) : otherwise
}

/** Axes from an attribute `axis` to the last. */
function lastAxes({ node, operandValue }: NodeContext): number[] {
  const rank = operandValue(0).shape.length
  const axis = normalizeAxis(attributeOf(node, 'axis', 'int') ?? -1, rank)
  return Array.from({ length: rank - axis }, (_, i) => axis + i)
}

const epsilonOf = ({ node }: NodeContext) => attributeOf(node, 'epsilon', 'float') ?? 1e-5

const layer: Describe = (context) => ({
  axes: lastAxes(context),
  isCentred: true,
  epsilon: epsilonOf(context),
  gain: parameter(context, 1, 1),
  bias: parameter(context, 2, 0),
})

const rootMeanSquare: Describe = (context) => ({ ...layer(context), isCentred: false, bias: 0 })

/** One made by `passes/fuse-normalisations.ts`. */
const fused: Describe = (context) => ({
  ...layer(context),
  axes: attributeOf(context.node, 'axes', 'ints') ?? [],
  isCentred: attributeOf(context.node, 'centred', 'int') === 1,
})

/** Each channel of each sample on its own: `[n, c, …spatial]`. */
const instance: Describe = (context) => {
  const rank = context.operandValue(0).shape.length
  const along = (index: number) => {
    const { data } = context.constant(index) ?? refuse('QuantiseUnsupported', `operand ${index} must be a constant`)
    return alongAxis(data, rank, 1)
  }
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2)
  return { axes, isCentred: true, epsilon: epsilonOf(context), gain: along(1), bias: along(2) }
}

/** As {@link instance}, without a gain and over the axes that an attribute names. */
const meanVariance: Describe = ({ node, operandValue }) => {
  const rank = operandValue(0).shape.length
  const axes = (attributeOf(node, 'axes', 'ints') ?? [0, 2, 3]).map((axis) => normalizeAxis(axis, rank))
  return { axes: axes.sort((a, b) => a - b), isCentred: true, epsilon: 0, gain: 1, bias: 0 }
}

/** Groups of channels are normalised as one axis, then each channel has its gain and bias (operator set 21). */
const group: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'stream' : 'exact'),
  run(context) {
    const { shape } = context.operandValue(0)
    const groups = attributeOf(context.node, 'num_groups', 'int') ?? refuse('QuantiseModel', 'num_groups is missing')
    const [batch = 1, channels = 1, ...spatial] = shape
    const x = context.quantised(0)
    const grouped = { ...x, shape: [batch, groups, (channels / groups) * shapeSize(spatial)] }
    const folded = { ...grouped, id: reshapeTo(context, x.id, grouped.shape) }
    const inGroups = (index: number): PerLane => {
      const { data } = context.constant(index) ?? refuse('QuantiseUnsupported', `operand ${index} must be a constant`)
      const size = shapeSize(spatial)
      const lanes = Float64Array.from({ length: channels * size }, (_, i) => data[Math.floor(i / size)] as number)
      return { shape: [groups, lanes.length / groups], data: lanes }
    }
    const options = { axes: [2], isCentred: true, epsilon: epsilonOf(context), gain: inGroups(1), bias: inGroups(2) }
    const format = context.target()
    const normal = context.materialise(normalise(context, folded, { ...options, step: format.step }), format)
    context.define(context.integers(reshapeTo(context, normal.id, shape), normal.step))
  },
}

/** Normalisations: of layers, instances and groups. */
export const NORMALISATION_HANDLERS: HandlerTable = {
  'assay:Normalization': normalising(fused),
  GroupNormalization: group,
  InstanceNormalization: normalising(instance),
  LayerNormalization: normalising(layer),
  MeanVarianceNormalization: normalising(meanVariance),
  RMSNormalization: normalising(rootMeanSquare),
  SimplifiedLayerNormalization: normalising(rootMeanSquare),
}
