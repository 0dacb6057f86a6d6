import type { BinaryOp, ShiftRounding, ValueId } from '../graph.ts'
import { shapeEquals, shapeSize } from '../tensor-data.ts'
import { storedBytes } from './byte-operands.ts'
import { magnitude } from './dtypes.ts'
import type { GraphSearch } from './graph-search.ts'
import { scalesExactly } from './requantised-channels.ts'

/** A value rounded to bytes that some kernel reads as such: [clip ←] [shift-right half-even ←] source. */
export interface ByteRounding {
  readonly source: ValueId
  /** What the clip reads: the source, or its shift. */
  readonly unclipped: ValueId
  /** Bits of the shift; 0 where there is only a clip. */
  readonly bits: number
  /** Op indices that are computed together, the last one's value being the result. */
  readonly ops: readonly number[]
}

/**
 * Matches a {@link ByteRounding} that float32 computes: its source is within 2^24, or so far beyond the clip that rounding it to
 * float32 changes nothing.
 */
export function matchByteRounding(
  search: GraphSearch,
  byteReaders: ReadonlySet<ValueId>,
  out: ValueId,
): ByteRounding | undefined {
  const last = search.makerOf(out)
  if (!byteReaders.has(out) || storedBytes(search.facts(out), search.facts(out)) === undefined) return undefined
  const shifted = last?.kind === 'clip' ? last.inputs[0] : out
  const shift = last?.kind === 'clip' ? search.privateMakerOf(shifted) : last
  const isShift = shift?.kind === 'shift-right' && shift.rounding === 'half-even'
  if (!isShift && last?.kind !== 'clip') return undefined
  const source = isShift ? shift.inputs[0] : shifted
  const bits = isShift ? shift.bits : 0
  if (search.constant(source) !== undefined || !scalesExactly(search.facts(source), 1, bits, 255)) return undefined
  const ids = isShift && shifted !== out ? [shifted, out] : [out]
  return { source, unclipped: shifted, bits, ops: ids.map(search.indexOf) }
}

/** Two values held in bytes whose sum is clipped to bytes: [clip ←] add. */
export interface ByteSum extends ByteRounding {
  readonly sum: BinaryOp
}

/** Matches a {@link ByteSum}: of two computed values of one shape. Whether they are held in bytes shows when they are emitted. */
export function matchByteSum(
  search: GraphSearch,
  byteReaders: ReadonlySet<ValueId>,
  out: ValueId,
): ByteSum | undefined {
  const rounding = matchByteRounding(search, byteReaders, out)
  if (rounding === undefined || rounding.bits !== 0) return undefined
  const sum = search.privateMakerOf(rounding.source)
  if (sum?.kind !== 'add') return undefined
  const [a, b] = sum.inputs.map((id) => ({ ...search.facts(id), isConstant: search.constant(id) !== undefined }))
  if (a === undefined || b === undefined || a.isConstant || b.isConstant || !shapeEquals(a.shape, b.shape)) {
    return undefined
  }
  const fits = storedBytes(a, a) !== undefined && storedBytes(b, b) !== undefined
  return fits ? { ...rounding, sum, ops: [search.indexOf(rounding.source), ...rounding.ops] } : undefined
}

/** shift-right ← [add of a constant ←] mul, where one factor is small or constant, so that the shift is done on it. */
export interface ScaledProduct {
  readonly wide: ValueId
  /** The factor that is scaled: a constant, or a value of few lanes. */
  readonly narrow: ValueId
  readonly addend: ValueId | undefined
  readonly bits: number
  readonly rounding: ShiftRounding
  /** Greatest magnitude of operands, product and sum. */
  readonly reach: number
  readonly ops: readonly number[]
}

/** A factor with at most this part of the result's lanes is scaled rather than the result. */
const NARROW_PART = 1 / 4

/** Matches a {@link ScaledProduct}. */
export function matchScaledProduct(search: GraphSearch, out: ValueId): ScaledProduct | undefined {
  const shift = search.makerOf(out)
  if (shift?.kind !== 'shift-right') return undefined
  const [sum] = shift.inputs
  const add = search.privateMakerOf(sum)
  const addend = add?.kind === 'add' ? add.inputs.find((id) => search.constant(id) !== undefined) : undefined
  const product = addend === undefined ? sum : ((add as BinaryOp).inputs.find((id) => id !== addend) as ValueId)
  const mul = search.privateMakerOf(product)
  if (mul?.kind !== 'mul') return undefined
  const lanes = (id: ValueId) => shapeSize(search.facts(id).shape)
  const isNarrow = (id: ValueId) =>
    search.constant(id) !== undefined || lanes(id) <= NARROW_PART * shapeSize(search.facts(product).shape)
  const [a, b] = mul.inputs
  const narrow = isNarrow(b) ? b : isNarrow(a) ? a : undefined
  if (narrow === undefined || a === b) return undefined
  const ids = [a, b, product, sum, ...(addend === undefined ? [] : [addend])]
  return {
    wide: narrow === b ? a : b,
    narrow,
    addend,
    bits: shift.bits,
    rounding: shift.rounding,
    reach: Math.max(...ids.map((id) => magnitude(search.facts(id)))),
    ops: [...new Set([product, sum, out])].map(search.indexOf),
  }
}

/** floordiv ← shift-left, where the divisor has few lanes, so that the shift is done on it. */
export interface ScaledDivision {
  readonly dividend: ValueId
  readonly divisor: ValueId
  readonly bits: number
  /** Greatest magnitude of the shifted dividend and the divisor. */
  readonly reach: number
  readonly ops: readonly number[]
}

/** Matches a {@link ScaledDivision}. */
export function matchScaledDivision(search: GraphSearch, out: ValueId): ScaledDivision | undefined {
  const op = search.makerOf(out)
  if (op?.kind !== 'floordiv') return undefined
  const [shifted, divisor] = op.inputs
  const shift = search.privateMakerOf(shifted)
  const lanes = (id: ValueId) => shapeSize(search.facts(id).shape)
  if (shift?.kind !== 'shift-left' || lanes(divisor) > NARROW_PART * lanes(shifted)) return undefined
  const reach = Math.max(magnitude(search.facts(shifted)), magnitude(search.facts(divisor)))
  const ops = [shifted, out].map(search.indexOf)
  return { dividend: shift.inputs[0], divisor, bits: shift.bits, reach, ops }
}
