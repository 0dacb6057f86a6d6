import { describe, expect, it } from 'vitest'
import { batchOn, l1Info, l2Child, l2Genesis, testHash, testSpec } from '../../test/support/l1-fixture.ts'
import type { Batch } from './batch-codec.ts'
import { checkBatch, isPlausibleBatch } from './batch-rules.ts'
import type { L2BlockRef } from './l2-block-ref.ts'

// L1 blocks come each 12 s, L2 blocks each 2 s; drift 30 s, window 6 blocks.
const spec = testSpec()
const [origin, next] = [l1Info(10), l1Info(11)]
const genesis = l2Genesis(spec)

/** The block `seconds` after the origin's time, still in its epoch. */
function blockAt(seconds: number): L2BlockRef {
  let block = genesis
  while (block.timestamp < origin.timestamp + seconds) block = l2Child(spec, block, origin)
  return block
}

describe('batch rules on top of a block', () => {
  const on = batchOn(spec, genesis, origin)
  const at12 = blockAt(10)
  const at30 = blockAt(28)
  const at32 = blockAt(30)
  const late = blockAt(42)
  const empty: readonly Uint8Array[] = []

  it.each<[string, L2BlockRef, Batch, string]>([
    ['the next block', genesis, on, 'accept'],
    ['no transactions', genesis, { ...on, transactions: [] }, 'accept'],
    ['a later timestamp', genesis, { ...on, timestamp: on.timestamp + 2 }, 'future'],
    ['a timestamp between two blocks', genesis, { ...on, timestamp: on.timestamp + 1 }, 'future'],
    ['an earlier timestamp', genesis, { ...on, timestamp: on.timestamp - 2 }, 'past'],
    ['another parent', genesis, { ...on, parentHash: testHash(9, 9) }, 'drop'],
    ['an older epoch', genesis, { ...on, epochNumber: 9 }, 'drop'],
    ['an epoch two blocks on', genesis, { ...on, epochNumber: 12, epochHash: l1Info(12).hash }, 'drop'],
    ['another hash for the epoch', genesis, { ...on, epochHash: testHash(9, 9) }, 'drop'],
    ['the next epoch before its time', genesis, batchOn(spec, genesis, next), 'drop'],
    ['the next epoch at its time', at12, batchOn(spec, at12, next), 'accept'],
    ['the old epoch after the time of the next', at12, batchOn(spec, at12, origin), 'accept'],
    ['the old epoch at the end of the drift', at30, batchOn(spec, at30, origin), 'accept'],
    ['transactions beyond the drift', at32, batchOn(spec, at32, origin), 'drop'],
    ['an empty block beyond the drift while the next epoch is due', at32, batchOn(spec, at32, origin, empty), 'drop'],
    ['the next epoch instead', at32, batchOn(spec, at32, next), 'accept'],
    ['transactions beyond the drift of the next epoch', late, batchOn(spec, late, next), 'drop'],
    ['an empty block beyond the drift of the next epoch', late, batchOn(spec, late, next, empty), 'accept'],
  ])('%s', (_name, parent, batch, verdict) => {
    expect(checkBatch(spec, parent, origin, next, batch)).toBe(verdict)
  })

  it('keeps an empty block beyond the drift when L1 skipped slots', () => {
    const slow = { ...next, timestamp: origin.timestamp + 60 }
    expect(checkBatch(spec, at32, origin, slow, batchOn(spec, at32, origin, empty))).toBe('accept')
    expect(checkBatch(spec, at32, origin, slow, batchOn(spec, at32, origin))).toBe('drop')
  })

  it('cannot tell before the next L1 block is known', () => {
    expect(checkBatch(spec, at12, origin, undefined, batchOn(spec, at12, next))).toBe('undecided')
    expect(checkBatch(spec, at32, origin, undefined, batchOn(spec, at32, origin, empty))).toBe('undecided')
    expect(checkBatch(spec, genesis, origin, undefined, on)).toBe('accept')
  })
})

describe('batch rules that hold anywhere', () => {
  const batch = batchOn(spec, genesis, origin)

  it.each([
    ['in its epoch', 10, [Uint8Array.of(2)], true],
    ['at the end of the window', 16, [Uint8Array.of(2)], true],
    ['after the window', 17, [Uint8Array.of(2)], false],
    ['before its epoch', 9, [Uint8Array.of(2)], false],
    ['with an empty transaction', 10, [Uint8Array.of(2), Uint8Array.of()], false],
    ['with a deposit', 10, [Uint8Array.of(0x7e, 1)], false],
    ['with a legacy transaction', 10, [Uint8Array.of(0xc1, 1)], true],
  ])('included %s', (_name, includedAt, transactions, plausible) => {
    expect(isPlausibleBatch(spec, { batch: { ...batch, transactions }, includedAt })).toBe(plausible)
  })
})
