import { concatBytes, type Hex, hexToBytes, uintToBytes } from '../protocol/bytes.ts'

/** One byte that opens every key, so that kinds never meet. Part of the format on disk. */
const PREFIX = { content: 0x63, block: 0x62, outcome: 0x6f, canonical: 0x6e, transaction: 0x74, meta: 0x6d } as const

/** Content by its keccak256. */
export function contentKey(hash: Uint8Array): Uint8Array {
  return prefixed(PREFIX.content, hash)
}

/** RLP of a block by its hash. */
export function blockKey(hash: Hex): Uint8Array {
  return prefixed(PREFIX.block, hexToBytes(hash))
}

/** Outcome of a block's transactions by the block's hash. */
export function outcomeKey(hash: Hex): Uint8Array {
  return prefixed(PREFIX.outcome, hexToBytes(hash))
}

/** Hash of the canonical block at a number. */
export function canonicalKey(number: number): Uint8Array {
  return prefixed(PREFIX.canonical, uintToBytes(number, 8))
}

/** Place of a transaction in the canonical chain, by its hash. */
export function transactionKey(hash: Hex): Uint8Array {
  return prefixed(PREFIX.transaction, hexToBytes(hash))
}

/** The chain that the database belongs to: hash of block 0 ‖ chain id u64. */
export const IDENTITY_KEY: Uint8Array = metaKey('identity')
/** The three heads. */
export const HEADS_KEY: Uint8Array = metaKey('heads')

/** A named value that a service keeps; never one of the database's own. */
export function serviceKey(name: string): Uint8Array {
  return metaKey(`service/${name}`)
}

function metaKey(name: string): Uint8Array {
  return prefixed(PREFIX.meta, new Uint8Array(Buffer.from(name, 'utf8')))
}

function prefixed(prefix: number, rest: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(prefix), rest)
}
