import { concatBytes } from '../protocol/bytes.ts'
import type { Hasher } from '../protocol/keccak.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'
import type { Tape } from './step-tape.ts'

/** The nodes of a binary Merkle tree. Level 0 holds the leaves. */
export interface TreeNodes {
  node(level: number, index: number): Uint8Array
}

/** Where a leaf is in a tree of which only the first `used` leaves are not zero. */
export interface LeafPlace {
  readonly index: number
  readonly used: number
  /** Levels to climb: the depth of the tree, or fewer to end in a node below its root. */
  readonly depth: number
}

/** Root of the empty tree of each depth from 0 to `depth`. */
export function emptyRoots(depth: number, hash: Hasher): Uint8Array[] {
  const roots = [ZERO_LEAF]
  for (let level = 0; level < depth; level++) {
    const child = roots[level] as Uint8Array
    roots.push(hash(concatBytes(child, child)))
  }
  return roots
}

/**
 * Roots of the tree with each of `leaves` in turn at one place. Siblings come from the tape, from the leaf upwards; those whose
 * subtree begins at or after `used` are empty and are not on it.
 */
export function openedRoots(
  tape: Tape,
  leaves: readonly Uint8Array[],
  { index, used, depth }: LeafPlace,
  tree: () => TreeNodes,
  hash: Hasher,
): Uint8Array[] {
  const empty = emptyRoots(depth, hash)
  let nodes = [...leaves]
  for (let level = 0; level < depth; level++) {
    const at = Math.floor(index / 2 ** level)
    const beside = at % 2 === 0 ? at + 1 : at - 1
    const sibling =
      beside * 2 ** level >= used ? (empty[level] as Uint8Array) : tape.take(32, () => tree().node(level, beside))
    nodes = nodes.map((node) => hash(at % 2 === 0 ? concatBytes(node, sibling) : concatBytes(sibling, node)))
  }
  return nodes
}

/** As {@link openedRoots}, of one leaf. */
export function openedRoot(
  tape: Tape,
  leaf: Uint8Array,
  place: LeafPlace,
  tree: () => TreeNodes,
  hash: Hasher,
): Uint8Array {
  return openedRoots(tape, [leaf], place, tree, hash)[0] as Uint8Array
}

/** All nodes of the tree over `leaves`, padded with zero leaves to 2^depth. Cost: two hashes a leaf, and the empty roots. */
export function treeNodes(leaves: readonly Uint8Array[], depth: number, hash: Hasher): TreeNodes {
  const empty = emptyRoots(depth, hash)
  const levels = [leaves]
  for (let level = 0; level < depth; level++) {
    const below = levels[level] as readonly Uint8Array[]
    const padding = empty[level] as Uint8Array
    const count = Math.ceil(below.length / 2)
    levels.push(
      Array.from({ length: count }, (_, i) =>
        hash(concatBytes(below[2 * i] as Uint8Array, below[2 * i + 1] ?? padding)),
      ),
    )
  }
  return { node: (level, index) => levels[level]?.[index] ?? (empty[level] as Uint8Array) }
}
