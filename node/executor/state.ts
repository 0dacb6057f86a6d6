import type { AccountFields, StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address, createAccountFromRLP } from '@ethereumjs/util'
import { bytesEqual, bytesToHex, type Hex } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { type ContentOverlay, requireContent } from './content-overlay.ts'
import { decodeStorageValue, writeStateChanges } from './state-changes.ts'
import { EMPTY_TRIE_ROOT, readTrie } from './trie.ts'

/** keccak256 of no bytes: the code hash of an account without code. */
export const EMPTY_CODE_HASH: Uint8Array = keccak256(new Uint8Array(0))

const EMPTY_BYTES = new Uint8Array(0)

/**
 * The world state of a block under construction: values over the trie at `baseRoot`, with an undo journal for the EVM's
 * checkpoints. Reads go to content-addressed trie nodes and code only; nothing is written before {@link State.getStateRoot}.
 * An account keeps the storage root of its base while the block runs; the new one is computed with the state root.
 */
export class State implements StateManagerInterface {
  readonly #content: ContentOverlay
  readonly #baseRoot: Uint8Array
  readonly #accounts = new Map<Hex, Account | undefined>()
  readonly #storage = new Map<Hex, Map<Hex, Uint8Array>>()
  /** Accounts whose storage was emptied: no slot of theirs is read from the base. */
  readonly #emptied = new Set<Hex>()
  readonly #code = new Map<Hex, Uint8Array>()
  readonly #baseAccounts = new Map<Hex, Account | undefined>()
  readonly #baseStorage = new Map<Hex, Uint8Array>()
  readonly #originals = new Map<Hex, Uint8Array>()
  readonly #undo: (() => void)[] = []
  #checkpoints: number[] = []

  constructor(content: ContentOverlay, baseRoot: Uint8Array) {
    this.#content = content
    this.#baseRoot = baseRoot
  }

