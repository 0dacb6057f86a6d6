import { describe, expect, test } from 'vitest'
import { testSpec } from '../../test/support/l1-fixture.ts'
import { LOCAL_L1_BLOCK_SECONDS, LocalL1 } from '../../test/support/local-l1.ts'
import type { L2BlockRef } from '../derivation/l2-block-ref.ts'
import { createOriginSelector } from './origin-selector.ts'

const START = 1_700_000_000
const spec = testSpec({ blockTimeSeconds: 1, maxSequencerDriftSeconds: 20 })

/** L1 with `height` blocks above block 0; one appears each 4 s from {@link START} on. */
function l1At(height: number) {
  let nowMs = (START + height * LOCAL_L1_BLOCK_SECONDS) * 1000
  const l1 = new LocalL1(START, () => nowMs)
  return { l1, grow: (blocks: number) => (nowMs += blocks * LOCAL_L1_BLOCK_SECONDS * 1000) }
}

function parentOf(l1: LocalL1, origin: number, timestamp: number, sequenceNumber = 3): L2BlockRef {
  const { hash, number } = l1.info(origin)
  return {
    hash: `0x${'ab'.repeat(32)}`,
    number: 7,
    parentHash: '0x',
    timestamp,
    l1Origin: { hash, number },
    sequenceNumber,
  }
}

const timeOf = (l1Number: number) => START + l1Number * LOCAL_L1_BLOCK_SECONDS

describe('origin selector', () => {
  test('keeps the origin until the next one is not after the L2 block', async () => {
    const { l1 } = l1At(5)
    const select = createOriginSelector({ spec, l1, confirmations: 0 })
    const kept = await select(parentOf(l1, 2, timeOf(3) - 2))
    expect(kept).toMatchObject({ origin: { info: { number: 2 } }, sequenceNumber: 4, onlyDeposits: false })
    const moved = await select(parentOf(l1, 2, timeOf(3) - 1))
    expect(moved).toMatchObject({ origin: { info: { number: 3 } }, sequenceNumber: 0, onlyDeposits: false })
  })

  test('keeps the origin while L1 has no next block', async () => {
    const { l1 } = l1At(2)
    const select = createOriginSelector({ spec, l1, confirmations: 0 })
    expect(await select(parentOf(l1, 2, timeOf(4)))).toMatchObject({
      origin: { info: { number: 2 } },
      sequenceNumber: 4,
    })
  })

  test('waits for confirmations, until the drift is used up', async () => {
    const { l1, grow } = l1At(3)
    const select = createOriginSelector({ spec, l1, confirmations: 4 })
    expect((await select(parentOf(l1, 2, timeOf(4)))).origin.info.number).toBe(2)
    expect((await select(parentOf(l1, 2, timeOf(2) + 20))).origin.info.number).toBe(3)
    grow(4)
    expect((await select(parentOf(l1, 2, timeOf(4)))).origin.info.number).toBe(3)
  })

  test('beyond the drift there are only deposits, and without a next origin no block', async () => {
    const { l1 } = l1At(3)
    const select = createOriginSelector({ spec, l1, confirmations: 0 })
    const late = timeOf(2) + 30
    expect(await select(parentOf(l1, 2, late))).toMatchObject({ origin: { info: { number: 3 } }, onlyDeposits: true })
    await expect(select(parentOf(l1, 3, late))).rejects.toMatchObject({ kind: 'Unavailable', code: 'DriftExceeded' })
  })

  test('beyond the drift the origin is kept while the next one lies after the block', async () => {
    const { l1 } = l1At(40)
    const select = createOriginSelector({ spec: { ...spec, maxSequencerDriftSeconds: 1 }, l1, confirmations: 0 })
    const choice = await select(parentOf(l1, 2, timeOf(2) + 1, 0))
    expect(choice).toMatchObject({ origin: { info: { number: 2 } }, sequenceNumber: 1, onlyDeposits: true })
  })

  test('a reorg of L1 under the origin is unavailability, never a block on a dead branch', async () => {
    const { l1 } = l1At(5)
    const parent = parentOf(l1, 2, timeOf(2))
    const select = createOriginSelector({ spec, l1, confirmations: 0 })
    await select(parent)
    l1.reorg(2)
    await expect(select(parent)).rejects.toMatchObject({ kind: 'Unavailable', code: 'L1Reorged' })
  })
})
