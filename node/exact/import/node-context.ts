import type { Bounds, Op, OpKind, Shape, ValueId } from '../graph.ts'
import { shapeEquals, shapeSize, shapeText } from '../tensor-data.ts'
import type { Dtype } from './dtypes.ts'
import type { BuiltValue, GraphBuilder } from './graph-builder.ts'
import { magnitudeText, refuse } from './import-error.ts'
import { type Literal, MAX_FRAC } from './literal.ts'
import type { OnnxNode } from './onnx-model.ts'

/** A tensor of the file as lanes of the graph: its real values are `lane · 2^-frac`. Integer types have frac 0. */
export interface Tracked {
  readonly kind: 'tracked'
  readonly id: ValueId
  readonly dtype: Dtype
  readonly frac: number
}

/**
 * What a float node makes that is no multiple of a power of two: a quotient or a root. Its float rounds, but the integer next to it
 * does not: so Floor and Ceil may read it, and nothing else.
 */
export interface Unrounded {
  readonly kind: 'unrounded'
  /** For messages: `the quotient of /fc/Div`. */
  readonly what: string
  readonly dtype: Dtype
  readonly shape: Shape
  /** Adds what Floor makes of it. @param context of the Floor. @throws ImportError, InvalidError where it is not exact. */
  floor(context: NodeContext): Tracked
  /** Adds what Ceil makes of it. */
  ceil(context: NodeContext): Tracked
}

/** What a name in the file stands for. */
export type Source = Tracked | Literal | Unrounded

/** What the importer of one node is given. */
export interface NodeContext {
  readonly node: OnnxNode
  /** The node's name for messages. */
  readonly label: string
  /** Version of the default operator set. */
  readonly opset: number
  readonly builder: GraphBuilder
  /** The operand at `index`; undefined where it is omitted. */
  source(index: number): Source | undefined
  /**
   * A source as lanes; a constant at the given frac, or else at its natural one.
   * @throws ImportError `OnnxInexact`, also of an unrounded one.
   */
  track(source: Source, frac?: number): Tracked
}

/** A constant operand's real values, with its shape. */
export interface ConstantOperand {
  readonly shape: Shape
  readonly values: Float64Array
}

const MAX_PARAMETERS = 64

/** Facts of a tensor's lanes. */
export function factsOf(context: NodeContext, tensor: Tracked): BuiltValue {
  return context.builder.value(tensor.id)
}

/** Extents of a source. */
export function shapeOf(context: NodeContext, source: Source): Shape {
  return source.kind === 'tracked' ? factsOf(context, source).shape : source.shape
}

/** The operand at `index`. @throws ImportError `OnnxGraphInvalid` when it is missing. */
export function requireSource(context: NodeContext, index: number): Source {
  return context.source(index) ?? refuse('OnnxGraphInvalid', `operand ${index} is missing`)
}

/** The operand at `index` as lanes. @throws ImportError. */
export function operand(context: NodeContext, index: number): Tracked {
  return context.track(requireSource(context, index))
}

/**
 * The constant at `index` that parametrises a node (a shape, axes, a scalar), undefined where it is omitted.
 * @throws ImportError `OnnxUnsupported` when it is computed or of more than 64 values.
 */
export function parameterOperand(context: NodeContext, index: number): ConstantOperand | undefined {
  const source = context.source(index)
  if (source === undefined) return undefined
  const shape = shapeOf(context, source)
  if (shapeSize(shape) > MAX_PARAMETERS)
    refuse('OnnxShapeInvalid', `operand ${index} has shape ${shapeText(shape)}: too many values`)
  if (source.kind === 'literal') return { shape, values: source.values() }
  const tensor = context.track(source)
  const { constant } = factsOf(context, tensor)
  if (!constant) refuse('OnnxUnsupported', `operand ${index} must be a constant: shapes and parameters are static`)
  return { shape, values: Float64Array.from(constant.data, (lane) => lane * 2 ** -tensor.frac) }
}

/** The one value of a scalar parameter. @throws ImportError `OnnxShapeInvalid` when there are more. */
export function scalarOperand(context: NodeContext, index: number): number | undefined {
  const constant = parameterOperand(context, index)
  if (constant && constant.values.length !== 1) refuse('OnnxShapeInvalid', `operand ${index} must be a scalar`)
  return constant?.values[0]
}

