import type { ValueId } from '../graph.ts'
import type { EmitContext } from './emit-context.ts'
import { emitSquareSum, matchSquareSum } from './emit-reduce.ts'
import { emitRequantisation } from './emit-requantisation.ts'
import { emitByteRounding, emitByteSum, emitScaledDivision, emitScaledProduct } from './emit-rounding.ts'
import type { GraphSearch } from './graph-search.ts'
import type { KernelName } from './kernel-names.ts'
import { matchRequantisation } from './requantisation.ts'
import { matchByteRounding, matchByteSum, matchScaledDivision, matchScaledProduct } from './rounding.ts'

/** Ops that are emitted together, where the last of them stands. Nothing else reads what lies between them. */
export interface Fusion {
  /** Op indices; the last one's value is the result. */
  readonly ops: readonly number[]
  /** Emits all ops. @returns the kernel's name. */
  emit(context: EmitContext, out: ValueId): KernelName
}

type Matcher = (search: GraphSearch, byteReaders: ReadonlySet<ValueId>, out: ValueId) => Fusion | undefined

/** From the most work saved to the least. */
const MATCHERS: readonly Matcher[] = [
  (search, _, out) => fusion(matchRequantisation(search, out), emitRequantisation),
  (search, readers, out) => fusion(matchByteSum(search, readers, out), emitByteSum),
  (search, readers, out) => fusion(matchByteRounding(search, readers, out), emitByteRounding),
  (search, _, out) => fusion(matchScaledProduct(search, out), emitScaledProduct),
  (search, _, out) => fusion(matchScaledDivision(search, out), emitScaledDivision),
  (search, _, out) => fusion(matchSquareSum(search, out), emitSquareSum),
]

function fusion<Found extends { readonly ops: readonly number[] }>(
  found: Found | undefined,
  emit: (context: EmitContext, found: Found, out: ValueId) => KernelName,
): Fusion | undefined {
  return found === undefined ? undefined : { ops: found.ops, emit: (context, out) => emit(context, found, out) }
}

/** Every fusion of the graph, by the index of each op that it takes in. Found from the end, so that a clip takes in what it clips. */
export function findFusions(search: GraphSearch, byteReaders: ReadonlySet<ValueId>): ReadonlyMap<number, Fusion> {
  const { graph } = search.checked
  const firstOp = graph.inputs.length + graph.constants.length
  const found = new Map<number, Fusion>()
  for (let index = graph.ops.length - 1; index >= 0; index--) {
    if (found.has(index)) continue
    for (const match of MATCHERS) {
      const fused = match(search, byteReaders, firstOp + index)
      if (fused === undefined || fused.ops.some((op) => found.has(op))) continue
      for (const op of fused.ops) found.set(op, fused)
      break
    }
  }
  return found
}
