import type { L1Source } from '../derivation/l1-source.ts'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { type ChainStore, refOfBlock, storedBlock } from './chain-store.ts'

/**
 * The highest block of the unsafe chain whose L1 origin is canonical. Never below the finalised head, whose origin is final.
 * Cost: one L1 request for each epoch that was reorganised away, and one more.
 */
export async function lastCanonicalBlock(spec: ChainSpec, chain: ChainStore, l1: L1Source): Promise<L2BlockRef> {
  const { unsafe, finalized } = chain.heads()
  let ref = refOfBlock(spec, await storedBlock(chain, unsafe.hash))
  while (ref.number > finalized.number && (await isReorged(l1, ref))) {
    const epoch = ref.l1Origin.hash
    while (ref.number > finalized.number && ref.l1Origin.hash === epoch) {
      ref = refOfBlock(spec, await storedBlock(chain, ref.parentHash))
    }
  }
  return ref
}

/** Whether L1 left the origin of a block. One above L1's head counts as canonical: the node that answers may lag behind. */
export async function isReorged(l1: L1Source, { l1Origin }: L2BlockRef): Promise<boolean> {
  const canonical = await l1.refByNumber(l1Origin.number)
  return canonical !== undefined && canonical.hash !== l1Origin.hash
}
