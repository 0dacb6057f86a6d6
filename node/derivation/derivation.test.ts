import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  batchOn,
  channelData,
  channelFrames,
  depositLog,
  l1Block,
  l1Info,
  l2Child,
  l2Genesis,
  testHash,
  testSpec,
} from '../../test/support/l1-fixture.ts'
import { uintToBytes } from '../protocol/bytes.ts'
import type { Batch } from './batch-codec.ts'
import { depositsFromLogs } from './deposits.ts'
import { createDerivation, type Derivation, type DerivedBlock } from './derivation.ts'
import { encodeFrames, type Frame } from './frame-codec.ts'
import type { L1BlockData } from './l1-block.ts'
import type { L2BlockRef } from './l2-block-ref.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 100)

// L1 genesis block 10, L1 blocks each 12 s, L2 blocks each 2 s, window 6, channel timeout 3.
const spec = testSpec()
const genesis = l2Genesis(spec)

/** A block that derivation gave, with the hash that executing it would give. */
interface Sealed {
  readonly ref: L2BlockRef
  readonly block: DerivedBlock
}

/** Made-up execution: the hash follows from the number and the transactions alone. */
function seal(parent: L2BlockRef, block: DerivedBlock): L2BlockRef {
  const info = { ...l1Info(block.l1Origin.number), hash: block.l1Origin.hash }
  return { ...l2Child(spec, parent, info), sequenceNumber: block.sequenceNumber }
}

/** All blocks that can be derived now. */
function drain(derivation: Derivation, from: L2BlockRef): Sealed[] {
  const sealed: Sealed[] = []
  let head = from
  for (;;) {
    const step = derivation.next(head)
    if (step.kind === 'need-l1') return sealed
    head = seal(head, step)
    sealed.push({ ref: head, block: step })
  }
}

/** Feeds blocks from where the derivation wants them, draining after each. */
function run(blocks: readonly L1BlockData[], start: L2BlockRef = genesis): Sealed[] {
  const derivation = createDerivation(spec, start)
  const sealed: Sealed[] = []
  for (const block of blocks) {
    if (block.info.number < derivation.nextL1Number) continue
    derivation.feed(block)
    sealed.push(...drain(derivation, sealed.at(-1)?.ref ?? start))
  }
  return sealed
}

/** L1 blocks 10…to, with batcher data in some of them. */
function l1Chain(to: number, data: Readonly<Record<number, readonly Uint8Array[]>> = {}): L1BlockData[] {
  return Array.from({ length: to - 9 }, (_, i) => l1Block(l1Info(10 + i), data[10 + i]))
}

/** `count` L2 blocks after genesis, each in the latest epoch that has begun, and their batches. */
function honestChain(count: number): { refs: L2BlockRef[]; batches: Batch[] } {
  const refs = [genesis]
  const batches: Batch[] = []
  for (let i = 0; i < count; i++) {
    const parent = refs.at(-1) as L2BlockRef
    const next = l1Info(parent.l1Origin.number + 1)
    const isDue = next.timestamp <= parent.timestamp + spec.blockTimeSeconds
    const origin = isDue ? next : l1Info(parent.l1Origin.number)
    batches.push(batchOn(spec, parent, origin))
    refs.push(l2Child(spec, parent, origin))
  }
  return { refs: refs.slice(1), batches }
}

const honest = honestChain(14)
const numbers = (sealed: readonly Sealed[]) => sealed.map(({ ref }) => ref.number)

