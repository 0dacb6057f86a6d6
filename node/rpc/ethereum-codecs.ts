import type { Hex } from '../protocol/bytes.ts'
import { arrayOf, type Codec, choice, mismatch, objectOf, pattern } from './codec.ts'

const isString = (value: unknown) => typeof value === 'string'
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A 20-byte address in any case; yields lower case. */
export const address: Codec<Hex> = pattern(
  'a 20-byte address',
  /^0x[0-9a-fA-F]{40}$/,
  (text) => text.toLowerCase() as Hex,
)

/** A 32-byte hash; yields lower case. */
export const hash32: Codec<Hex> = pattern('a 32-byte hash', /^0x[0-9a-fA-F]{64}$/, (text) => text.toLowerCase() as Hex)

/** Bytes as hex, of any even length within the request's limit; yields lower case. */
export const data: Codec<Hex> = pattern(
  '0x-prefixed hex bytes',
  /^0x([0-9a-fA-F]{2})*$/,
  (text) => text.toLowerCase() as Hex,
)

/** An unsigned integer of up to 256 bits, as hex or as a JSON number. */
export const quantity: Codec<bigint> = {
  schema: { title: 'hex-encoded unsigned integer', type: 'string', pattern: '^0x[0-9a-fA-F]{1,64}$' },
  parse: (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
    if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return BigInt(value)
    throw mismatch(path, 'a hex-encoded unsigned integer', value)
  },
}

/** An unsigned integer that fits a safe `number`: block numbers, indices, counts. */
export const safeQuantity: Codec<number> = {
  schema: quantity.schema,
  parse: (value, path) => {
    const wide = quantity.parse(value, path)
    if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw mismatch(path, 'an integer below 2^53', value)
    return Number(wide)
  },
}

/** A storage slot of up to 32 bytes; yields 32 bytes. */
export const storageKey: Codec<Hex> = pattern(
  'a storage slot of up to 32 bytes',
  /^0x[0-9a-fA-F]{1,64}$/,
  (text) => `0x${text.slice(2).toLowerCase().padStart(64, '0')}` as Hex,
)

/** Names of blocks that move. */
export type BlockTag = 'latest' | 'pending' | 'safe' | 'finalized' | 'earliest'

/** How a client names a block. */
export type BlockId =
  | { readonly kind: 'tag'; readonly tag: BlockTag }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'hash'; readonly hash: Hex; readonly requireCanonical: boolean }

/** The default of most block parameters. */
export const LATEST: BlockId = { kind: 'tag', tag: 'latest' }

const blockTag: Codec<BlockId> = {
  schema: { enum: ['latest', 'pending', 'safe', 'finalized', 'earliest'] },
  parse: (value) => ({ kind: 'tag', tag: value as BlockTag }),
}

const blockNumberOnly: Codec<BlockId> = {
  schema: quantity.schema,
  parse: (value, path) => ({ kind: 'number', number: safeQuantity.parse(value, path) }),
}

const blockHashOnly: Codec<BlockId> = {
  schema: hash32.schema,
  parse: (value, path) => ({ kind: 'hash', hash: hash32.parse(value, path), requireCanonical: false }),
}

const eip1898Members = objectOf({
  blockHash: hash32,
  blockNumber: safeQuantity,
  requireCanonical: { schema: { type: 'boolean' }, parse: (value: unknown) => value === true },
})

const eip1898: Codec<BlockId> = {
  schema: eip1898Members.schema,
  parse: (value, path) => {
    const { blockHash, blockNumber, requireCanonical } = eip1898Members.parse(value, path)
    if (blockHash !== undefined && blockNumber === undefined) {
      return { kind: 'hash', hash: blockHash, requireCanonical: requireCanonical ?? false }
    }
    if (blockNumber !== undefined && blockHash === undefined) return { kind: 'number', number: blockNumber }
    throw mismatch(path, 'either blockHash or blockNumber', value)
  },
}

const isTag = (value: unknown) => ['latest', 'pending', 'safe', 'finalized', 'earliest'].includes(value as string)
const isNumeric = (value: unknown) => isString(value) || typeof value === 'number'
const isHash = (value: unknown) => isString(value) && /^0x[0-9a-fA-F]{64}$/.test(value as string)

/** A tag or a block number. */
export const blockNumber: Codec<BlockId> = choice('a block number or tag', [
  { when: isTag, codec: blockTag },
  { when: isNumeric, codec: blockNumberOnly },
])

/** A tag, a number, a hash, or an EIP-1898 object. */
export const blockId: Codec<BlockId> = choice('a block number, tag, hash or EIP-1898 object', [
  { when: isTag, codec: blockTag },
  { when: isHash, codec: blockHashOnly },
  { when: isNumeric, codec: blockNumberOnly },
  { when: isObject, codec: eip1898 },
])

const MAX_FILTER_ADDRESSES = 1000
const MAX_FILTER_TOPICS = 4
const MAX_TOPIC_CHOICES = 1000

/** One value or an array of them; yields an array, empty for null. */
function oneOrMany(item: Codec<Hex>, max: number): Codec<readonly Hex[]> {
  return choice('one value, an array of them or null', [
    { when: (value) => value === null, codec: { schema: { type: 'null' }, parse: () => [] } },
    { when: Array.isArray, codec: arrayOf(item, max) },
    { when: isString, codec: { schema: item.schema, parse: (value, path) => [item.parse(value, path)] } },
  ])
}

/** Which logs a client wants. An empty `addresses`, or an empty choice at a topic's place, matches anything. */
export interface LogFilter {
  readonly range: { readonly from: BlockId; readonly to: BlockId } | { readonly blockHash: Hex }
  readonly addresses: readonly Hex[]
  readonly topics: readonly (readonly Hex[])[]
}

const logFilterMembers = objectOf({
  fromBlock: blockNumber,
  toBlock: blockNumber,
  blockHash: hash32,
  address: oneOrMany(address, MAX_FILTER_ADDRESSES),
  topics: arrayOf(oneOrMany(hash32, MAX_TOPIC_CHOICES), MAX_FILTER_TOPICS),
})

/** The filter object of `eth_getLogs` and `eth_newFilter`. */
export const logFilter: Codec<LogFilter> = {
  schema: logFilterMembers.schema,
  parse: (value, path) => {
    const { fromBlock, toBlock, blockHash, address: addresses, topics } = logFilterMembers.parse(value, path)
    if (blockHash !== undefined && (fromBlock !== undefined || toBlock !== undefined)) {
      throw mismatch(path, 'either blockHash or fromBlock and toBlock', value)
    }
    const range = blockHash === undefined ? { from: fromBlock ?? LATEST, to: toBlock ?? LATEST } : { blockHash }
    return { range, addresses: addresses ?? [], topics: topics ?? [] }
  },
}
