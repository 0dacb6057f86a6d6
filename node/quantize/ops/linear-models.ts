import type { ValueId } from '../../exact/graph.ts'
import { attributeOf, type FloatNode } from '../float-graph.ts'
import { type Quantised, UNLIMITED, type View } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { columnsOf, type PerLane, zipLanes } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { defineClasses, readClasses } from '../recipes/class-scores.ts'
import { divide } from '../recipes/divide.ts'

/** Bits of a sum of products, of which a linear model has few: as many as are exact everywhere, with room for rounding. */
const SUM_BITS = 51
/** Lanes of raw columns take part as they are where coefficients keep at least so many bits. */
const LEAST_COEFFICIENT_BITS = 12

const regressor: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    requireTransform(context.node)
    const targets = attributeOf(context.node, 'targets', 'int') ?? 1
    context.define({ ...linear(context, targets), limits: UNLIMITED })
  },
}

const classifier: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    const classes = readClasses(context.node)
    defineClasses(context, classes, linear(context, classes.labels.length))
  },
}

function requireTransform(node: FloatNode): void {
  const transform = attributeOf(node, 'post_transform', 'string') ?? 'NONE'
  if (transform !== 'NONE') refuse('QuantiseUnsupported', `post_transform ${transform} of a regressor is not supported`)
}

/** `[rows, targets]`: products with the coefficients, whose steps are those of each column of the input. */
function linear(
  context: NodeContext,
  targets: number,
): { readonly id: ValueId; readonly step: number; readonly offset: PerLane } {
  const { node } = context
  const coefficients = attributeOf(node, 'coefficients', 'floats') ?? []
  const intercepts = attributeOf(node, 'intercepts', 'floats') ?? []
  const columns = context.operandValue(0).shape.at(-1) ?? 1
  if (coefficients.length !== targets * columns) {
    refuse('QuantiseModel', `${coefficients.length} coefficients for ${targets} targets of ${columns} columns`)
  }
  const input = rawColumns(context, columns) ?? roundedColumns(context, columns)
  const { lo, hi, shape } = context.facts(input.id)
  const id = shape.length === 2 ? input.id : context.add({ kind: 'reshape', inputs: [input.id], shape: [1, columns] })
  const real = (i: number) => coefficients[(i % targets) * columns + Math.floor(i / targets)] as number
  const weights = coefficients.map((_, i) => real(i) * (input.steps[Math.floor(i / targets)] as number))
  const greatest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  const bits = coefficientBits(Math.max(-lo, hi), columns)
  const step = greatest === 0 ? 1 : 2 ** (Math.ceil(Math.log2(greatest)) - bits)
  const table = context.constantLanes(
    [columns, targets],
    weights.map((weight) => Math.round(weight / step)),
  )
  const offset = Float64Array.from({ length: targets }, (_, target) =>
    input.offsets.reduce(
      (sum, own, column) => sum + own * (coefficients[target * columns + column] as number),
      intercepts[target] ?? 0,
    ),
  )
  const sums = context.add({ kind: 'matmul', inputs: [id, table] })
  return { id: sums, step, offset: targets === 1 ? (offset[0] as number) : { shape: [1, targets], data: offset } }
}

interface Columns {
  readonly id: ValueId
  readonly steps: Float64Array
  readonly offsets: Float64Array
}

/** The input as it is, where it is nothing but scaled columns: no column loses bits to another one of a greater scale. */
function rawColumns(context: NodeContext, columns: number): Columns | undefined {
  const { id, step, offset, limits } = context.view(0)
  const { lo, hi } = context.facts(id)
  const [steps, offsets] = [columnsOf(step, columns), columnsOf(offset, columns)]
  if (limits !== UNLIMITED || steps === undefined || offsets === undefined) return undefined
  return coefficientBits(Math.max(-lo, hi), columns) < LEAST_COEFFICIENT_BITS ? undefined : { id, steps, offsets }
}

