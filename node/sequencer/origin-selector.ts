import type { L1BlockRef, L1Origin } from '../derivation/l1-block.ts'
import type { L1Source } from '../derivation/l1-source.ts'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { UnavailableError } from '../protocol/errors.ts'

/** The L1 side of the next block. */
export interface OriginChoice {
  readonly origin: L1Origin
  /** Position of the next block in its epoch, from 0. */
  readonly sequenceNumber: number
  /** The block's time is beyond the sequencer drift of its origin: derivation takes it only without sequenced transactions. */
  readonly onlyDeposits: boolean
}

/** Chooses the L1 origin of the block that follows `parent`. */
export type OriginSelector = (parent: L2BlockRef) => Promise<OriginChoice>

/** What an origin selector is made of. */
export interface OriginSelectorDeps {
  readonly spec: ChainSpec
  readonly l1: L1Source
  /** L1 blocks that must lie above a new origin. The drift rule overrides it. */
  readonly confirmations: number
}

/**
 * Creates a selector by the OP Stack's rules: the next L1 block as soon as its time is not after the L2 block's and it is
 * confirmed, else the current one. When the drift is used up the next origin is taken unconfirmed; without one no valid block
 * can be built. Cost: one or two L1 requests a block, and one more for each new origin.
 * The selector rejects with UnavailableError: `L1Reorged` when the parent's origin is no longer on L1's chain, `DriftExceeded`
 * when L1 must go on first, and what the L1 source rejects with.
 */
export function createOriginSelector(deps: OriginSelectorDeps): OriginSelector {
  let current: L1Origin | undefined
  const load = async (hash: L1Origin['info']['hash']) => {
    if (current?.info.hash !== hash) current = await deps.l1.origin(hash)
    return current
  }
  return async (parent) => {
    const { info } = await load(parent.l1Origin.hash)
    const timestamp = parent.timestamp + deps.spec.blockTimeSeconds
    const driftSeconds = deps.spec.maxSequencerDriftSeconds
    const isPastDrift = timestamp > info.timestamp + driftSeconds
    const next = await nextOrigin(deps, info, isPastDrift)
    if (next === undefined && isPastDrift) {
      throw new UnavailableError(
        'DriftExceeded',
        `L2 time ${timestamp} is over ${driftSeconds} s ahead of L1 block ${info.number}, and L1 has no next block yet`,
      )
    }
    const moves = next !== undefined && next.timestamp <= timestamp
    const origin = moves ? await load(next.hash) : await load(info.hash)
    return {
      origin,
      sequenceNumber: moves ? 0 : parent.sequenceNumber + 1,
      onlyDeposits: timestamp > origin.info.timestamp + driftSeconds,
    }
  }
}

async function nextOrigin(
  { l1, confirmations }: OriginSelectorDeps,
  current: L1BlockRef,
  isPastDrift: boolean,
): Promise<L1BlockRef | undefined> {
  const next = await l1.refByNumber(current.number + 1)
  if (next === undefined) return undefined
  if (next.parentHash !== current.hash) {
    throw new UnavailableError('L1Reorged', `L1 block ${current.number} is now ${next.parentHash}, not ${current.hash}`)
  }
  const isConfirmed = confirmations === 0 || (await l1.refByNumber(next.number + confirmations)) !== undefined
  return isConfirmed || isPastDrift ? next : undefined
}
