import type { BinaryOp } from '../graph.ts'
import { broadcastShapes } from '../ops/shapes.ts'
import { shapeEquals } from '../tensor-data.ts'
import { align, toIntegers } from './align.ts'
import { attribute } from './attributes.ts'
import { dtypeOf } from './dtypes.ts'
import { magnitudeText, refuse } from './import-error.ts'
import {
  addUnchecked,
  emit,
  factsOf,
  type NodeContext,
  operand,
  relabel,
  requireSameType,
  requireSource,
  type Source,
  scalarOperand,
  shapeOf,
  type Tracked,
} from './node-context.ts'

/** Add and Sub. */
export function importSum(context: NodeContext, kind: 'add' | 'sub'): Tracked {
  const [a, b] = align(context, [requireSource(context, 0), requireSource(context, 1)]) as [Tracked, Tracked]
  return emit(context, { kind, inputs: [a.id, b.id] }, a)
}

/** Mul: a float factor that is one power of two throughout moves frac, any other multiplies lanes. */
export function importMul(context: NodeContext): Tracked {
  const [a, b] = [operand(context, 0), operand(context, 1)]
  requireSameType(a, b)
  for (const [x, factor] of [
    [a, b],
    [b, a],
  ] as const) {
    const exponent = powerOfTwo(context, factor)
    if (exponent === undefined || (exponent !== 0 && !x.dtype.float)) continue
    return broadcastTo(context, relabel(x, { frac: x.frac - exponent }), [a, b])
  }
  return emit(context, { kind: 'mul', inputs: [a.id, b.id] }, { dtype: a.dtype, frac: a.frac + b.frac })
}

/** Div by a constant power of two: floats move frac; integers that cannot be negative shift right. */
export function importDiv(context: NodeContext): Tracked {
  const [x, divisor] = [operand(context, 0), operand(context, 1)]
  requireSameType(x, divisor)
  const exponent =
    powerOfTwo(context, divisor) ??
    refuse('OnnxInexact', 'divides by something else than one constant power of two: use Mul and Round, or a table')
  const wide = broadcastTo(context, x, [x, divisor])
  if (x.dtype.float) return relabel(wide, { frac: x.frac + exponent })
  if (exponent === 0) return wide
  if (factsOf(context, x).lo < 0)
    refuse('OnnxInexact', 'divides a negative integer, which truncates: clip it at 0 first')
  return emit(context, { kind: 'shift-right', inputs: [wide.id], bits: exponent, rounding: 'floor' }, x)
}

/** Min and Max over one or more operands. */
export function importExtremum(context: NodeContext, kind: 'min' | 'max'): Tracked {
  const sources = context.node.inputs.map((_, index) => requireSource(context, index))
  const [first, ...rest] = align(context, sources) as [Tracked, ...Tracked[]]
  return rest.reduce((all, next) => emit(context, { kind, inputs: [all.id, next.id] }, first), first)
}

/** Neg, as `0 − x`. */
export function importNeg(context: NodeContext): Tracked {
  const x = operand(context, 0)
  return emit(context, negation(context, x), x)
}

/** Abs, as `max(x, 0 − x)`. */
export function importAbs(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const negative = addUnchecked(context, negation(context, x), x)
  return emit(context, { kind: 'max', inputs: [x.id, negative.id] }, x)
}

/** Relu, as a clip at 0. */
export function importRelu(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const hi = Math.max(factsOf(context, x).hi, 0)
  return emit(context, { kind: 'clip', inputs: [x.id], lo: 0, hi }, x)
}

/** Clip with constant ends; either may be omitted. */
export function importClip(context: NodeContext): Tracked {
  const ends = [1, 2].map((index) => (scalarOperand(context, index) === undefined ? undefined : context.source(index)))
  const present = ends.filter((end) => end !== undefined)
  const [x, ...aligned] = align(context, [requireSource(context, 0), ...present]) as [Tracked, ...Tracked[]]
  const facts = factsOf(context, x)
  const least = ends[0] && factsOf(context, aligned[0] as Tracked).lo
  const greatest = ends[1] && factsOf(context, aligned.at(-1) as Tracked).hi
  const lo = least ?? Math.min(facts.lo, greatest ?? facts.lo)
  const hi = greatest ?? Math.max(facts.hi, lo)
  return emit(context, { kind: 'clip', inputs: [x.id], lo, hi }, x)
}

