import { bytesToHex, bytesToUint, concatBytes, hexToBytes, uintToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import type { BlockRef, Heads, TransactionPlace } from './database.ts'

const REF_BYTES = 40

/** Heads on disk: unsafe, safe, finalized; each `number u64 ‖ hash`. */
export function encodeHeads(heads: Heads): Uint8Array {
  return concatBytes(...[heads.unsafe, heads.safe, heads.finalized].map(encodeRef))
}

/** Decodes {@link encodeHeads}'s bytes. */
export function decodeHeads(bytes: Uint8Array): Heads {
  if (bytes.length !== 3 * REF_BYTES) throw new BugError('stored heads are not in our layout')
  const [unsafe, safe, finalized] = [0, 1, 2].map((i) => decodeRef(bytes.subarray(i * REF_BYTES, (i + 1) * REF_BYTES)))
  return { unsafe: unsafe as BlockRef, safe: safe as BlockRef, finalized: finalized as BlockRef }
}

/** A transaction's place on disk: `number u64 ‖ block hash ‖ index u32`. */
export function encodePlace(place: TransactionPlace): Uint8Array {
  return concatBytes(encodeRef(place), uintToBytes(place.index, 4))
}

/** Decodes {@link encodePlace}'s bytes. */
export function decodePlace(bytes: Uint8Array): TransactionPlace {
  if (bytes.length !== REF_BYTES + 4) throw new BugError('a stored transaction place is not in our layout')
  return { ...decodeRef(bytes.subarray(0, REF_BYTES)), index: bytesToUint(bytes.subarray(REF_BYTES)) }
}

function encodeRef({ number, hash }: BlockRef): Uint8Array {
  return concatBytes(uintToBytes(number, 8), hexToBytes(hash))
}

function decodeRef(bytes: Uint8Array): BlockRef {
  return { number: bytesToUint(bytes.subarray(2, 8)), hash: bytesToHex(bytes.subarray(8)) }
}
