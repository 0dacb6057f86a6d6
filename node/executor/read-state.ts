import { Account, createAccountFromRLP } from '@ethereumjs/util'
import { bytesEqual, bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { requireContent } from './content-overlay.ts'
import { EMPTY_CODE_HASH } from './state.ts'
import { decodeStorageValue } from './state-changes.ts'
import { proveTrie, readTrie } from './trie.ts'

/** An account as the state trie has it. */
export interface StateAccount {
  readonly nonce: bigint
  readonly balanceWei: bigint
  readonly codeHash: Hex
  readonly storageRoot: Hex
}

/** An EIP-1186 proof: trie nodes from the state root to the account, and from its storage root to each slot. */
export interface AccountProof extends StateAccount {
  readonly address: Hex
  readonly accountProof: readonly Uint8Array[]
  readonly storageProof: readonly {
    readonly slot: Hex
    /** Without leading zeros; empty when zero. */
    readonly value: Uint8Array
    readonly proof: readonly Uint8Array[]
  }[]
}

/**
 * Reads an account of the state at `stateRoot`; one that does not exist reads as empty. Cost: one trie path.
 * @throws UnavailableError `ContentMissing` when the state is pruned or was never had.
 */
export async function readAccount(content: ContentReader, stateRoot: Uint8Array, address: Hex): Promise<StateAccount> {
  return describe(await loadAccount(content, stateRoot, address))
}

/** Reads a 32-byte storage slot as 32 bytes. Cost: two trie paths. @throws UnavailableError `ContentMissing`. */
export async function readStorage(
  content: ContentReader,
  stateRoot: Uint8Array,
  address: Hex,
  slot: Hex,
): Promise<Uint8Array> {
  const { storageRoot } = await loadAccount(content, stateRoot, address)
  const value = await loadSlot(content, storageRoot, slot)
  const word = new Uint8Array(32)
  word.set(value, 32 - value.length)
  return word
}

/** Reads an account's code, empty for none. Cost: one trie path and one read. @throws UnavailableError `ContentMissing`. */
export async function readCode(content: ContentReader, stateRoot: Uint8Array, address: Hex): Promise<Uint8Array> {
  const { codeHash } = await loadAccount(content, stateRoot, address)
  if (bytesEqual(codeHash, EMPTY_CODE_HASH)) return new Uint8Array(0)
  return requireContent(content, codeHash, 'contract code')
}

/** Proves an account and slots of it under `stateRoot` (EIP-1186). Cost: one trie path each. @throws UnavailableError `ContentMissing`. */
export async function proveAccount(
  content: ContentReader,
  stateRoot: Uint8Array,
  address: Hex,
  slots: readonly Hex[],
): Promise<AccountProof> {
  const account = await loadAccount(content, stateRoot, address)
  const storageProof = []
  for (const slot of slots) {
    storageProof.push({
      slot,
      value: await loadSlot(content, account.storageRoot, slot),
      proof: await proveTrie(content, account.storageRoot, hexToBytes(slot)),
    })
  }
  const accountProof = await proveTrie(content, stateRoot, hexToBytes(address))
  return { address, ...describe(account), accountProof, storageProof }
}

async function loadAccount(content: ContentReader, stateRoot: Uint8Array, address: Hex): Promise<Account> {
  const rlp = await readTrie(content, stateRoot, hexToBytes(address))
  return rlp === null ? new Account() : createAccountFromRLP(rlp)
}

async function loadSlot(content: ContentReader, storageRoot: Uint8Array, slot: Hex): Promise<Uint8Array> {
  const rlp = await readTrie(content, storageRoot, hexToBytes(slot))
  return rlp === null ? new Uint8Array(0) : decodeStorageValue(rlp)
}

function describe(account: Account): StateAccount {
  return {
    nonce: account.nonce,
    balanceWei: account.balance,
    codeHash: bytesToHex(account.codeHash),
    storageRoot: bytesToHex(account.storageRoot),
  }
}
