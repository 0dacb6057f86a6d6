import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { bytesEqual } from '../protocol/bytes.ts'
import { OUTPUTS_DOMAIN } from '../protocol/domains.ts'
import { bindRoots } from '../protocol/inference-roots.ts'
import { merkleDepth, merkleRoot, ZERO_LEAF } from '../protocol/merkle.ts'
import type { StepRun } from './step-run.ts'
import { refused, Trapped } from './step-tape.ts'
import { emptyRoots, openedRoot } from './tree-opening.ts'

/**
 * The outputRoot of a finished trace. Outputs are stored in their declared lane width, so their leaves are what the root binds. The top
 * of the value tree is opened once for all of them, down to as many nodes as there are outputs.
 * @param valueCount values of the Program: those after them are empty.
 * @throws InvalidError `StepVerifier_ValuesMismatch`, `StepVerifier_ValueMismatch`.
 */
export function finishTrace(run: StepRun, outputs: readonly number[], valueCount: number): Uint8Array {
  const { tape, source, hash, state } = run
  const topDepth = merkleDepth(outputs.length)
  const height = VALUE_TREE_DEPTH - topDepth
  const empty = emptyRoots(height, hash)[height] as Uint8Array
  const top = Array.from({ length: 2 ** topDepth }, (_, i) =>
    i * 2 ** height >= valueCount ? empty : tape.take(32, () => source.values.node(height, i)),
  )
  if (!bytesEqual(merkleRoot(top, hash), state.valuesRoot)) throw refused('ValuesMismatch', 'at its top')
  const roots = outputs.map((value) => {
    const leaf = tape.take(32, () => source.values.node(0, value))
    const place = { index: value, used: valueCount, depth: height }
    const root = openedRoot(tape, leaf, place, () => source.values, hash)
    if (!bytesEqual(root, top[Math.floor(value / 2 ** height)] as Uint8Array)) {
      throw refused('ValueMismatch', `value ${value}`)
    }
    if (bytesEqual(leaf, ZERO_LEAF)) throw new Trapped(`output ${value} is not written`)
    return leaf
  })
  return bindRoots(OUTPUTS_DOMAIN, roots, hash)
}
