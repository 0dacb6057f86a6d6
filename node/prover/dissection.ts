import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { merkleDepth, merkleProof, merkleRoot } from '../protocol/merkle.ts'

/** Most segments that one move cuts a range into. */
export const MAX_PARTS = 32

/** A range `(lo, hi]` of positions: blocks, records of a log, or micro-steps. */
export interface Range {
  readonly lo: number
  readonly hi: number
}

/** A player's hashes over a range: `hashes[i]` is its claim at `boundaries(range)[i]`; the first is the agreed start. */
export interface Dissection extends Range {
  readonly hashes: readonly Hex[]
}

/** Segment `index` of a dissection, opened under its Merkle root: what a move shows to the contract. */
export interface SegmentOpening extends Range {
  readonly index: number
  readonly start: Hex
  readonly end: Hex
  /** What else the root needs, from the leaves upwards; while the two leaves' paths are apart, the left one's sibling first. */
  readonly siblings: readonly Hex[]
}

/** Segments of a range: its width, at most {@link MAX_PARTS}. */
export function partsOf({ lo, hi }: Range): number {
  // INVARIANT: the game only ever narrows ranges that hold a position.
  if (!(Number.isSafeInteger(lo) && Number.isSafeInteger(hi) && 0 <= lo && lo < hi)) {
    throw new BugError(`(${lo}, ${hi}] is no range`)
  }
  return Math.min(MAX_PARTS, hi - lo)
}

/** Positions between the segments of a range, `lo` and `hi` included: `lo + ⌊i·width/parts⌋` for i = 0 … parts. Exact below 2^48. */
export function boundariesOf(range: Range): number[] {
  const parts = partsOf(range)
  const width = range.hi - range.lo
  return Array.from({ length: parts + 1 }, (_, i) => range.lo + Math.floor((i * width) / parts))
}

/** Asks an oracle for the hashes of a dissection; the start is the one agreed on. */
export async function dissect(
  range: Range,
  start: Hex,
  hashAt: (position: number) => Promise<Hex>,
): Promise<Dissection> {
  const hashes = [start]
  for (const position of boundariesOf(range).slice(1)) hashes.push(await hashAt(position))
  return { ...range, hashes }
}

/** What the contract stores of a dissection: the Merkle root over its hashes, start first, padded with zero leaves. */
export function dissectionRoot({ hashes }: Pick<Dissection, 'hashes'>, hash: Hasher = keccak256): Hex {
  return bytesToHex(merkleRoot(hashes.map(hexToBytes), hash, merkleDepth(hashes.length)))
}

/** Opens one segment. Cost: two passes over at most 64 hashes. */
export function openSegment(dissection: Dissection, index: number, hash: Hasher = keccak256): SegmentOpening {
  const { hashes } = dissection
  const [start, end] = [hashes[index], hashes[index + 1]]
  if (start === undefined || end === undefined) throw new BugError(`segment ${index} of ${hashes.length - 1}`)
  const boundaries = boundariesOf(dissection)
  return {
    index,
    lo: boundaries[index] as number,
    hi: boundaries[index + 1] as number,
    start,
    end,
    siblings: segmentSiblings(hashes.map(hexToBytes), index, hash),
  }
}

/** Climbs from two neighbouring leaves at once: apart until the left one is a left child, then as one node. */
function segmentSiblings(leaves: readonly Uint8Array[], index: number, hash: Hasher): Hex[] {
  const depth = merkleDepth(leaves.length)
  const left = merkleProof(leaves, index, hash, depth)
  const right = merkleProof(leaves, index + 1, hash, depth)
  const siblings: Uint8Array[] = []
  let joinedAt = 0
  while (joinedAt < depth && Math.floor(index / 2 ** joinedAt) % 2 === 1) joinedAt++
  for (let height = 0; height < depth; height++) {
    if (height < joinedAt) siblings.push(left[height] as Uint8Array, right[height] as Uint8Array)
    if (height > joinedAt) siblings.push(left[height] as Uint8Array)
  }
  return siblings.map(bytesToHex)
}

/** Root that an opened segment of a dissection with so many parts leads to; undefined where its proof has another length. Total. */
export function segmentRoot(
  { index, start, end, siblings }: Omit<SegmentOpening, 'lo' | 'hi'>,
  parts: number,
  hash: Hasher = keccak256,
): Hex | undefined {
  const rest = siblings.map(hexToBytes)
  const join = (left: Uint8Array | undefined, right: Uint8Array | undefined) =>
    left === undefined || right === undefined ? undefined : hash(concatBytes(left, right))
  let node: Uint8Array | undefined = hexToBytes(start)
  let right: Uint8Array | undefined = hexToBytes(end)
  let isJoined = false
  for (let height = 0, place = index; height < merkleDepth(parts + 1); height++, place = Math.floor(place / 2)) {
    const isRight = place % 2 === 1
    if (isJoined) node = isRight ? join(rest.shift(), node) : join(node, rest.shift())
    else if (isRight) {
      node = join(rest.shift(), node)
      right = join(right, rest.shift())
    } else {
      node = join(node, right)
      isJoined = true
    }
  }
  return node === undefined || rest.length > 0 ? undefined : bytesToHex(node)
}

/**
 * A segment whose start this player holds true and whose end it does not: where it cuts next. Cost: at most 6 hashes, by halving.
 * @returns undefined when this player holds the last hash true: there is nothing to reject.
 */
export async function findDisagreement(
  dissection: Dissection,
  hashAt: (position: number) => Promise<Hex>,
): Promise<number | undefined> {
  const { hashes } = dissection
  const boundaries = boundariesOf(dissection)
  const isTrue = async (leaf: number) => (await hashAt(boundaries[leaf] as number)) === hashes[leaf]
  if (await isTrue(hashes.length - 1)) return undefined
  let accepted = 0
  for (let rejected = hashes.length - 1; rejected - accepted > 1; ) {
    const middle = (accepted + rejected) >> 1
    if (await isTrue(middle)) accepted = middle
    else rejected = middle
  }
  return accepted
}
