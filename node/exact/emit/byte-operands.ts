import type { Bounds } from '../graph.ts'
import { INT32_BUDGET, magnitude, PAIR_SUM_BUDGET } from './dtypes.ts'

/** How an operand of an 8-bit contraction is stored: element = value + offset, the offset being ONNX's zero point. */
export interface ByteOperand {
  readonly dtype: 'uint8' | 'int8'
  readonly offset: number
  /** Greatest magnitude of a stored element. */
  readonly maxStored: number
}

/** A pair of operands whose 8-bit product is exact on every CPU. */
export interface BytePair {
  readonly left: ByteOperand
  readonly right: ByteOperand
  readonly kernel: 'u8s8' | 'u8u8'
}

/**
 * Chooses operand types for an exact 8-bit contraction over `fanIn` terms with an int32 accumulator, or undefined when
 * there are none. Unsigned × signed is the fast pair, but x86 without VNNI adds neighbouring *stored* products with
 * VPMADDUBSW, which saturates at 2^15 − 1; where two such products could reach that, unsigned × unsigned serves: its
 * kernels widen to 16 bits before they multiply (MLAS: VPMADDWD, UMULL, UDOT).
 */
export function bytePair(left: Bounds, right: Bounds, fanIn: number): BytePair | undefined {
  const unsigned = unsignedOperand(left)
  if (unsigned === undefined) return undefined
  const signed = signedOperand(right)
  if (signed !== undefined && 2 * unsigned.maxStored * signed.maxStored <= PAIR_SUM_BUDGET) {
    return fitsInt32(unsigned, signed, fanIn) ? { left: unsigned, right: signed, kernel: 'u8s8' } : undefined
  }
  const other = unsignedOperand(right)
  if (other === undefined || !fitsInt32(unsigned, other, fanIn)) return undefined
  return { left: unsigned, right: other, kernel: 'u8u8' }
}

/** Values of either sign as u8, shifted up by the least zero point that serves. */
function unsignedOperand(bounds: Bounds): ByteOperand | undefined {
  const offset = Math.max(0, -bounds.lo)
  const maxStored = bounds.hi + offset
  return offset <= 255 && maxStored <= 255 ? { dtype: 'uint8', offset, maxStored } : undefined
}

function signedOperand(bounds: Bounds): ByteOperand | undefined {
  const fits = bounds.lo >= -128 && bounds.hi <= 127
  return fits ? { dtype: 'int8', offset: 0, maxStored: magnitude(bounds) } : undefined
}

/** Kernels sum raw stored products and subtract the zero points' share afterwards: the raw sums must fit as well. */
function fitsInt32(left: ByteOperand, right: ByteOperand, fanIn: number): boolean {
  const leftReach = Math.max(left.maxStored, left.offset)
  const rightReach = Math.max(right.maxStored, right.offset)
  return fanIn * leftReach * rightReach <= INT32_BUDGET
}

/**
 * How a result that is clipped to `out` is stored as u8, or undefined when it does not fit.
 * @param unclipped bounds before the clip. @returns its zero point, and whether it needs more of a clip than u8 saturating.
 */
export function storedBytes(
  out: Bounds,
  unclipped: Bounds,
): { readonly offset: number; readonly clips: boolean } | undefined {
  const offset = Math.max(0, -out.lo)
  if (offset > 255 || out.hi + offset > 255) return undefined
  const above = unclipped.hi > out.hi && out.hi + offset < 255
  const below = unclipped.lo < out.lo && out.lo + offset > 0
  return { offset, clips: above || below }
}
