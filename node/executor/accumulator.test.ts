import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { bytesToHex, uintToBytes } from '../protocol/bytes.ts'
import { ACCUMULATOR_DEPTH } from '../protocol/inference-log.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { merkleRoot, verifyMerkleProof } from '../protocol/merkle.ts'
import { appendToAccumulator, EMPTY_ACCUMULATOR_ROOT, proveInAccumulator } from './accumulator.ts'

const leafAt = (index: number) => keccak256(uintToBytes(index, 8))
const leaves = (count: number) => Array.from({ length: count }, (_, i) => leafAt(i))
const rootOver = (count: number) => merkleRoot(leaves(count), keccak256, ACCUMULATOR_DEPTH)

async function grow(content: MemoryContent, count: number): Promise<Uint8Array> {
  let root = EMPTY_ACCUMULATOR_ROOT
  for (let i = 0; i < count; i++) root = await appendToAccumulator(content, root, i, leafAt(i))
  return root
}

describe('the accumulator', () => {
  test('is the Merkle tree of depth 32 over its leaves', async () => {
    const content = new MemoryContent()
    let root = EMPTY_ACCUMULATOR_ROOT
    expect(bytesToHex(root)).toBe(bytesToHex(rootOver(0)))
    for (let i = 0; i < 20; i++) {
      root = await appendToAccumulator(content, root, i, leafAt(i))
      expect(bytesToHex(root)).toBe(bytesToHex(rootOver(i + 1)))
    }
  })

  test('proves any past leaf with 32 siblings, and no other leaf in its place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), async (count, pick) => {
        const content = new MemoryContent()
        const root = await grow(content, count)
        const index = pick % count
        const siblings = await proveInAccumulator(content, root, index)
        expect(siblings).toHaveLength(ACCUMULATOR_DEPTH)
        expect(verifyMerkleProof(root, leafAt(index), index, siblings)).toBe(true)
        expect(verifyMerkleProof(root, leafAt(index + 1), index, siblings)).toBe(false)
        expect(verifyMerkleProof(root, leafAt(index), index + 1, siblings)).toBe(false)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 30) },
    )
  })

  test('stores every node under its own hash', async () => {
    const content = new MemoryContent()
    await grow(content, 9)
    for (const [hash, node] of content.entries) expect(bytesToHex(keccak256(node))).toBe(hash)
  })

  test('appends from the root alone, on another machine with the same content', async () => {
    const content = new MemoryContent()
    const root = await grow(content, 7)
    const elsewhere = new MemoryContent(content.entries)
    expect(bytesToHex(await appendToAccumulator(elsewhere, root, 7, leafAt(7)))).toBe(bytesToHex(rootOver(8)))
  })

  test('asks again later when a node is missing, and refuses indices outside the tree', async () => {
    const root = await grow(new MemoryContent(), 3)
    const empty = new MemoryContent()
    await expect(appendToAccumulator(empty, root, 3, leafAt(3))).rejects.toMatchObject({ kind: 'Unavailable' })
    for (const index of [-1, 0.5, 2 ** 32]) {
      await expect(proveInAccumulator(empty, root, index)).rejects.toMatchObject({ code: 'AccumulatorIndex' })
    }
  })
})