/** Floor, and Round to the nearest with ties to even, of floats. */
export function importRounding(context: NodeContext, rounding: 'floor' | 'half-even'): Tracked {
  const x = operand(context, 0)
  if (!x.dtype.float) refuse('OnnxUnsupported', `rounds ${x.dtype.name}: only floats are rounded`)
  if (x.frac <= 0) return x
  if (x.frac > 52) refuse('OnnxInexact', `rounds off ${x.frac} bits: at most 52 are supported: scale in two steps`)
  const op = { kind: 'shift-right', inputs: [x.id], bits: x.frac, rounding } as const
  return emit(context, op, { dtype: x.dtype, frac: 0 })
}

/** BitShift of unsigned integers by a constant. */
export function importBitShift(context: NodeContext): Tracked {
  const x = operand(context, 0)
  if (x.dtype.float || x.dtype.range.lo !== 0)
    refuse('OnnxUnsupported', `shifts ${x.dtype.name}: only unsigned integers shift`)
  const amount = factsOf(context, operand(context, 1))
  const bits = amount.lo
  if (!amount.constant || amount.hi !== bits)
    refuse('OnnxUnsupported', 'shifts by amounts that differ: use one constant')
  if (bits >= 8 * x.dtype.bytes || bits > 52) refuse('OnnxInexact', `shifts ${x.dtype.name} by ${bits} bits`)
  const direction = attribute(context.node, 'direction', 'string')
  const wide = broadcastTo(context, x, [x, requireSource(context, 1)])
  if (bits === 0) return wide
  if (direction === 'LEFT') return emit(context, { kind: 'shift-left', inputs: [wide.id], bits }, x)
  if (direction === 'RIGHT')
    return emit(context, { kind: 'shift-right', inputs: [wide.id], bits, rounding: 'floor' }, x)
  return refuse('OnnxMalformed', `attribute direction is ${direction}, expected LEFT or RIGHT`)
}

/** Cast, where it preserves every value. */
export function importCast(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const to = attribute(context.node, 'to', 'int') ?? refuse('OnnxMalformed', 'attribute to is missing')
  const dtype = dtypeOf(to) ?? refuse('OnnxUnsupported', `casts to data type ${to}`)
  const whole = dtype.float ? x : toIntegers(context, x, 'a cast truncates them: Round or Floor first')
  const { lo, hi } = factsOf(context, whole)
  if (lo < dtype.range.lo || hi > dtype.range.hi) {
    const reach = `values in [${lo < 0 ? '-' : ''}${magnitudeText(lo)}, ${hi < 0 ? '-' : ''}${magnitudeText(hi)}]`
    refuse('OnnxInexact', `${reach} may not fit ${dtype.budget}: clip before the cast`)
  }
  return relabel(whole, { dtype })
}

function negation(context: NodeContext, x: Tracked): BinaryOp {
  const zero = context.builder.addConstant([], [0])
  return { kind: 'sub', inputs: [zero, x.id] }
}

/** The exponent e of a constant whose every real value is 2^e; undefined for any other tensor. */
function powerOfTwo(context: NodeContext, tensor: Tracked): number | undefined {
  const { lo, hi, constant } = factsOf(context, tensor)
  if (!constant || lo !== hi || lo < 1) return undefined
  const bits = Math.round(Math.log2(lo))
  return 2 ** bits === lo ? bits - tensor.frac : undefined
}

/** `x`, expanded to what its node's operands broadcast to. */
function broadcastTo(context: NodeContext, x: Tracked, operands: readonly [Source, Source]): Tracked {
  const shape = broadcastShapes(shapeOf(context, operands[0]), shapeOf(context, operands[1]))
  if (shapeEquals(shape, factsOf(context, x).shape)) return x
  return emit(context, { kind: 'expand', inputs: [x.id], shape }, x)
}
