import { bytesEqual, concatBytes } from './bytes.ts'
import { InvalidError } from './errors.ts'
import { type Hasher, keccak256 } from './keccak.ts'

/** The leaf that pads a tree to a power of two: 32 zero bytes. */
export const ZERO_LEAF: Uint8Array = new Uint8Array(32)

/** Depth of the smallest binary tree with room for `leafCount` leaves (0 for one leaf or none). */
export function merkleDepth(leafCount: number): number {
  let depth = 0
  for (let width = 1; width < leafCount; width *= 2) depth++
  return depth
}

/**
 * Root of the binary tree over 32-byte leaves, padded with {@link ZERO_LEAF} to 2^depth leaves; node = keccak256(left ‖ right).
 * Cost: one hash per leaf and per level of padding. @param depth default {@link merkleDepth} of the leaves.
 */
export function merkleRoot(
  leaves: readonly Uint8Array[],
  hash: Hasher = keccak256,
  depth: number = merkleDepth(leaves.length),
): Uint8Array {
  if (leaves.length > 2 ** depth) throw new InvalidError('MerkleTooManyLeaves', `${leaves.length} leaves > 2^${depth}`)
  let level: readonly Uint8Array[] = leaves
  let padding = ZERO_LEAF
  for (let d = 0; d < depth; d++) {
    const next: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      next.push(hash(concatBytes(level[i] as Uint8Array, level[i + 1] ?? padding)))
    }
    padding = hash(concatBytes(padding, padding))
    level = next
  }
  return level[0] ?? padding
}

/** Siblings of leaf `index`, from the leaf upwards (`depth` of them). */
export function merkleProof(
  leaves: readonly Uint8Array[],
  index: number,
  hash: Hasher = keccak256,
  depth: number = merkleDepth(leaves.length),
): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** depth) {
    throw new InvalidError('MerkleIndexRange', `leaf ${index} is not in a tree of depth ${depth}`)
  }
  const siblings: Uint8Array[] = []
  let level: readonly Uint8Array[] = leaves
  let padding = ZERO_LEAF
  let at = index
  for (let d = 0; d < depth; d++) {
    siblings.push(level[at % 2 === 0 ? at + 1 : at - 1] ?? padding)
    const next: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      next.push(hash(concatBytes(level[i] as Uint8Array, level[i + 1] ?? padding)))
    }
    padding = hash(concatBytes(padding, padding))
    level = next
    at = Math.floor(at / 2)
  }
  return siblings
}

/** Whether `leaf` at `index` with `siblings` (leaf upwards) hashes to `root`. Total: never throws. */
export function verifyMerkleProof(
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  siblings: readonly Uint8Array[],
  hash: Hasher = keccak256,
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= 2 ** siblings.length) return false
  let node = leaf
  let at = index
  for (const sibling of siblings) {
    node = at % 2 === 0 ? hash(concatBytes(node, sibling)) : hash(concatBytes(sibling, node))
    at = Math.floor(at / 2)
  }
  return bytesEqual(node, root)
}
