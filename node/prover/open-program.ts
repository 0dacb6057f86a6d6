import { bytesEqual, concatBytes, uintToBytes } from '../protocol/bytes.ts'
import { PROGRAM_DOMAIN, PROGRAM_OP_DOMAIN } from '../protocol/domains.ts'
import { merkleDepth } from '../protocol/merkle.ts'
import type { StepRun } from './step-run.ts'
import { refused, takeUint } from './step-tape.ts'
import { openedRoot } from './tree-opening.ts'

/** The leaf of the op at step t, opened under the programRoot. Nothing else of it is checked: it may be malformed. */
export interface OpenedOp {
  readonly profile: bigint
  /** Inputs and constants together: the op of leaf i writes value `firstOpValue + i`. */
  readonly firstOpValue: bigint
  readonly leafCount: number
  readonly steps: bigint
  readonly leafIndex: number
  readonly stepCount: bigint
  /** How far into the op t is. */
  readonly within: bigint
  readonly descriptor: Uint8Array
}

/**
 * Opens the op that step `t` belongs to.
 * @throws InvalidError `StepVerifier_ProgramMismatch`, `StepVerifier_LeafIndex`, `StepVerifier_StepNotInOp`.
 */
export function openProgram({ tape, source, hash }: StepRun, programRoot: Uint8Array, t: number): OpenedOp {
  const leaf = () => source.program.leafAt(t)
  const { head, ...counts } = takeHead()
  const leafIndex = Number(takeUint(tape, 4, () => leaf().index))
  const size = Number(takeUint(tape, 2, () => leaf().descriptor.length))
  const preimage = tape.take(16 + size, () =>
    concatBytes(uintToBytes(leaf().firstStep, 8), uintToBytes(leaf().stepCount, 8), leaf().descriptor),
  )
  if (leafIndex >= counts.leafCount) throw refused('LeafIndex', `leaf ${leafIndex} of ${counts.leafCount}`)
  const place = { index: leafIndex, used: counts.leafCount, depth: merkleDepth(counts.leafCount) }
  const opened = hash(concatBytes(PROGRAM_OP_DOMAIN, preimage))
  const root = hash(
    concatBytes(
      PROGRAM_DOMAIN,
      head,
      openedRoot(tape, opened, place, () => source.program.nodes, hash),
    ),
  )
  if (!bytesEqual(root, programRoot)) throw refused('ProgramMismatch', 'it opens another programRoot')
  const view = new DataView(preimage.buffer, preimage.byteOffset, preimage.byteLength)
  const [within, stepCount] = [BigInt(t) - view.getBigUint64(0), view.getBigUint64(8)]
  if (within < 0n || within >= stepCount) throw refused('StepNotInOp', `step ${t} is not one of leaf ${leafIndex}`)
  return { ...counts, leafIndex, stepCount, within, descriptor: preimage.subarray(16) }

  function takeHead() {
    const head = tape.take(24, () => {
      const { profile, inputCount, constantCount, leafCount, steps } = source.program.head
      const counts = [profile, inputCount, constantCount, leafCount].map((count) => uintToBytes(count, 4))
      return concatBytes(...counts, uintToBytes(steps, 8))
    })
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
    return {
      head,
      profile: BigInt(view.getUint32(0)),
      firstOpValue: BigInt(view.getUint32(4)) + BigInt(view.getUint32(8)),
      leafCount: view.getUint32(12),
      steps: view.getBigUint64(16),
    }
  }
}
