import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { merkleDepth, merkleProof, merkleRoot } from '../protocol/merkle.ts'
import { createPrefixTree, type PrefixTree } from './prefix-tree.ts'

const leafOf = (i: number) => keccak256(Uint8Array.of(i % 256, Math.floor(i / 256)))
/** Siblings of leaf `index` while only the first `count` leaves were there. */
function siblings(tree: PrefixTree, count: number, index: number): Uint8Array[] {
  const nodes = tree.nodes(count)
  return Array.from({ length: tree.depth }, (_, d) => nodes.node(d, Math.floor(index / 2 ** d) ^ 1))
}

const leavesUpTo = (count: number) => Array.from({ length: count }, (_, i) => leafOf(i))

describe('a prefix tree', () => {
  it('has the root and proofs of a plain tree at every earlier time, however its leaves came in', () => {
    const cases = fc
      .record({
        capacity: fc.integer({ min: 1, max: 70 }),
        deeper: fc.nat(3),
        cuts: fc.array(fc.nat(70), { maxLength: 5 }),
      })
      .chain(({ capacity, deeper, cuts }) =>
        fc.record({
          capacity: fc.constant(capacity),
          depth: fc.constant(merkleDepth(capacity) + deeper),
          cuts: fc.constant([...cuts.filter((cut) => cut < capacity).sort((a, b) => a - b), capacity]),
          count: fc.integer({ min: 0, max: capacity }),
          index: fc.integer({ min: 0, max: capacity - 1 }),
        }),
      )
    fc.assert(
      fc.property(cases, ({ capacity, depth, cuts, count, index }) => {
        const leaves = leavesUpTo(capacity)
        const tree = createPrefixTree(capacity, undefined, depth)
        let from = 0
        for (const cut of cuts) {
          tree.append(concatBytes(...leaves.slice(from, cut)))
          from = cut
        }
        const prefix = leaves.slice(0, count)
        expect(tree.root(count)).toEqual(merkleRoot(prefix, keccak256, depth))
        expect(siblings(tree, count, index)).toEqual(merkleProof(prefix, index, keccak256, depth))
        if (count < capacity) {
          const next = leafOf(9999)
          expect(tree.root(count, next)).toEqual(merkleRoot([...prefix, next], keccak256, depth))
        }
      }),
      { numRuns: numRuns(200) },
    )
  })

  it('tells the memory that it holds: about 64 bytes a leaf', () => {
    const { sizeBytes } = createPrefixTree(1000)
    expect(sizeBytes).toBeGreaterThan(63 * 1000)
    expect(sizeBytes).toBeLessThanOrEqual(64 * 1000)
  })

  it('refuses to answer for leaves that it never had, and to hold more than it has room for', () => {
    const tree = createPrefixTree(2)
    tree.append(leafOf(0))
    expect(() => tree.root(2)).toThrow('2 leaves of a tree that has 1')
    expect(() => tree.append(concatBytes(leafOf(1), leafOf(2)))).toThrow('full')
  })
})
