import { createDerivation, type Derivation, type DerivedBlock } from '../derivation/derivation.ts'
import type { L1BlockRef } from '../derivation/l1-block.ts'
import type { L1Source } from '../derivation/l1-source.ts'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { Log } from '../telemetry/logger.ts'
import { type ApplyOutcome, applyBlock, type ExecuteBlock } from './apply-block.ts'
import { type ChainStore, refOfBlock, storedBlock } from './chain-store.ts'
import { isReorged, lastCanonicalBlock } from './l1-reorg.ts'
import { createSafeTrail } from './safe-trail.ts'

/** What the follower works with. */
export interface FollowerDeps {
  readonly spec: ChainSpec
  readonly chain: ChainStore
  readonly l1: L1Source
  readonly execute: ExecuteBlock
  /** L1 blocks that must lie above one before it is read. */
  readonly confirmations: number
  readonly log: Log
}

/** A block that became safe. */
export interface SafeBlock {
  readonly block: ExecutedBlock
  readonly derivedFrom: L1BlockRef
  readonly outcome: ApplyOutcome
}

/** What one step did: `idle` means that L1 has nothing more to read. */
export type FollowStep = SafeBlock | 'read-l1' | 'reset' | 'idle'

/** Follows L1 step by step and keeps the chain's heads in line with it. */
export interface Follower {
  /** The last L1 block that was read; all that follows from the blocks before it is in the chain. */
  readonly tip: L1BlockRef | undefined
  /** Rejects with UnavailableError when L1, storage or execution fails: the same step can be tried again. */
  step(): Promise<FollowStep>
}

/**
 * Creates a follower. It derives from the finalised head on, since what hangs on younger L1 blocks may have been reorganised
 * away while the node was down; blocks that the node holds are compared, not executed again.
 */
export function createFollower(deps: FollowerDeps): Follower {
  const { spec, chain, l1, log } = deps
  const trail = createSafeTrail()
  let derivation: Derivation | undefined
  let head: L2BlockRef | undefined
  /** The last origin of an unsafe head that was found on L1's chain. Should L1 leave it later, the tip shows that. */
  let checkedOrigin: Hex | undefined

  const isCanonical = async (ref: L1BlockRef) => (await l1.refByNumber(ref.number))?.hash === ref.hash

  /** Starts derivation on the last derived block that L1 still stands behind, and drops blocks of other L1 branches. */
  const reset = async () => {
    const wasRunning = derivation !== undefined
    const last = await trail.rollBack(isCanonical)
    const start = last ?? refOfBlock(spec, await storedBlock(chain, chain.heads().finalized.hash))
    const top = await lastCanonicalBlock(spec, chain, l1)
    const { unsafe, safe } = chain.heads()
    const rewinds = top.number < unsafe.number
    const lowersSafe = wasRunning && start.number < safe.number
    if (rewinds || lowersSafe) {
      log.warn({ unsafe: top.number, safe: start.number, wasUnsafe: unsafe.number }, 'L1 was reorganised')
      const safeHead = { number: start.number, hash: start.hash }
      await chain.write({
        ...(rewinds ? { rewindTo: Math.max(top.number, start.number) } : {}),
        ...(lowersSafe ? { heads: { safe: safeHead } } : {}),
      })
    }
    derivation = createDerivation(spec, start)
    head = start
  }

  /** Whether the unsafe head was built on a branch that L1 left before derivation came there. */
  const isUnsafeForked = async (tip: L1BlockRef): Promise<boolean> => {
    const { unsafe, finalized } = chain.heads()
    const ref = refOfBlock(spec, await storedBlock(chain, unsafe.hash))
    if (ref.l1Origin.number > tip.number || ref.l1Origin.hash === checkedOrigin) return false
    if (await isReorged(l1, ref)) {
      requireReorgAbove(finalized.number, ref)
      return true
    }
    checkedOrigin = ref.l1Origin.hash
    return false
  }

  /** Feeds the next L1 block, if it is there yet. */
  const readL1 = async (running: Derivation): Promise<FollowStep> => {
    const { tip, nextL1Number } = running
    const latest = await l1.head('latest')
    const isReadable = nextL1Number + deps.confirmations <= latest.number
    const next = isReadable ? await l1.refByNumber(nextL1Number) : undefined
    if (tip !== undefined && ((await isForked(l1, tip, next, latest)) || (await isUnsafeForked(tip)))) {
      await reset()
      return 'reset'
    }
    if (next === undefined) return 'idle'
    if (next.number === head?.l1Origin.number && next.hash !== head.l1Origin.hash) {
      requireReorgAbove(chain.heads().finalized.number, head)
      await reset()
      return 'reset'
    }
    const [origin, batcherData] = await Promise.all([l1.origin(next.hash), l1.batcherData(next.hash)])
    running.feed({ ...origin, batcherData })
    return 'read-l1'
  }

  const take = async (parentRef: L2BlockRef, derived: DerivedBlock): Promise<SafeBlock> => {
    const parent = await storedBlock(chain, parentRef.hash)
    const held = await chain.getBlockByNumber(parentRef.number + 1)
    const { block, outcome } = await applyBlock(deps.execute, parent.header, parentRef.hash, derived, held)
    const ref = { number: block.number, hash: block.hash }
    const { safe } = chain.heads()
    if (block.hash !== held?.hash) {
      if (held !== undefined)
        log.warn({ block: block.number, held: held.hash, derived: block.hash }, 'L1 has another block')
      await chain.write({ rewindTo: parentRef.number, blocks: [block], heads: { safe: ref } })
    } else if (block.number > safe.number) await chain.write({ heads: { safe: ref } })
    head = refOfBlock(spec, block)
    trail.push({ ref: head, derivedFrom: derived.derivedFrom })
    return { block, derivedFrom: derived.derivedFrom, outcome }
  }

  const finalize = async () => {
    const finalized = trail.takeFinalized((await l1.head('finalized')).number)
    if (finalized === undefined || finalized.number <= chain.heads().finalized.number) return
    await chain.write({ heads: { finalized: { number: finalized.number, hash: finalized.hash } } })
  }

  return {
    get tip() {
      return derivation?.tip
    },
    async step() {
      if (derivation === undefined || head === undefined) {
        await reset()
        return 'reset'
      }
      const step = derivation.next(head)
      if (step.kind === 'block') return take(head, step)
      const outcome = await readL1(derivation)
      if (outcome === 'idle') await finalize()
      return outcome
    },
  }
}

/** Whether L1 left the branch of `tip`: by the next block's parent, or where there is none, by the block at its height. */
async function isForked(
  l1: L1Source,
  tip: L1BlockRef,
  next: L1BlockRef | undefined,
  latest: L1BlockRef,
): Promise<boolean> {
  if (next !== undefined) return next.parentHash !== tip.hash
  const same = latest.number === tip.number ? latest : await l1.refByNumber(tip.number)
  return same !== undefined && same.hash !== tip.hash
}

/** Below the finalised head there is nothing to go back to. */
function requireReorgAbove(finalizedNumber: number, { number, l1Origin }: L2BlockRef): void {
  if (number > finalizedNumber) return
  throw new UnavailableError(
    'L1FinalityBroken',
    `L1 no longer holds block ${l1Origin.number} (${l1Origin.hash}), the origin of the finalised L2 block ${number}: ` +
      'use the L1 that this chain was derived from, or a new data directory',
  )
}
