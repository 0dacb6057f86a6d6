import { keccak_256 } from '@noble/hashes/sha3.js'

/** A 32-byte hash function over bytes. Native ones may be injected where speed matters; they must equal {@link keccak256}. */
export type Hasher = (data: Uint8Array) => Uint8Array

/** keccak256 (the pre-standard SHA-3 padding that Ethereum uses), in plain ECMAScript. */
export const keccak256: Hasher = (data) => keccak_256(data)