/** The entries of a list of integers (a shape, axes, pads). @throws ImportError `OnnxShapeInvalid`. */
export function listOperand(context: NodeContext, index: number): number[] | undefined {
  const constant = parameterOperand(context, index)
  if (constant && (constant.shape.length > 1 || !constant.values.every(Number.isInteger))) {
    refuse('OnnxShapeInvalid', `operand ${index} must be a list of integers`)
  }
  return constant && Array.from(constant.values)
}

/** Ops whose result a float type could round. The others pick, move or divide lanes, which needs no budget of their own. */
const ARITHMETIC: ReadonlySet<OpKind> = new Set(['add', 'sub', 'mul', 'matmul', 'conv', 'sum-pool', 'reduce-sum'])

/**
 * Adds an op whose result has the dtype and frac of `like`, and holds it to the dtype's budget.
 * @throws ImportError `OnnxInexact`; InvalidError of the op's own rules.
 */
export function emit(context: NodeContext, op: Op, like: Pick<Tracked, 'dtype' | 'frac'>): Tracked {
  const tensor = addUnchecked(context, op, like)
  if (!tensor.dtype.float || ARITHMETIC.has(op.kind)) requireBudget(factsOf(context, tensor), tensor.dtype)
  return tensor
}

/** As {@link emit}, for a step that the file's runtime does not take: only safe integers are required of it. */
export function addUnchecked(context: NodeContext, op: Op, like: Pick<Tracked, 'dtype' | 'frac'>): Tracked {
  const { dtype, frac } = like
  requireFrac(frac)
  return { kind: 'tracked', id: context.builder.addOp(op, context.label), dtype, frac }
}

/** The same lanes read as another dtype or frac. @throws ImportError `OnnxInexact` when frac leaves ±100. */
export function relabel(tensor: Tracked, change: Partial<Pick<Tracked, 'dtype' | 'frac'>>): Tracked {
  if (change.frac !== undefined) requireFrac(change.frac)
  return { ...tensor, ...change }
}

/**
 * Holds bounds, and the greatest partial sum of an op that sums, to the budget of a dtype.
 * @throws ImportError `OnnxInexact` with the bound that broke, the budget and the mend.
 */
export function requireBudget(
  { lo, hi, accumulation }: Bounds & { readonly accumulation?: number | undefined },
  dtype: Dtype,
): void {
  const { range, float, budget } = dtype
  if (lo >= range.lo && hi <= range.hi && (accumulation ?? 0) <= range.hi) return
  const sums = accumulation !== undefined
  const magnitude = magnitudeText(Math.max(accumulation ?? 0, hi, -lo))
  const reach = sums ? `|acc| can reach ${magnitude}` : `can reach ${float ? magnitude : `[${lo}, ${hi}]`}`
  const wider = dtype.name === 'float32' ? ' or float64' : float ? '' : ' or a wider type'
  const mend = sums
    ? `use ${dtype.name === 'float32' ? '7-bit weights' : 'fewer bits'}${wider}`
    : `clip before, or use fewer bits${wider}`
  refuse('OnnxInexact', `${reach} ${float ? '>' : 'outside'} ${budget}: ${mend}`)
}

/** A new constant of integers. */
export function constantTensor(context: NodeContext, shape: Shape, lanes: ArrayLike<number>, dtype: Dtype): Tracked {
  return { kind: 'tracked', id: context.builder.addConstant(shape, lanes), dtype, frac: 0 }
}

/** `0 − x`, a step that the file's runtime need not take. */
export function negate(context: NodeContext, x: Tracked): Tracked {
  const zero = constantTensor(context, [], [0], x.dtype)
  return addUnchecked(context, { kind: 'sub', inputs: [zero.id, x.id] }, x)
}

/** The tensor under another shape of equal size. @throws InvalidError `ShapeMismatch`. */
export function reshapeTo(context: NodeContext, tensor: Tracked, shape: Shape): Tracked {
  if (shapeEquals(factsOf(context, tensor).shape, shape)) return tensor
  return addUnchecked(context, { kind: 'reshape', inputs: [tensor.id], shape }, tensor)
}

/** ONNX promotes no types: operands must agree. @throws ImportError `OnnxUnsupported`. */
export function requireSameType(a: Tracked, b: Tracked): void {
  if (a.dtype !== b.dtype) refuse('OnnxUnsupported', `operands have types ${a.dtype.name} and ${b.dtype.name}`)
}

function requireFrac(frac: number): void {
  if (Math.abs(frac) > MAX_FRAC)
    refuse('OnnxInexact', `values would be multiples of 2^${-frac}: |exponent| exceeds ${MAX_FRAC}`)
}
