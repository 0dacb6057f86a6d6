import { refuse } from './import-error.ts'
import { addUnchecked, factsOf, type NodeContext, relabel, type Source, type Tracked } from './node-context.ts'

/**
 * Brings operands to one frac, the finest among them, so that their lanes may be added, compared or joined. Constants are
 * rewritten, others shifted left; constant zeros suit any frac.
 * @throws ImportError `OnnxInexact` when they lie more than 52 bits apart, `OnnxUnsupported` when dtypes differ.
 */
export function align(context: NodeContext, sources: readonly Source[]): Tracked[] {
  const [first] = sources
  for (const { dtype } of sources) {
    if (dtype !== first?.dtype) refuse('OnnxUnsupported', `operands have types ${first?.dtype.name} and ${dtype.name}`)
  }
  const fracs = sources.map((source) => fracOf(context, source)).filter((frac) => frac !== undefined)
  const finest = fracs.length > 0 ? Math.max(...fracs) : 0
  return sources.map((source) => {
    if (fracOf(context, source) === undefined) return relabel(context.track(source), { frac: finest })
    return source.kind === 'literal' ? context.track(source, finest) : shiftTo(context, context.track(source), finest)
  })
}

/** The tensor at a frac at least its own. @throws ImportError `OnnxInexact`. */
export function shiftTo(context: NodeContext, tensor: Tracked, frac: number): Tracked {
  const bits = frac - tensor.frac
  if (bits === 0) return tensor
  if (bits > 52) refuse('OnnxInexact', `operands are ${bits} bits apart: round one of them first`)
  return addUnchecked(context, { kind: 'shift-left', inputs: [tensor.id], bits }, { dtype: tensor.dtype, frac })
}

/** The tensor as plain integers (frac 0). @throws ImportError `OnnxInexact` when it holds fractions. */
export function toIntegers(context: NodeContext, tensor: Tracked, mend: string): Tracked {
  if (isZero(context, tensor)) return relabel(tensor, { frac: 0 })
  if (tensor.frac > 0) refuse('OnnxInexact', `values are multiples of 2^-${tensor.frac}: ${mend}`)
  return shiftTo(context, tensor, 0)
}

function fracOf(context: NodeContext, source: Source): number | undefined {
  const tensor = context.track(source)
  return isZero(context, tensor) ? undefined : tensor.frac
}

function isZero(context: NodeContext, tensor: Tracked): boolean {
  const { lo, hi, constant } = factsOf(context, tensor)
  return constant !== undefined && lo === 0 && hi === 0
}
