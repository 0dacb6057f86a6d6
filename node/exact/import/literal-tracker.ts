import { MAX_CONSTANT_BYTES } from '../limits.ts'
import { shapeSize } from '../tensor-data.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { refuse } from './import-error.ts'
import { type Literal, naturalFrac, toLanes } from './literal.ts'
import type { NodeContext, Tracked } from './node-context.ts'

/** Lanes of constants that may be decoded in all: each constant once, and some again at another frac. */
const MAX_DECODED_LANES = 2 * MAX_CONSTANT_BYTES

/**
 * Makes `NodeContext.track`: constants become lanes once for each frac that they are needed at.
 * @throws ImportError `OnnxTooLarge` (from the result) when too many lanes would be decoded in all.
 */
export function createTracker(builder: GraphBuilder): NodeContext['track'] {
  const known = new Map<Literal, Map<number | 'natural', Tracked>>()
  let lanesLeft = MAX_DECODED_LANES

  function decode(literal: Literal): Float64Array {
    lanesLeft -= shapeSize(literal.shape)
    if (lanesLeft < 0) refuse('OnnxTooLarge', `constants of more than ${MAX_DECODED_LANES} values are read in all`)
    return literal.values()
  }

  return (source, frac = undefined) => {
    if (source.kind === 'tracked') return source
    if (source.kind === 'unrounded') refuse('OnnxInexact', `reads ${source.what}, which rounds: take its Floor first`)
    const byFrac = known.get(source) ?? new Map<number | 'natural', Tracked>()
    known.set(source, byFrac)
    const found = byFrac.get(frac ?? 'natural')
    if (found) return found
    const values = decode(source)
    const chosen = frac ?? naturalFrac(source, values) ?? 0
    const id = builder.addConstant(source.shape, toLanes(source, values, chosen))
    const tracked: Tracked = { kind: 'tracked', id, dtype: source.dtype, frac: chosen }
    byFrac.set(chosen, tracked)
    if (frac === undefined) byFrac.set('natural', tracked)
    return tracked
  }
}