describe('derivation', () => {
  it('asks for L1 while there is nothing to derive', () => {
    const derivation = createDerivation(spec, genesis)
    expect(derivation.nextL1Number).toBe(10)
    expect(derivation.next(genesis)).toEqual({ kind: 'need-l1' })
    derivation.feed(l1Block(l1Info(10)))
    expect(derivation.nextL1Number).toBe(11)
    expect(derivation.tip).toEqual(l1Info(10))
    expect(derivation.next(genesis)).toEqual({ kind: 'need-l1' })
  })

  it('derives the blocks that the batcher posted', () => {
    const sealed = run(l1Chain(13, { 12: [channelData(...honest.batches)] }))
    expect(sealed.map(({ ref }) => ref)).toEqual(honest.refs)
    expect(sealed.map(({ block }) => block.transactions)).toEqual(honest.batches.map((batch) => batch.transactions))
    expect(sealed.every(({ block }) => block.derivedFrom.number === 12)).toBe(true)
    expect(sealed.map(({ ref }) => ref.sequenceNumber)).toEqual([1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2])
  })

  it('includes deposits in the first block of their epoch', () => {
    const [ten, eleven, ...others] = l1Chain(13, { 12: [channelData(...honest.batches)] }) as [L1BlockData, L1BlockData]
    const logs = [depositLog(spec, { logIndex: 0 }), depositLog(spec, { logIndex: 4 })]
    const sealed = run([ten, { ...eleven, depositLogs: logs }, ...others])
    const deposits = depositsFromLogs(spec, l1Info(11).hash, logs)
    expect(deposits).toHaveLength(2)
    expect(sealed[5]?.block.attributes.forcedTransactions.slice(1)).toEqual(deposits)
    expect(sealed.map(({ block }) => block.attributes.forcedTransactions.length)).toEqual([
      1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1,
    ])
  })

  it('takes a channel in frames over several L1 blocks', () => {
    const [a, b, c] = channelFrames(honest.batches, 3).map((frame) => encodeFrames([frame])) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    expect(numbers(run(l1Chain(15, { 12: [a], 13: [b], 15: [c] })))).toHaveLength(14)
  })

  it('waits for the blocks before a batch that came early', () => {
    const early = channelData(...honest.batches.slice(2))
    const first = channelData(...honest.batches.slice(0, 2))
    expect(run(l1Chain(13, { 12: [early], 13: [first] })).map(({ ref }) => ref)).toEqual(honest.refs)
  })

  it('takes the first of two rival batches', () => {
    const rival = { ...(honest.batches[0] as Batch), transactions: [Uint8Array.of(2, 99)] }
    const sealed = run(l1Chain(12, { 12: [channelData(rival), channelData(honest.batches[0] as Batch)] }))
    expect(sealed.map(({ block }) => block.transactions)).toEqual([rival.transactions])
  })

  it('refuses L1 blocks out of order, and a start whose origin is not canonical', () => {
    const derivation = createDerivation(spec, genesis)
    derivation.feed(l1Block(l1Info(10)))
    const refusal = expect.objectContaining({ code: 'L1NotContiguous' })
    expect(() => derivation.feed(l1Block(l1Info(12)))).toThrow(refusal)
    expect(() => derivation.feed(l1Block(l1Info(11, 1, 10)))).toThrow(refusal)
    derivation.feed(l1Block(l1Info(11)))
    expect(() => createDerivation(spec, genesis).feed(l1Block({ ...l1Info(10), hash: testHash(9, 9) }))).toThrow(
      refusal,
    )
  })
})

describe('derivation: bad data is skipped', () => {
  const good = channelData(...honest.batches)
  const [f0, f1, f2] = channelFrames(honest.batches, 3) as [Frame, Frame, Frame]
  const one = (frame: Frame) => encodeFrames([frame])

  it.each<[string, Readonly<Record<number, readonly Uint8Array[]>>]>([
    ['garbage before', { 11: [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(0)], 12: [good] }],
    ['a truncated frame before', { 12: [good.slice(0, -3), good] }],
    [
      'a channel of garbage before',
      { 12: [encodeFrames([{ ...f0, data: Uint8Array.of(8, 8, 8), isLast: true }]), good] },
    ],
    ['a frame twice', { 12: [one(f0), one(f1), one(f1), one(f2), one(f2)] }],
    [
      'a stray frame in between',
      { 12: [one(f0), one({ ...f1, channelId: `0x${'77'.repeat(16)}` }), one(f1), one(f2)] },
    ],
    [
      'an abandoned channel before',
      { 12: [one({ ...f0, channelId: `0x${'77'.repeat(16)}` }), one(f0), one(f1), one(f2)] },
    ],
    ['a channel begun again', { 12: [one(f0), one(f1), one(f0), one(f1), one(f2)] }],
    ['a late second copy', { 12: [good], 14: [good] }],
  ])('%s', (_name, data) => {
    expect(run(l1Chain(14, data)).map(({ ref }) => ref)).toEqual(honest.refs)
  })

  it.each<[string, readonly Uint8Array[], Readonly<Record<number, readonly Uint8Array[]>>]>([
    ['frames out of order', [], { 12: [one(f1), one(f0), one(f2)] }],
    ['a missing frame', [], { 12: [one(f0), one(f2)] }],
    ['a channel past its timeout', [], { 11: [one(f0)], 12: [one(f1)], 15: [one(f2)] }],
    ['a wrong parent', [], { 12: [channelData({ ...(honest.batches[0] as Batch), parentHash: testHash(9, 9) })] }],
    [
      'a batch with a deposit',
      [],
      { 12: [channelData({ ...(honest.batches[0] as Batch), transactions: [Uint8Array.of(0x7e)] })] },
    ],
  ])('%s gives no block', (_name, expected, data) => {
    expect(run(l1Chain(15, data))).toEqual(expected)
  })

  it('never throws on arbitrary batcher data, and derives what is good', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }).map((data) => one({ ...f0, data, isLast: true })),
      fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) }).map(({ at, flip }) => {
        const bytes = good.slice()
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip
        return bytes
      }),
    )
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 6 }), (data) => {
        expect(numbers(run(l1Chain(13, { 12: [...data, good] })))).toEqual(honest.refs.map((ref) => ref.number))
      }),
      { numRuns },
    )
  })
})

