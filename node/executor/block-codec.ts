import { type BlockHeader, createBlockHeaderFromBytesArray } from '@ethereumjs/block'
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp'
import { bytesEqual } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { rlpDepthExceeds } from '../protocol/rlp-depth.ts'
import { chainRules } from './chain-rules.ts'

/** block › transactions › legacy transaction, whose fields are byte strings. */
const MAX_RLP_DEPTH = 3

/** Standard Ethereum block bytes: `rlp([header, transactions, uncles, withdrawals])`, the last two empty. */
export function encodeBlock(header: BlockHeader, transactions: readonly Uint8Array[]): Uint8Array {
  const body = transactions.map((raw) => ((raw[0] ?? 0) >= 0xc0 ? RLP.decode(raw) : raw))
  return RLP.encode([header.raw(), body, [], []])
}

/** A block's header and its raw transactions, deposits included. */
export interface DecodedBlock {
  readonly header: BlockHeader
  readonly transactions: readonly Uint8Array[]
}

/**
 * Decodes {@link encodeBlock}'s bytes. Checks the layout, not whether the transactions are valid or fit the header.
 * @throws InvalidError `BlockMalformed`.
 */
export function decodeBlock(rlp: Uint8Array, chainId: number): DecodedBlock {
  if (rlpDepthExceeds(rlp, MAX_RLP_DEPTH)) throw malformed('its lists nest too deep')
  const [header, transactions, uncles, withdrawals, ...rest] = decodeList(rlp)
  if (!Array.isArray(header) || !Array.isArray(transactions)) throw malformed('it has no header or no transactions')
  if (!isEmptyList(uncles) || !isEmptyList(withdrawals) || rest.length > 0) {
    throw malformed('it has uncles, withdrawals or more')
  }
  return {
    header: decodeHeaderFields(header, chainId),
    transactions: transactions.map((item) => (item instanceof Uint8Array ? item : RLP.encode(item))),
  }
}

/** Decodes a header's RLP. @throws InvalidError `BlockMalformed`. */
export function decodeHeader(rlp: Uint8Array, chainId: number): BlockHeader {
  if (rlpDepthExceeds(rlp, 1)) throw malformed('its header nests lists')
  return decodeHeaderFields(decodeList(rlp), chainId)
}

function decodeHeaderFields(fields: NestedUint8Array, chainId: number): BlockHeader {
  if (!fields.every((field) => field instanceof Uint8Array)) throw malformed('a header field is a list')
  const header = readHeader(fields as Uint8Array[], chainId)
  // Numbers may come with leading zeros, which the library drops: two encodings of one block must not pass for one.
  const isShortest = header.raw().every((field, i) => bytesEqual(field, fields[i] as Uint8Array))
  if (!isShortest) throw malformed('a header field is not in its shortest form')
  return header
}

function readHeader(fields: Uint8Array[], chainId: number): BlockHeader {
  try {
    return createBlockHeaderFromBytesArray(fields, { common: chainRules(chainId) })
  } catch (cause) {
    throw malformed('its header breaks the rules', cause)
  }
}

function decodeList(rlp: Uint8Array): NestedUint8Array {
  let decoded: Uint8Array | NestedUint8Array
  try {
    decoded = RLP.decode(rlp)
  } catch (cause) {
    throw malformed('it is not RLP', cause)
  }
  if (!Array.isArray(decoded)) throw malformed('it is not a list')
  return decoded
}

function isEmptyList(item: Uint8Array | NestedUint8Array | undefined): boolean {
  return Array.isArray(item) && item.length === 0
}

function malformed(what: string, cause?: unknown): InvalidError<'BlockMalformed'> {
  return new InvalidError('BlockMalformed', `malformed block: ${what}`, { cause })
}
