import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import type { TreeNodes } from './tree-opening.ts'
import { emptyRoots } from './tree-opening.ts'

/**
 * The siblings that set the leaves of the first `count` values into the value tree, from the leaves upwards: where those set end at an odd
 * place of a level, the node to their right. Empty subtrees at the end are left out.
 * @param tree the value tree; only nodes to the right of the first `count` leaves are asked for.
 */
export function startSiblings(tree: TreeNodes, count: number, hash: Hasher = keccak256): Uint8Array[] {
  const empty = emptyRoots(VALUE_TREE_DEPTH, hash)
  const siblings: Uint8Array[] = []
  let needed = 0
  for (let level = 0, width = count; level < VALUE_TREE_DEPTH; level++, width = Math.ceil(width / 2)) {
    if (width % 2 === 0) continue
    const sibling = tree.node(level, width)
    siblings.push(sibling)
    if (sibling.some((byte, i) => byte !== empty[level]?.[i])) needed = siblings.length
  }
  return siblings.slice(0, needed)
}
