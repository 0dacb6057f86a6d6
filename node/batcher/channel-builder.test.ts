import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../derivation/batch-codec.ts'
import { decodeBlob } from '../derivation/blob-codec.ts'
import { createChannelAssembler } from '../derivation/channel-assembler.ts'
import { readChannel } from '../derivation/channel-codec.ts'
import { decodeFrames } from '../derivation/frame-codec.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { batchTransactions, type DataAvailability, frameDataBytes } from './batch-transactions.ts'
import { createChannelBuilder } from './channel-builder.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 30)
const id: Hex = `0x${'ab'.repeat(16)}`
const inbox: Hex = `0x${'b1'.repeat(20)}`

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const batch: fc.Arbitrary<Batch> = fc.record({
  parentHash: hash,
  epochNumber: fc.nat(),
  epochHash: hash,
  timestamp: fc.nat(),
  transactions: fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 5 }),
})

/** What derivation reads from the transactions. */
function readBack(kind: DataAvailability, batches: readonly Batch[], frameBytes: number): Batch[] {
  const builder = createChannelBuilder(id)
  for (const one of batches) builder.add(one)
  expect(builder.batchCount).toBe(batches.length)
  const bound = builder.sizeBytes
  const frames = builder.close(frameBytes)
  expect(frames.reduce((size, { data }) => size + data.length, 0)).toBeLessThanOrEqual(bound)
  const assembler = createChannelAssembler(10)
  const found: Batch[] = []
  for (const { to, data, blobs } of batchTransactions(kind, inbox, frames, 2)) {
    expect(to).toBe(inbox)
    expect(blobs?.length ?? 0).toBeLessThanOrEqual(2)
    for (const payload of data === undefined ? (blobs ?? []).map(decodeBlob) : [data]) {
      for (const frame of decodeFrames(payload)) {
        const channel = assembler.add(frame, 1)
        if (channel !== undefined) found.push(...readChannel(channel))
      }
    }
  }
  return found
}

describe('channel builder', () => {
  it('makes transactions that derivation reads back, whatever the size of frames', () => {
    const frameBytes = fc.constantFrom(100, 1000, frameDataBytes('calldata'))
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 8 }), frameBytes, (batches, limit) => {
        expect(readBack('calldata', batches, limit)).toEqual(batches)
      }),
      { numRuns },
    )
  })

  it('fills blobs', () => {
    const noise = (seed: number) =>
      Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24)
    const base = { parentHash: bytesToHex(noise(1).slice(0, 32)), epochHash: bytesToHex(noise(2).slice(0, 32)) }
    const batches = [1, 2, 3, 4].map((seed) => ({
      ...base,
      epochNumber: 1,
      timestamp: seed,
      transactions: [noise(seed)],
    }))
    const found = readBack('blobs', batches, frameDataBytes('blobs'))
    expect(found.length).toBe(4)
    expect(found.every((one, i) => Buffer.from(one.transactions[0] ?? []).equals(noise(i + 1)))).toBe(true)
  })

  it('refuses batches that would make the channel too large for derivation', () => {
    const builder = createChannelBuilder(id)
    const huge = { parentHash: `0x${'00'.repeat(32)}` as const, epochHash: `0x${'00'.repeat(32)}` as const }
    const one = { ...huge, epochNumber: 1, timestamp: 1, transactions: [new Uint8Array(60_000_000)] }
    expect(builder.hasRoomFor(one)).toBe(true)
    builder.add(one)
    expect(builder.hasRoomFor(one)).toBe(false)
  })
})
