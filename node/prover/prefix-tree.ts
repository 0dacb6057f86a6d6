import { BugError } from '../protocol/errors.ts'
import { type BlockHasher, blockHasher, keccak256 } from '../protocol/keccak.ts'
import { merkleDepth } from '../protocol/merkle.ts'
import type { TreeNodes } from './tree-opening.ts'

const NODE_BYTES = 32

/**
 * A Merkle tree of fixed depth whose leaves are written from the left, as a trace writes them: lanes of a value chunk by chunk, values
 * one after the other. It answers for itself at any earlier time too, when only its first `count` leaves were there and the
 * others zero, so that one tree serves every step of an op.
 */
export interface PrefixTree {
  readonly depth: number
  /** Leaves written. */
  readonly count: number
  /** Memory held. */
  readonly sizeBytes: number
  /** Writes the next leaves, 32 bytes each, joined. Cost: one hash of 64 bytes a leaf. */
  append(leaves: Uint8Array): void
  /**
   * The root while only the first `count` leaves (default: all) were written, and leaf number `count` was `next` (default: zero).
   * Cost: one hash a level.
   */
  root(count?: number, next?: Uint8Array): Uint8Array
  /** Every node while only the first `count` leaves (default: all) were written, and leaf number `count` was `next`. */
  nodes(count?: number, next?: Uint8Array): TreeNodes
}

/**
 * An empty tree with room for `capacity` leaves. Memory: 64 bytes a leaf, allocated now.
 * @param depth default: {@link merkleDepth} of the capacity.
 */
export function createPrefixTree(
  capacity: number,
  hashBlocks: BlockHasher = blockHasher(keccak256),
  depth: number = merkleDepth(capacity),
): PrefixTree {
  const hashPair = (left: Uint8Array, right: Uint8Array): Uint8Array => {
    const pair = new Uint8Array(2 * NODE_BYTES)
    pair.set(left)
    pair.set(right, NODE_BYTES)
    return hashBlocks(pair, 2 * NODE_BYTES)
  }
  // Level d holds the nodes over 2^d leaves that are all written; level 0 the leaves.
  const levels = Array.from({ length: depth + 1 }, (_, d) => new Uint8Array(Math.floor(capacity / 2 ** d) * NODE_BYTES))
  const zeros: Uint8Array[] = [new Uint8Array(NODE_BYTES)]
  for (let d = 0; d < depth; d++) zeros.push(hashPair(zeros[d] as Uint8Array, zeros[d] as Uint8Array))
  let written = 0

  function append(leaves: Uint8Array): void {
    const from = written
    if (from + leaves.length / NODE_BYTES > capacity) throw new BugError(`a tree of ${capacity} leaves is full`)
    level(0).set(leaves, from * NODE_BYTES)
    written += leaves.length / NODE_BYTES
    for (let d = 1; d <= depth; d++) {
      const first = Math.floor(from / 2 ** d)
      const end = Math.floor(written / 2 ** d)
      const children = level(d - 1).subarray(2 * first * NODE_BYTES, 2 * end * NODE_BYTES)
      level(d).set(hashBlocks(children, 2 * NODE_BYTES), first * NODE_BYTES)
    }
  }

  function level(d: number): Uint8Array {
    return levels[d] as Uint8Array
  }

  /** Node `index` of level `d` while `count` leaves were written, and leaf `count` was `next`. */
  function node(d: number, index: number, count: number, next?: Uint8Array): Uint8Array {
    const width = 2 ** d
    if ((index + 1) * width <= count) return level(d).subarray(index * NODE_BYTES, (index + 1) * NODE_BYTES)
    const end = next === undefined ? count : count + 1
    if (index * width >= end) return zeros[d] as Uint8Array
    if (d === 0) return next as Uint8Array
    return hashPair(node(d - 1, 2 * index, count, next), node(d - 1, 2 * index + 1, count, next))
  }

  function requireCount(count: number): number {
    // INVARIANT: a tree knows nothing of leaves that were never written.
    if (Number.isInteger(count) && count >= 0 && count <= written) return count
    throw new BugError(`${count} leaves of a tree that has ${written}`)
  }

  return {
    depth,
    get count() {
      return written
    },
    sizeBytes: levels.reduce((size, { length }) => size + length, 0),
    append,
    root: (count = written, next) => node(depth, 0, requireCount(count), next).slice(),
    nodes(count = written, next) {
      requireCount(count)
      return { node: (d, index) => node(d, index, count, next).slice() }
    },
  }
}