function roundedColumns(context: NodeContext, columns: number): Columns {
  const { id, step } = context.at(
    0,
    context.plan.format(context.node.inputs[0] as string, context.precision.streamBits).step,
  )
  return { id, steps: new Float64Array(columns).fill(step), offsets: new Float64Array(columns) }
}

/** Bits that coefficients may have beside lanes of this magnitude. */
function coefficientBits(lanes: number, columns: number): number {
  return SUM_BITS - Math.ceil(Math.log2(lanes + 1)) - Math.ceil(Math.log2(columns))
}

/** `(x − offset) · scale`, a column at a time: a change of the view. */
const scaler: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    const columns = context.operandValue(0).shape.at(-1) ?? 1
    const [offsets, scales] = [columnNumbers(context, 'offset', columns), columnNumbers(context, 'scale', columns)]
    context.define(scaled(context.view(0), offsets, scales))
  },
}

function columnNumbers({ node }: NodeContext, name: string, columns: number): PerLane {
  const values = attributeOf(node, name, 'floats') ?? []
  if (values.length === 1) return values[0] as number
  if (values.length === columns) return { shape: [columns], data: Float64Array.from(values) }
  return refuse('QuantiseModel', `attribute ${name} has ${values.length} numbers for ${columns} columns`)
}

function scaled({ id, step, offset, limits }: View, offsets: PerLane, scales: PerLane): View {
  const move = (value: PerLane) =>
    zipLanes(
      zipLanes(value, offsets, (x, own) => x - own),
      scales,
      (x, own) => x * own,
    )
  const ends = [move(limits.lo), move(limits.hi)] as const
  return {
    id,
    step: zipLanes(step, scales, (x, own) => x * own),
    offset: move(offset),
    limits: limits === UNLIMITED ? UNLIMITED : { lo: zipLanes(...ends, Math.min), hi: zipLanes(...ends, Math.max) },
  }
}

/** Rows divided by their norm; a row of zeros stays zero. */
const normalizer: FloatOpHandler = {
  uses: () => 'stream',
  run(context) {
    const x = context.quantised(0)
    context.define(divide(context, x, normOf(context, x), context.target().step))
  },
}

/** The norm of each row, with extent 1. */
function normOf(context: NodeContext, { id, shape, step }: Quantised): Quantised {
  const reduce = (op: 'reduce-sum' | 'reduce-max', of: ValueId) =>
    context.add({ kind: op, inputs: [of], axes: [shape.length - 1], keepDims: true })
  const kind = attributeOf(context.node, 'norm', 'string') ?? 'MAX'
  switch (kind) {
    case 'MAX':
      return context.integers(reduce('reduce-max', id), step)
    case 'L1': {
      const minus = context.add({ kind: 'sub', inputs: [context.constantLanes([], [0]), id] })
      return context.integers(reduce('reduce-sum', context.add({ kind: 'max', inputs: [id, minus] })), step)
    }
    case 'L2': {
      const squares = reduce('reduce-sum', context.add({ kind: 'mul', inputs: [id, id] }))
      // The root keeps bits below the lane, so that its rounding does not show in the quotient.
      const bits = Math.max(0, Math.floor((SUM_BITS - Math.log2(context.facts(squares).hi + 1)) / 2))
      const fine = bits === 0 ? squares : context.add({ kind: 'shift-left', inputs: [squares], bits: 2 * bits })
      return context.integers(context.add({ kind: 'isqrt', inputs: [fine] }), step * 2 ** -bits)
    }
    default:
      return refuse('QuantiseModel', `no norm is named ${kind}`)
  }
}

/** Linear models of ai.onnx.ml and what converters put around them. */
export const LINEAR_MODEL_HANDLERS: HandlerTable = {
  'ai.onnx.ml:LinearClassifier': classifier,
  'ai.onnx.ml:LinearRegressor': regressor,
  'ai.onnx.ml:Normalizer': normalizer,
  'ai.onnx.ml:Scaler': scaler,
}
