import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp'
import type { DB } from '@ethereumjs/util'
import { bytesEqual, bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader, ContentStore } from '../protocol/content-store.ts'
import { BugError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { requireContent } from './content-overlay.ts'

/** Root of the Merkle Patricia trie that holds nothing: keccak256(rlp('')). */
export const EMPTY_TRIE_ROOT: Uint8Array = keccak256(Uint8Array.of(0x80))

/** One change to a secure trie: `null` deletes. Keys are hashed with keccak256 on the way in. */
export interface TrieChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/**
 * Reads one value of the secure trie (keys hashed) under `root`. Cost: one content read a node on the path.
 * @throws UnavailableError `ContentMissing` when a node is not in the store.
 */
export async function readTrie(content: ContentReader, root: Uint8Array, key: Uint8Array): Promise<Uint8Array | null> {
  if (bytesEqual(root, EMPTY_TRIE_ROOT)) return null
  const trie = await openTrie(new NodeBuffer(content), root)
  return trie.get(key, true)
}

/** The nodes from `root` to `key` (or to where it would be), outermost first: an EIP-1186 proof. Empty for the empty trie. */
export async function proveTrie(content: ContentReader, root: Uint8Array, key: Uint8Array): Promise<Uint8Array[]> {
  if (bytesEqual(root, EMPTY_TRIE_ROOT)) return []
  const trie = await openTrie(new NodeBuffer(content), root)
  const { stack } = await trie.findPath(keccak256(key), true)
  return stack.map((node) => node.serialize())
}

/**
 * Applies changes, in the order given, to the secure trie under `root`; puts the new nodes that the new root reaches into
 * `content`, and returns the new root. Cost: reads and hashes one path a change.
 * @throws UnavailableError `ContentMissing` when a node is not in the store.
 */
export async function updateTrie(
  content: ContentStore,
  root: Uint8Array,
  changes: readonly TrieChange[],
): Promise<Uint8Array> {
  if (changes.length === 0) return root
  const buffer = new NodeBuffer(content)
  const trie = await openTrie(buffer, root)
  for (const { key, value } of changes) {
    if (value === null) await trie.del(key)
    else await trie.put(key, value)
  }
  const newRoot = trie.root()
  putReachable(content, buffer.added, newRoot)
  return newRoot
}

/** Root of the trie that maps rlp(index) to each item: the transactions root and receipts root of a block. */
export async function listRoot(items: readonly Uint8Array[]): Promise<Uint8Array> {
  const trie = await createMPT()
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item)
  return trie.root()
}

function openTrie(buffer: NodeBuffer, root: Uint8Array): Promise<MerklePatriciaTrie> {
  return createMPT({ db: buffer, root, useKeyHashing: true, useKeyHashingFunction: keccak256, valueEncoding: 'view' })
}

/**
 * The trie library's view of the content store: reads go through, writes stay in memory. A node that the store lacks is an
 * error here, for the library would read "no such node" as "no such key".
 */
class NodeBuffer implements DB<string, string | Uint8Array> {
  readonly added = new Map<Hex, Uint8Array>()
  readonly #content: ContentReader

  constructor(content: ContentReader) {
    this.#content = content
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const hash: Hex = `0x${key}`
    const added = this.added.get(hash)
    if (added !== undefined) return added
    const bytes = hexToBytes(hash)
    return bytesEqual(bytes, EMPTY_TRIE_ROOT) ? undefined : requireContent(this.#content, bytes, 'trie node')
  }

  async put(key: string, value: string | Uint8Array): Promise<void> {
    if (typeof value === 'string') throw new BugError('the trie library stored a node as text')
    this.added.set(`0x${key}`, value)
  }

  async del(): Promise<void> {}

  async batch(operations: Parameters<DB<string, string | Uint8Array>['batch']>[0]): Promise<void> {
    for (const operation of operations) {
      if (operation.type === 'put') await this.put(operation.key, operation.value)
    }
  }

  shallowCopy(): DB<string, string | Uint8Array> {
    return this
  }

  async open(): Promise<void> {}
}

/** Each put of a trie leaves the path of the put before it behind; only what the last root reaches is kept. */
function putReachable(content: ContentStore, added: ReadonlyMap<Hex, Uint8Array>, root: Uint8Array): void {
  const pending: Uint8Array[] = [root]
  for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
    const node = added.get(bytesToHex(hash))
    if (node === undefined) continue
    content.put(hash, node)
    pushChildren(RLP.decode(node), pending)
  }
}

/** Collects 32-byte references; a leaf's value may look like one, and then is simply not found. Inlined children nest. */
function pushChildren(node: Uint8Array | NestedUint8Array, pending: Uint8Array[]): void {
  if (node instanceof Uint8Array) return
  for (const item of node) {
    if (!(item instanceof Uint8Array)) pushChildren(item, pending)
    else if (item.length === 32) pending.push(item)
  }
}