describe('derivation: forced blocks', () => {
  it('fills the chain with empty blocks once the window has passed', () => {
    expect(run(l1Chain(15))).toEqual([])
    const sealed = run(l1Chain(16))
    // Block 10's window ended: its epoch fills up to the time of block 11, which still may get batches.
    expect(sealed.map(({ ref }) => [ref.l1Origin.number, ref.sequenceNumber])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [10, n]),
    )
    expect(sealed.every(({ block }) => block.transactions.length === 0)).toBe(true)
    expect(numbers(run(l1Chain(18)))).toHaveLength(5 + 12)
  })

  it('takes a batch at the end of the window, and not after it', () => {
    const batch = channelData(...honest.batches.slice(0, 3))
    expect(run(l1Chain(16, { 16: [batch] }))[0]?.block.transactions).toHaveLength(1)
    expect(run(l1Chain(17, { 17: [batch] }))[0]?.block.transactions).toHaveLength(0)
  })

  it('gives each epoch a block even when the chain is ahead of it', () => {
    // A chain that stayed in epoch 10 until the end of the drift is ahead of blocks 11 and 12.
    let parent = genesis
    const batches: Batch[] = []
    for (let i = 0; i < 15; i++) {
      batches.push(batchOn(spec, parent, l1Info(10)))
      parent = l2Child(spec, parent, l1Info(10))
    }
    const sealed = run(l1Chain(18, { 12: [channelData(...batches)] }))
    expect(sealed.slice(15).map(({ ref }) => ref.l1Origin.number)).toEqual([11, 12])
    expect(sealed.slice(15).map(({ ref }) => ref.sequenceNumber)).toEqual([0, 0])
  })
})

describe('derivation: restarts', () => {
  it('gives the same chain from every block of it', () => {
    const parts = channelFrames(honest.batches.slice(4), 3, 2).map((frame) => encodeFrames([frame]))
    const early = channelData(...honest.batches.slice(2, 4))
    const first = channelData(...honest.batches.slice(0, 2))
    const blocks = l1Chain(20, {
      12: [early, ...parts.slice(0, 1)],
      13: parts.slice(1, 2),
      14: [...parts.slice(2), first],
    })
    const whole = run(blocks)
    expect(whole.length).toBeGreaterThan(14)
    for (const [index, { ref }] of whole.entries()) {
      expect(run(blocks, ref).map((sealed) => sealed.ref)).toEqual(whole.slice(index + 1).map((sealed) => sealed.ref))
    }
  })

  it('gives the same chain whatever the batcher does and wherever a node starts', () => {
    const batch = fc.record({
      index: fc.integer({ min: 0, max: honest.batches.length - 1 }),
      tag: fc.integer({ min: 0, max: 3 }),
    })
    const channel = fc.record({
      at: fc.integer({ min: 10, max: 18 }),
      batches: fc.array(batch, { minLength: 1, maxLength: 6 }),
      id: fc.integer({ min: 1, max: 2 }),
      parts: fc.integer({ min: 1, max: 3 }),
      gap: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(fc.array(channel, { maxLength: 6 }), (channels) => {
        const data: Record<number, Uint8Array[]> = {}
        for (const { at, batches, id, parts, gap } of channels) {
          const list = batches.map(({ index, tag }) => {
            const one = honest.batches[index] as Batch
            return tag === 0 ? one : { ...one, transactions: [uintToBytes(tag, 2)] }
          })
          for (const frame of channelFrames(list, parts, id)) {
            const block = at + frame.number * gap
            data[block] = [...(data[block] ?? []), encodeFrames([frame])]
          }
        }
        const blocks = l1Chain(22, data)
        const whole = run(blocks).map(({ block }) => block)
        for (let index = 0; index < whole.length; index += 4) {
          const start = run(blocks)[index]?.ref as L2BlockRef
          expect(run(blocks, start).map(({ block }) => block.transactions)).toEqual(
            whole.slice(index + 1).map((block) => block.transactions),
          )
        }
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    )
  })

  it('derives the other branch after a reorganisation of L1', () => {
    const branch = (number: number) => l1Info(number, 1, 12)
    const moved = honest.refs[5] as L2BlockRef
    const onBranch = [batchOn(spec, moved, l1Info(11), [Uint8Array.of(2, 77)])]
    const before = l1Chain(13, {
      11: [channelData(...honest.batches.slice(0, 6))],
      12: [channelData(...honest.batches.slice(6))],
    })
    expect(run(before)).toHaveLength(14)
    const derivation = createDerivation(spec, moved)
    for (const block of before.slice(0, 3)) derivation.feed(block)
    expect(() => derivation.feed(l1Block(branch(13)))).toThrow(expect.objectContaining({ code: 'L1NotContiguous' }))
    const after = [...before.slice(0, 2), l1Block(branch(12), [channelData(...onBranch)]), l1Block(branch(13))]
    expect(run(after, moved).map(({ block }) => block.transactions)).toEqual([[Uint8Array.of(2, 77)]])
  })
})
