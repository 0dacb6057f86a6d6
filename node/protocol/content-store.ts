/**
 * Content-addressed reads: the only way in which consensus code reads state. A key is the keccak256 of the value, so a
 * recorded read set is a complete witness. It holds trie nodes, contract code, model graphs and chunks, model manifests,
 * log commitments and accumulator nodes, all in one key space.
 */
export interface ContentReader {
  /** The bytes whose keccak256 is `hash`, or undefined when this store has none. @throws UnavailableError on an I/O failure. */
  get(hash: Uint8Array): Promise<Uint8Array | undefined>
}

/** A content store that also takes new values. Writing is idempotent. */
export interface ContentStore extends ContentReader {
  /** Stores `bytes` under `hash`, which the caller computed as keccak256(bytes). */
  put(hash: Uint8Array, bytes: Uint8Array): void
}
