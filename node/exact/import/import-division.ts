import { broadcastShapes } from '../ops/shapes.ts'
import { align, toIntegers } from './align.ts'
import { flag } from './attributes.ts'
import { broadcastTo, powerOfTwo } from './import-elementwise.ts'
import { refuse } from './import-error.ts'
import {
  addUnchecked,
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
  shapeOf,
  type Tracked,
  type Unrounded,
} from './node-context.ts'

/*
 * Division. Its quotients are exact only as integers: floats by a Floor or Ceil that follows, integer types by themselves, towards
 * zero. Why the Floor of a rounded quotient or root is right is told in `emit/emit-division.ts`.
 */

/** Div: by a constant power of two, floats move frac; other quotients of floats wait for their Floor; integers truncate. */
export function importDiv(context: NodeContext): Tracked | Unrounded {
  const [x, divisor] = [operand(context, 0), operand(context, 1)]
  requireSameType(x, divisor)
  const exponent = powerOfTwo(context, divisor)
  if (x.dtype.float) {
    if (exponent === undefined) return quotientOf(context)
    return relabel(broadcastTo(context, x, [x, divisor]), { frac: x.frac + exponent })
  }
  if (exponent === 0) return broadcastTo(context, x, [x, divisor])
  return truncatedQuotient(context, x, divisor)
}

/** Mod by what is 1 or more: of floats, and with fmod, the sign is that of the dividend, otherwise the result is never negative. */
export function importMod(context: NodeContext): Tracked {
  const likeDividend = flag(context.node, 'fmod', false)
  const [x, divisor] = align(context, [requireSource(context, 0), requireSource(context, 1)]) as [Tracked, Tracked]
  if (x.dtype.float && !likeDividend) refuse('OnnxMalformed', 'attribute fmod must be 1 for floats')
  if (x.dtype.float) requireBudget(factsOf(context, x), x.dtype)
  const quotient = likeDividend ? truncatedQuotient(context, x, divisor) : floorQuotient(context, x, divisor)
  const whole = addUnchecked(context, { kind: 'mul', inputs: [quotient.id, divisor.id] }, x)
  const rest = addUnchecked(context, { kind: 'sub', inputs: [x.id, whole.id] }, x)
  // Bounds cannot see what a remainder is; the clip says it.
  const top = factsOf(context, divisor).hi - 1
  const { lo, hi } = factsOf(context, x)
  const range = { lo: likeDividend && lo < 0 ? -top : 0, hi: likeDividend && hi <= 0 ? 0 : top }
  return emit(context, { kind: 'clip', inputs: [rest.id], ...range }, x)
}

/** Sqrt of integers in floats, which waits for its Floor. */
export function importSqrt(context: NodeContext): Unrounded {
  const x = operand(context, 0)
  if (!x.dtype.float) refuse('OnnxUnsupported', `takes the root of ${x.dtype.name}: only floats have roots`)
  const floor = (at: NodeContext): Tracked => {
    const whole = toIntegers(at, x, 'Floor them before their root')
    requireBudget(factsOf(at, whole), x.dtype)
    return emit(at, { kind: 'isqrt', inputs: [whole.id] }, { dtype: x.dtype, frac: 0 })
  }
  const ceil = () => refuse('OnnxUnsupported', 'takes the Ceil of a root: only Floor is supported')
  return {
    kind: 'unrounded',
    what: `the root of ${context.label}`,
    dtype: x.dtype,
    shape: shapeOf(context, x),
    floor,
    ceil,
  }
}

/** The quotient of floats that no power of two divides. */
function quotientOf(context: NodeContext): Unrounded {
  const sources = [requireSource(context, 0), requireSource(context, 1)] as const
  const { dtype } = sources[0]
  const shape = broadcastShapes(shapeOf(context, sources[0]), shapeOf(context, sources[1]))
  const whole = { dtype, frac: 0 }
  return {
    kind: 'unrounded',
    what: `the quotient of ${context.label}`,
    dtype,
    shape,
    floor: (at) => relabel(floorQuotient(at, ...integerPair(at, sources)), whole),
    ceil: (at) => {
      const [x, divisor] = integerPair(at, sources)
      return relabel(negate(at, floorQuotient(at, negate(at, x), divisor)), whole)
    },
  }
}

/** Dividend and divisor as integers of one scale, the dividend within the mantissa. */
function integerPair(context: NodeContext, sources: readonly [Source, Source]): [Tracked, Tracked] {
  const [x, divisor] = align(context, sources) as [Tracked, Tracked]
  requireBudget(factsOf(context, x), x.dtype)
  return [x, divisor]
}

/** Towards −∞; by a shift where the divisor is a constant power of two. */
function floorQuotient(context: NodeContext, x: Tracked, divisor: Tracked): Tracked {
  const exponent = x.dtype.float ? undefined : powerOfTwo(context, divisor)
  if (exponent === undefined) return emit(context, { kind: 'floordiv', inputs: [x.id, divisor.id] }, x)
  const wide = broadcastTo(context, x, [x, divisor])
  if (exponent === 0) return wide
  return emit(context, { kind: 'shift-right', inputs: [wide.id], bits: exponent, rounding: 'floor' }, x)
}

/** Towards zero: what is positive and what is negative are divided apart, where the dividend may be either. */
function truncatedQuotient(context: NodeContext, x: Tracked, divisor: Tracked): Tracked {
  const { lo, hi } = factsOf(context, x)
  if (lo >= 0) return floorQuotient(context, x, divisor)
  const negative = () => floorQuotient(context, atLeastZero(context, negate(context, x)), divisor)
  if (hi <= 0) return negate(context, negative())
  const positive = floorQuotient(context, atLeastZero(context, x), divisor)
  return emit(context, { kind: 'sub', inputs: [positive.id, negative().id] }, x)
}

function atLeastZero(context: NodeContext, x: Tracked): Tracked {
  const { lo, hi } = factsOf(context, x)
  return lo >= 0 ? x : addUnchecked(context, { kind: 'clip', inputs: [x.id], lo: 0, hi: Math.max(hi, 0) }, x)
}
