import { bytesEqual, concatBytes } from '../protocol/bytes.ts'
import type { ContentReader, ContentStore } from '../protocol/content-store.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import { ACCUMULATOR_DEPTH } from '../protocol/inference-log.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'
import { requireContent } from './content-overlay.ts'

/** Roots of empty subtrees, by height; their nodes are never stored. */
const EMPTY_ROOTS: readonly Uint8Array[] = emptyRoots()

/** Root of the accumulator that holds no block: the genesis block's. */
export const EMPTY_ACCUMULATOR_ROOT: Uint8Array = EMPTY_ROOTS[ACCUMULATOR_DEPTH] as Uint8Array

/**
 * Appends leaf `index` to the accumulator at `root`, which holds leaves 0 … index − 1; puts the new path's nodes
 * (`keccak256(left ‖ right)` → `left ‖ right`) into `content` and returns the new root.
 * Cost: at most 32 content reads, 32 hashes and 32 nodes of 64 bytes.
 */
export async function appendToAccumulator(
  content: ContentStore,
  root: Uint8Array,
  index: number,
  leaf: Uint8Array,
): Promise<Uint8Array> {
  const siblings = await readSiblings(content, root, index)
  let node = leaf
  for (const [height, sibling] of siblings.entries()) {
    const pair = isRight(index, height) ? concatBytes(sibling, node) : concatBytes(node, sibling)
    node = keccak256(pair)
    content.put(node, pair)
  }
  return node
}

/**
 * Siblings of leaf `index` in the accumulator at `root`, from the leaf upwards: with them, `verifyMerkleProof` accepts the leaf.
 * Cost: at most 32 content reads. @throws UnavailableError `ContentMissing`.
 */
export function proveInAccumulator(content: ContentReader, root: Uint8Array, index: number): Promise<Uint8Array[]> {
  return readSiblings(content, root, index)
}

async function readSiblings(content: ContentReader, root: Uint8Array, index: number): Promise<Uint8Array[]> {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** ACCUMULATOR_DEPTH) {
    throw new InvalidError(
      'AccumulatorIndex',
      `block ${index} has no place in an accumulator of depth ${ACCUMULATOR_DEPTH}`,
    )
  }
  const siblings: Uint8Array[] = []
  let node = root
  for (let height = ACCUMULATOR_DEPTH - 1; height >= 0; height--) {
    const [left, right] = await readChildren(content, node, height)
    siblings.push(isRight(index, height) ? left : right)
    node = isRight(index, height) ? right : left
  }
  return siblings.reverse()
}

async function readChildren(
  content: ContentReader,
  node: Uint8Array,
  height: number,
): Promise<readonly [Uint8Array, Uint8Array]> {
  const empty = EMPTY_ROOTS[height] as Uint8Array
  if (bytesEqual(node, EMPTY_ROOTS[height + 1] as Uint8Array)) return [empty, empty]
  const pair = await requireContent(content, node, 'accumulator node')
  if (pair.length !== 64) throw new BugError(`an accumulator node has ${pair.length} bytes, not 64`)
  return [pair.subarray(0, 32), pair.subarray(32)]
}

/** Whether the path to leaf `index` goes right from a node whose children have this height. */
function isRight(index: number, height: number): boolean {
  return Math.floor(index / 2 ** height) % 2 === 1
}

function emptyRoots(): Uint8Array[] {
  const roots = [ZERO_LEAF]
  for (let height = 0; height < ACCUMULATOR_DEPTH; height++) {
    const below = roots[height] as Uint8Array
    roots.push(keccak256(concatBytes(below, below)))
  }
  return roots
}