  /** Value of a slot when the transaction began; EIP-2200 prices writes by it. */
  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> => {
      const id = slotId(address.toString(), bytesToHex(key))
      const known = this.#originals.get(id)
      if (known !== undefined) return known
      const value = await this.getStorage(address, key)
      this.#originals.set(id, value)
      return value
    },
    clear: (): void => this.#originals.clear(),
  }

  /** A copy, which the caller may change freely. Cost: one trie path on the first read of an account. */
  async getAccount(address: Address): Promise<Account | undefined> {
    const id = address.toString()
    const account = this.#accounts.has(id) ? this.#accounts.get(id) : await this.#readBaseAccount(address)
    return account === undefined ? undefined : copyAccount(account)
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    setWithUndo(this.#accounts, address.toString(), account && copyAccount(account), this.#undo)
  }

  /** Removes the account with its storage. */
  async deleteAccount(address: Address): Promise<void> {
    setWithUndo(this.#accounts, address.toString(), undefined, this.#undo)
    this.#emptyStorage(address.toString())
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account()
    account.nonce = fields.nonce ?? account.nonce
    account.balance = fields.balance ?? account.balance
    account.storageRoot = fields.storageRoot ?? account.storageRoot
    account.codeHash = fields.codeHash ?? account.codeHash
    await this.putAccount(address, account)
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    const codeHash = keccak256(code)
    this.#code.set(bytesToHex(codeHash), code)
    await this.modifyAccountFields(address, { codeHash })
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const account = await this.getAccount(address)
    if (account === undefined || bytesEqual(account.codeHash, EMPTY_CODE_HASH)) return EMPTY_BYTES
    const id = bytesToHex(account.codeHash)
    const known = this.#code.get(id)
    if (known !== undefined) return known
    const code = await requireContent(this.#content, account.codeHash, 'contract code')
    this.#code.set(id, code)
    return code
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length
  }

  /** Value of a 32-byte slot without leading zeros (empty when zero). Cost: one trie path on the first read of a slot. */
  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const id = address.toString()
    const written = this.#storage.get(id)?.get(bytesToHex(key))
    if (written !== undefined) return written
    return this.#emptied.has(id) ? EMPTY_BYTES : this.#readBaseStorage(address, key)
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const id = address.toString()
    if (!this.#accounts.has(id)) await this.putAccount(address, await this.#requireAccount(address))
    let slots = this.#storage.get(id)
    if (slots === undefined) {
      slots = new Map()
      setWithUndo(this.#storage, id, slots, this.#undo)
    }
    setWithUndo(slots, bytesToHex(key), withoutLeadingZeros(value), this.#undo)
  }

  async clearStorage(address: Address): Promise<void> {
    this.#emptyStorage(address.toString())
    const account = await this.getAccount(address)
    if (account === undefined || bytesEqual(account.storageRoot, EMPTY_TRIE_ROOT)) return
    account.storageRoot = EMPTY_TRIE_ROOT
    await this.putAccount(address, account)
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length)
  }

  async commit(): Promise<void> {
    this.#popCheckpoint()
  }

  async revert(): Promise<void> {
    this.#undoTo(this.#popCheckpoint())
  }

  /** A point to come back to from anywhere, however many checkpoints an aborted call left open. */
  mark(): number {
    if (this.#checkpoints.length !== 0) throw new BugError('a state mark inside a checkpoint')
    return this.#undo.length
  }

  /** Undoes every change since the mark. Cost: one step a change. */
  restore(mark: number): void {
    this.#checkpoints = []
    this.#undoTo(mark)
    this.#originals.clear()
  }

  /**
   * Puts the changed trie nodes and code into the content overlay and returns the root; the state is then spent.
   * Cost: reads and hashes one trie path a changed account and slot, in the order of addresses and slots.
   */
  async getStateRoot(): Promise<Uint8Array> {
    return writeStateChanges(this.#content, this.#baseRoot, {
      accounts: this.#accounts,
      storage: this.#storage,
      emptied: this.#emptied,
      code: this.#code,
    })
  }

  setStateRoot(): Promise<void> {
    throw new BugError('a block state has one base root; open another State')
  }

  async hasStateRoot(root: Uint8Array): Promise<boolean> {
    return bytesEqual(root, EMPTY_TRIE_ROOT) || (await this.#content.get(root)) !== undefined
  }

  clearCaches(): void {
    this.#baseAccounts.clear()
    this.#baseStorage.clear()
  }

  shallowCopy(): StateManagerInterface {
    throw new BugError('a block state is not copied; open another State')
  }

  /** INVARIANT: an account whose storage changes is itself a changed account, for its storage root changes. */
  async #requireAccount(address: Address): Promise<Account> {
    const account = await this.getAccount(address)
    if (account === undefined) throw new BugError(`storage written to missing account ${address.toString()}`)
    return account
  }

  async #readBaseAccount(address: Address): Promise<Account | undefined> {
    const id = address.toString()
    if (this.#baseAccounts.has(id)) return this.#baseAccounts.get(id)
    const rlp = await readTrie(this.#content, this.#baseRoot, address.bytes)
    const account = rlp === null ? undefined : createAccountFromRLP(rlp)
    this.#baseAccounts.set(id, account)
    return account
  }

  async #readBaseStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const id = slotId(address.toString(), bytesToHex(key))
    const known = this.#baseStorage.get(id)
    if (known !== undefined) return known
    const account = await this.#readBaseAccount(address)
    const rlp = account === undefined ? null : await readTrie(this.#content, account.storageRoot, key)
    const value = rlp === null ? EMPTY_BYTES : decodeStorageValue(rlp)
    this.#baseStorage.set(id, value)
    return value
  }

  #emptyStorage(id: Hex): void {
    if (this.#storage.has(id)) setWithUndo(this.#storage, id, new Map(), this.#undo)
    if (this.#emptied.has(id)) return
    this.#emptied.add(id)
    this.#undo.push(() => this.#emptied.delete(id))
  }

  #popCheckpoint(): number {
    const at = this.#checkpoints.pop()
    if (at === undefined) throw new BugError('a state checkpoint was closed twice')
    return at
  }

  #undoTo(length: number): void {
    while (this.#undo.length > length) this.#undo.pop()?.()
  }
}

function setWithUndo<K, V>(map: Map<K, V>, key: K, value: V, undo: (() => void)[]): void {
  const had = map.has(key)
  const before = map.get(key)
  map.set(key, value)
  undo.push(() => {
    if (had) map.set(key, before as V)
    else map.delete(key)
  })
}

function copyAccount(account: Account): Account {
  return new Account(account.nonce, account.balance, account.storageRoot, account.codeHash)
}

function slotId(address: Hex, slot: Hex): Hex {
  return `${address}${slot.slice(2)}`
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let start = 0
  while (start < value.length && value[start] === 0) start++
  return Uint8Array.from(value.subarray(start))
}
