import { RLP } from '@ethereumjs/rlp'
import type { Account } from '@ethereumjs/util'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentStore } from '../protocol/content-store.ts'
import { BugError } from '../protocol/errors.ts'
import { EMPTY_TRIE_ROOT, type TrieChange, updateTrie } from './trie.ts'

/** What a block changed, by address. */
export interface StateChanges {
  /** `undefined`: the account is gone. */
  readonly accounts: ReadonlyMap<Hex, Account | undefined>
  /** Slots written, by 32-byte key, of addresses in `accounts`; values have no leading zeros, and an empty one deletes. */
  readonly storage: ReadonlyMap<Hex, ReadonlyMap<Hex, Uint8Array>>
  /** Accounts whose earlier storage is gone. */
  readonly emptied: ReadonlySet<Hex>
  /** Code by its hash; only what a changed account refers to is kept. */
  readonly code: ReadonlyMap<Hex, Uint8Array>
}

/**
 * Writes changes over the state at `baseRoot` into `content` and returns the new root. Addresses and slots are taken in
 * ascending order, so that the reads, and with them the witness, depend on the outcome alone and not on how it came about.
 * Cost: one trie path a changed slot and account.
 */
export async function writeStateChanges(
  content: ContentStore,
  baseRoot: Uint8Array,
  changes: StateChanges,
): Promise<Uint8Array> {
  const accountChanges: TrieChange[] = []
  for (const id of [...changes.accounts.keys()].sort()) {
    const account = changes.accounts.get(id)
    accountChanges.push({
      key: hexToBytes(id),
      value: account ? await writeAccount(content, id, account, changes) : null,
    })
  }
  return updateTrie(content, baseRoot, accountChanges)
}

/** The account's RLP, after its storage and code went into `content`. */
async function writeAccount(
  content: ContentStore,
  id: Hex,
  account: Account,
  changes: StateChanges,
): Promise<Uint8Array> {
  const slots = changes.storage.get(id)
  const base = changes.emptied.has(id) ? EMPTY_TRIE_ROOT : account.storageRoot
  account.storageRoot = slots === undefined ? base : await updateTrie(content, base, storageChanges(slots))
  const code = changes.code.get(bytesToHex(account.codeHash))
  if (code !== undefined) content.put(account.codeHash, code)
  return account.serialize()
}

function storageChanges(slots: ReadonlyMap<Hex, Uint8Array>): TrieChange[] {
  return [...slots.keys()].sort().map((slot) => {
    const value = slots.get(slot) as Uint8Array
    return { key: hexToBytes(slot), value: value.length === 0 ? null : RLP.encode(value) }
  })
}

/** Decodes a storage trie's value: RLP of the slot's bytes without leading zeros. */
export function decodeStorageValue(rlp: Uint8Array): Uint8Array {
  const value = RLP.decode(rlp)
  if (!(value instanceof Uint8Array)) throw new BugError('a storage value in the trie is not a byte string')
  return value
}
