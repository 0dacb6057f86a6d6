import { keccak_256 } from '@noble/hashes/sha3.js'

/** A 32-byte hash function over bytes. Native ones may be injected where speed matters; they must equal {@link keccak256}. */
export type Hasher = (data: Uint8Array) => Uint8Array

/**
 * Hashes each block of `blockBytes` of `data`, a whole number of blocks, and yields the 32-byte hashes joined. One call for many
 * blocks is what a fast implementation needs: per block, little remains but the permutations.
 */
export type BlockHasher = (data: Uint8Array, blockBytes: number) => Uint8Array

/** keccak256 (the pre-standard SHA-3 padding that Ethereum uses), in plain ECMAScript. */
export const keccak256: Hasher = (data) => keccak_256(data)

/** A {@link BlockHasher} that calls `hash` once a block. */
export function blockHasher(hash: Hasher): BlockHasher {
  return (data, blockBytes) => {
    const hashes = new Uint8Array((data.length / blockBytes) * 32)
    for (let at = 0, to = 0; at < data.length; at += blockBytes, to += 32) {
      hashes.set(hash(data.subarray(at, at + blockBytes)), to)
    }
    return hashes
  }
}

/** keccak256 in the two forms in which commitments take it, by an implementation as fast as there is. */
export interface Hashing {
  readonly hash: Hasher
  readonly hashBlocks: BlockHasher
}

/** The {@link Hashing} that runs anywhere, slowly. */
export const PLAIN_HASHING: Hashing = { hash: keccak256, hashBlocks: blockHasher(keccak256) }
