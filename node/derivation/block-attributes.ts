import type { BlockAttributes } from '../executor/execution.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { SEQUENCER_FEE_VAULT } from '../protocol/constants.ts'
import { l1AttributesTransaction } from './l1-attributes.ts'
import type { L1BlockInfo } from './l1-block.ts'

/**
 * Attributes of an L2 block, the same for the sequencer that builds it and the verifier that derives it.
 * @param parentTimestamp of the L2 block below, in seconds.
 * @param l1 the block's L1 origin.
 * @param sequenceNumber the block's position in its epoch, from 0.
 * @param deposits raw user deposits of the origin (see `depositsFromLogs`); they belong in the first block of the epoch, and
 * are ignored in the others.
 */
export function blockAttributes(
  spec: ChainSpec,
  parentTimestamp: number,
  l1: L1BlockInfo,
  sequenceNumber: number,
  deposits: readonly Uint8Array[],
): BlockAttributes {
  return {
    timestamp: parentTimestamp + spec.blockTimeSeconds,
    gasLimit: spec.genesis.gasLimit,
    feeRecipient: SEQUENCER_FEE_VAULT,
    prevRandao: l1.prevRandao,
    parentBeaconBlockRoot: l1.parentBeaconBlockRoot,
    forcedTransactions: [l1AttributesTransaction(spec, l1, sequenceNumber), ...(sequenceNumber === 0 ? deposits : [])],
  }
}
