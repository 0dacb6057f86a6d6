import type { FloatGraph, FloatNode, FloatTensor, FloatValue } from './float-graph.ts'
import type { Format, Quantised, View } from './formats.ts'
import type { LaneBuilder } from './lane-builder.ts'
import type { Plan } from './plan.ts'
import type { Precision } from './precision.ts'

/**
 * How a node uses an operand, which decides the width that the value is held in:
 * - `operand`: in a contraction (8 bits in `fast`);
 * - `stream`: in a sum or normalisation (16 bits);
 * - `index`: in a lookup table;
 * - `same`: moved or picked, in whatever widths the node's results are wanted in;
 * - `view`: as it was computed, before any rounding;
 * - `exact`: integers or booleans, as they are, or a parameter that is no tensor of the graph (a shape, axes).
 */
export type Use = 'operand' | 'stream' | 'index' | 'same' | 'view' | 'exact'

/** Two values whose steps differ by `ratio = step(b) / step(a)` and powers of two, so that shifts convert between them. */
export interface Tie {
  readonly a: string
  readonly b: string
  readonly ratio: number
}

/** How one float operator is planned and built. Handlers are stateless; they are told everything by their arguments. */
export interface FloatOpHandler {
  /** How the operand at `index` is used. */
  uses(node: FloatNode, index: number, graph: FloatGraph): Use
  /** Values that should share a scale. What is not tied still works, but is converted by a multiplication. */
  ties?(node: FloatNode, graph: FloatGraph): readonly Tie[]
  /**
   * The step of the node's first result, where no weights can absorb it: a product of two activations. `stepOf` gives the
   * step of an operand in the format that the node reads it in. Undefined where the node's weights absorb it after all.
   */
  derives?(node: FloatNode, stepOf: (index: number) => number, graph: FloatGraph): number | undefined
  /** Adds the ops of the node and defines its results. @throws QuantiseError; InvalidError of the op rules. */
  run(context: NodeContext): void
}

/** Operators of one family, by name; those of another domain than the default as `domain:Name`. */
export type HandlerTable = Readonly<Record<string, FloatOpHandler>>

/** What a handler is given to build one node. */
export interface NodeContext extends LaneBuilder {
  readonly node: FloatNode
  readonly graph: FloatGraph
  readonly plan: Plan
  readonly precision: Precision
  /** Shape and kind of an operand or result. @throws QuantiseError when it is left out. */
  operandValue(index: number): FloatValue
  resultValue(index?: number): FloatValue
  /** Whether the operand at `index` is given. */
  has(index: number): boolean
  /** The operand's values where it is a constant. */
  constant(index: number): FloatTensor | undefined
  /** The operand in the format that its `use` asks for; of an integer or boolean, its lanes at step 1. */
  quantised(index: number): Quantised
  /** The operand in integers of this step, over the range of its own. */
  at(index: number, step: number): Quantised
  /** The operand in a format of the handler's own (see `Plan.covering`). */
  rounded(index: number, format: Format): Quantised
  /** The operand as it was computed. A constant becomes integers of its stream format. */
  view(index: number): View
  /** The widest format that the result is wanted in. */
  target(index?: number): Format
  /** Rounds a view to a format. */
  materialise(view: View, format: Format): Quantised
  /** Says what a result is. Formats are made from it when they are first read. */
  define(view: View | Quantised, index?: number): void
}
