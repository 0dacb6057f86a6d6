import type { ValueId } from '../../exact/graph.ts'
import { attributeOf, type FloatNode } from '../float-graph.ts'
import { formatOf, type Quantised, UNLIMITED, type View, viewOf } from '../formats.ts'
import type { NodeContext } from '../handler.ts'
import { perLaneConstant } from '../lane-builder.ts'
import { mapLanes, type PerLane } from '../per-lane.ts'
import { refuse } from '../quantise-error.ts'
import { divideBySum, powersOfE } from './softmax.ts'
import { lookUp } from './table.ts'

/** What a classifier of ai.onnx.ml names its classes, and what it makes of their scores. */
export interface Classes {
  /** Integers that stand for the classes in the label output: their own, or for text their position. */
  readonly labels: readonly number[]
  readonly transform: 'NONE' | 'LOGISTIC' | 'SOFTMAX'
}

/** Scores of classes before the transform: `[rows, classes]`, or `[rows, 1]` of the second of two classes. */
export interface ClassScores {
  readonly id: ValueId
  readonly step: number
  /** What is added to each score. */
  readonly offset: PerLane
  /** Of one score for two classes: whether it is a share in 0 … 1 (decided at 1/2), or has a sign (decided at 0). */
  readonly positive?: boolean
}

/** Scores beyond this have a probability that no 16 bits tell from 0 or 1. */
const LOGIT_LIMIT = 16
/** Bits of a score's table index at least: classifiers have few lanes, so a fine table costs little. */
const LEAST_INDEX_BITS = 13
/** Integers that the power of e of the greatest score stands at. */
const EXP_LEVELS = 2 ** 20

/** Reads a classifier's attributes. @throws QuantiseError. */
export function readClasses(node: FloatNode): Classes {
  const integers =
    attributeOf(node, 'classlabels_int64s', 'ints') ?? attributeOf(node, 'classlabels_ints', 'ints') ?? []
  const texts = attributeOf(node, 'classlabels_strings', 'strings') ?? []
  const labels = integers.length > 0 ? integers : texts.map((_, position) => position)
  if (labels.length === 0) refuse('QuantiseModel', 'the classifier names no classes')
  const transform = attributeOf(node, 'post_transform', 'string') ?? 'NONE'
  if (transform !== 'NONE' && transform !== 'LOGISTIC' && transform !== 'SOFTMAX') {
    refuse('QuantiseUnsupported', `post_transform ${transform} is not supported`)
  }
  return { labels, transform: transform as Classes['transform'] }
}

/** Defines both results of a classifier: the label, decided on exact scores, and the scores of all classes. */
export function defineClasses(context: NodeContext, { labels, transform }: Classes, scores: ClassScores): void {
  const { step } = scores
  const bias = mapLanes(scores.offset, (x) => Math.round(x / step))
  const id = bias === 0 ? scores.id : context.add({ kind: 'add', inputs: [scores.id, perLaneConstant(context, bias)] })
  const isBinary = scores.positive !== undefined
  const label = isBinary
    ? secondOfTwo(context, id, scores.positive === true ? 0.5 / step : 0)
    : context.add({ kind: 'argmax', inputs: [id], axis: 1, keepDims: false })
  context.define(context.integers(named(context, label, labels), 1), 0)
  if (context.node.outputs[1]) context.define(transformed(context, transform, { ...scores, id }), 1)
}

/** The scores of all classes, `[rows, classes]`; offsets are added to the lanes already. */
function transformed(context: NodeContext, transform: Classes['transform'], scores: ClassScores): View {
  const { id, step, positive } = scores
  const isBinary = positive !== undefined
  if (transform === 'SOFTMAX' && !isBinary) return viewOf(softmax(context, index(context, scores)))
  if (transform === 'LOGISTIC' && positive !== true) return viewOf(logistic(context, index(context, scores), isBinary))
  if (!isBinary) return viewOf(scores)
  const minus = context.add({ kind: 'sub', inputs: [context.constantLanes([], [0]), id] })
  const both = context.add({ kind: 'concat', inputs: [minus, id], axis: 1 })
  const offset = positive ? { shape: [1, 2], data: Float64Array.of(1, 0) } : 0
  return { id: both, step, offset, limits: UNLIMITED }
}

/** Scores in the integers that tables are indexed by. */
function index(context: NodeContext, { id, step }: ClassScores): Quantised {
  const bits = Math.max(context.precision.indexBits, LEAST_INDEX_BITS)
  const span = { lo: -LOGIT_LIMIT, hi: LOGIT_LIMIT }
  return context.materialise(viewOf({ id, step }), formatOf((2 * LOGIT_LIMIT) / (2 ** bits - 1), span, bits))
}

/** `[rows]`: 1 where the only score is above the threshold. */
function secondOfTwo(context: NodeContext, id: ValueId, threshold: number): ValueId {
  const limit = context.constantLanes([], [Math.floor(threshold)])
  const above = context.add({ kind: 'less', inputs: [limit, id] })
  const { shape } = context.facts(id)
  return context.add({ kind: 'reshape', inputs: [above], shape: shape.slice(0, 1) })
}

/** Positions as the integers that stand for them. */
function named(context: NodeContext, id: ValueId, labels: readonly number[]): ValueId {
  if (labels.every((label, position) => label === position)) return id
  const table = context.constantLanes([labels.length], labels)
  return context.add({ kind: 'lookup', inputs: [id, table], axis: 0 })
}

/** Logistic function of every score; of a binary classifier's, of its negative as well. */
function logistic(context: NodeContext, scores: Quantised, isBinary: boolean): Quantised {
  const { step } = context.target(1)
  const second = lookUp(context, scores, (x) => 1 / (1 + Math.exp(-x)), step).id
  if (!isBinary) return context.integers(second, step)
  const first = lookUp(context, scores, (x) => 1 / (1 + Math.exp(x)), step).id
  return context.integers(context.add({ kind: 'concat', inputs: [first, second], axis: 1 }), step)
}

/** Softmax over the classes. */
function softmax(context: NodeContext, scores: Quantised): Quantised {
  const indexBits = Math.max(context.precision.indexBits, LEAST_INDEX_BITS)
  return divideBySum(
    context,
    powersOfE(context, scores, [1], { levels: EXP_LEVELS, indexBits }),
    context.target(1).step,
  )
}
