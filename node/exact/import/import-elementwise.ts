import { broadcastShapes } from '../ops/shapes.ts'
import { shapeEquals } from '../tensor-data.ts'
import { align, toIntegers } from './align.ts'
import { attribute } from './attributes.ts'
import { BOOL, dtypeOf } from './dtypes.ts'
import { magnitudeText, refuse } from './import-error.ts'
import { not } from './import-logic.ts'
import {
  addUnchecked,
  constantTensor,
  emit,
  factsOf,
  type NodeContext,
  negate,
  operand,
  relabel,
  requireBudget,
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

/** Mul: a float factor that is one power of two throughout moves frac, any other multiplies lanes; so do all integers. */
export function importMul(context: NodeContext): Tracked {
  const [a, b] = [operand(context, 0), operand(context, 1)]
  requireSameType(a, b)
  for (const [x, factor] of [
    [a, b],
    [b, a],
  ] as const) {
    const exponent = powerOfTwo(context, factor)
    if (exponent === undefined || !x.dtype.float) continue
    return broadcastTo(context, relabel(x, { frac: x.frac - exponent }), [a, b])
  }
  return emit(context, { kind: 'mul', inputs: [a.id, b.id] }, { dtype: a.dtype, frac: a.frac + b.frac })
}

/** Min and Max over one or more operands. */
export function importExtremum(context: NodeContext, kind: 'min' | 'max'): Tracked {
  const sources = context.node.inputs.map((_, index) => requireSource(context, index))
  const [first, ...rest] = align(context, sources) as [Tracked, ...Tracked[]]
  return rest.reduce((all, next) => emit(context, { kind, inputs: [all.id, next.id] }, first), first)
}

/** Neg, as `0 − x`. */
export function importNeg(context: NodeContext): Tracked {
  const negative = negate(context, operand(context, 0))
  requireBudget(factsOf(context, negative), negative.dtype)
  return negative
}

/** Abs, as `max(x, 0 − x)`. */
export function importAbs(context: NodeContext): Tracked {
  const x = operand(context, 0)
  return emit(context, { kind: 'max', inputs: [x.id, negate(context, x).id] }, x)
}

/** Sign: −1, 0 or 1. */
export function importSign(context: NodeContext): Tracked {
  const { id, dtype } = operand(context, 0)
  return emit(context, { kind: 'clip', inputs: [id], lo: -1, hi: 1 }, { dtype, frac: 0 })
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

/** Floor, Ceil, and Round to the nearest with ties to even, of floats. Floor and Ceil take quotients and roots too. */
export function importRounding(context: NodeContext, rounding: 'floor' | 'ceil' | 'half-even'): Tracked {
  const source = requireSource(context, 0)
  if (source.kind === 'unrounded' && rounding !== 'half-even') return source[rounding](context)
  const x = context.track(source)
  if (!x.dtype.float) refuse('OnnxUnsupported', `rounds ${x.dtype.name}: only floats are rounded`)
  if (x.frac <= 0) return x
  if (x.frac > 52) refuse('OnnxInexact', `rounds off ${x.frac} bits: at most 52 are supported: scale in two steps`)
  if (rounding === 'ceil') return negate(context, shiftOff(context, negate(context, x), 'floor'))
  return shiftOff(context, x, rounding)
}

function shiftOff(context: NodeContext, x: Tracked, rounding: 'floor' | 'half-even'): Tracked {
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

/** Cast, where it preserves every value; to booleans, where it tells zeros from others. */
export function importCast(context: NodeContext): Tracked {
  const x = operand(context, 0)
  const to = attribute(context.node, 'to', 'int') ?? refuse('OnnxMalformed', 'attribute to is missing')
  const dtype = dtypeOf(to) ?? refuse('OnnxUnsupported', `casts to data type ${to}`)
  if (dtype === BOOL && !isBoolean(context, x)) return isNonZero(context, x)
  const whole = dtype.float ? x : toIntegers(context, x, 'a cast truncates them: Round or Floor first')
  const { lo, hi } = factsOf(context, whole)
  if (lo < dtype.range.lo || hi > dtype.range.hi) {
    const reach = `values in [${lo < 0 ? '-' : ''}${magnitudeText(lo)}, ${hi < 0 ? '-' : ''}${magnitudeText(hi)}]`
    refuse('OnnxInexact', `${reach} may not fit ${dtype.budget}: clip before the cast`)
  }
  return relabel(whole, { dtype })
}

function isBoolean(context: NodeContext, { id, frac }: Tracked): boolean {
  const { lo, hi } = context.builder.value(id)
  return frac === 0 && lo >= 0 && hi <= 1
}

function isNonZero(context: NodeContext, x: Tracked): Tracked {
  const zero = constantTensor(context, [], [0], x.dtype)
  const isZero = addUnchecked(context, { kind: 'equal', inputs: [x.id, zero.id] }, { dtype: BOOL, frac: 0 })
  return not(context, isZero)
}

/** The exponent e of a constant whose every real value is 2^e; undefined for any other tensor. */
export function powerOfTwo(context: NodeContext, tensor: Tracked): number | undefined {
  const { lo, hi, constant } = factsOf(context, tensor)
  if (!constant || lo !== hi || lo < 1) return undefined
  const bits = Math.round(Math.log2(lo))
  return 2 ** bits === lo ? bits - tensor.frac : undefined
}

/** `x`, expanded to what its node's operands broadcast to. */
export function broadcastTo(context: NodeContext, x: Tracked, operands: readonly [Source, Source]): Tracked {
  const shape = broadcastShapes(shapeOf(context, operands[0]), shapeOf(context, operands[1]))
  if (shapeEquals(shape, factsOf(context, x).shape)) return x
  return emit(context, { kind: 'expand', inputs: [x.id], shape }, x)
}
