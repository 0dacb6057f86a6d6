import { readWindow } from '../../exact/import/windows.ts'
import { attributeOf } from '../float-graph.ts'
import { UNLIMITED } from '../formats.ts'
import type { FloatOpHandler, HandlerTable } from '../handler.ts'
import { mapLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { alongAxis, quantiseWeights } from '../recipes/weights.ts'

/** Convolution of 1 to 3 spatial axes, with groups, strides, dilations and padding: a view with a step for each channel. */
const conv: FloatOpHandler = {
  uses: (_, index) => (index === 0 ? 'operand' : 'exact'),
  run(context) {
    const { node } = context
    const weights = context.constant(1) ?? refuse('QuantiseUnsupported', 'weights must be constants')
    const { shape } = weights
    const operand = context.quantised(0)
    const spatial = operand.shape.slice(2)
    const window = readWindow(node, spatial, shape.slice(2))
    const channels = shape[0] as number
    const size = shape.slice(1).reduce((a, b) => a * b, 1)
    const unit = context.target().step / operand.step
    const bits = context.precision.weightBits
    const { lanes, steps } = quantiseWeights(weights.data, channels, (i) => Math.floor(i / size), unit, bits)
    const id = context.add({
      kind: 'conv',
      inputs: [operand.id, context.constantLanes(shape, lanes)],
      ...window,
      groups: attributeOf(node, 'group', 'int') ?? 1,
    })
    const rank = shape.length
    const bias = context.constant(2)
    if (context.has(2) && bias === undefined) refuse('QuantiseUnsupported', 'the bias must be a constant')
    context.define({
      id,
      step: mapLanes(alongAxis(steps, rank, 1), (own) => own * operand.step),
      offset: bias === undefined ? 0 : alongAxis(bias.data, rank, 1),
      limits: UNLIMITED,
    })
  },
}

/** Convolutions. */
export const CONVOLUTION_HANDLERS: HandlerTable = { Conv: conv }
