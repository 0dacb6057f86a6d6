import type { BlockHeader } from '@ethereumjs/block'
import { decodeBlock, decodeHeader } from '../executor/block-codec.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import type { GenesisBlock } from '../executor/genesis.ts'
import {
  bytesEqual,
  bytesToHex,
  bytesToUint,
  concatBytes,
  type Hex,
  hexToBytes,
  uintToBytes,
} from '../protocol/bytes.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import { decodeOutcome, encodeOutcome } from './block-outcome.ts'
import type { Database, DatabaseWrite, Heads, TransactionPlace } from './database.ts'
import { decodeHeads, decodePlace, encodeHeads } from './heads-codec.ts'
import { type KeyValueChange, type KeyValueStore, openKeyValueStore } from './key-value-store.ts'
import { blockKey, canonicalKey, HEADS_KEY, IDENTITY_KEY, outcomeKey, serviceKey, transactionKey } from './keys.ts'
import { planWrite } from './plan-write.ts'
import { StoredContent } from './stored-content.ts'

const CONTENT_CACHE_BYTES = 128 * 1024 * 1024
const RECENT_BLOCKS = 64

/** What {@link openDatabase} may be told. */
export interface DatabaseOptions {
  /** Bytes of content kept in memory. */
  readonly contentCacheBytes?: number
}

/**
 * Opens the node's database, creating it where nothing is; then tie it to a chain with {@link Database.bindGenesis}.
 * @throws UnavailableError `StorageLocked` when another process has it open, `StorageFailed` when it cannot be opened.
 */
export async function openDatabase(path: string, options: DatabaseOptions = {}): Promise<Database> {
  const store = await openKeyValueStore(path)
  return new RocksDatabase(path, store, options.contentCacheBytes ?? CONTENT_CACHE_BYTES)
}

class RocksDatabase implements Database {
  readonly content: StoredContent
  readonly #path: string
  readonly #store: KeyValueStore
  readonly #recent = new Map<Hex, ExecutedBlock>()
  #chainId = 0
  #heads: Heads | undefined
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(path: string, store: KeyValueStore, contentCacheBytes: number) {
    this.#path = path
    this.#store = store
    this.content = new StoredContent(store, contentCacheBytes)
  }

  async bindGenesis(genesis: GenesisBlock): Promise<void> {
    this.#chainId = Number(genesis.header.common.chainId())
    const identity = concatBytes(hexToBytes(genesis.hash), uintToBytes(this.#chainId, 8))
    const stored = await this.#store.get(IDENTITY_KEY)
    if (stored === undefined) return this.#storeGenesis(genesis, identity)
    if (!bytesEqual(stored, identity)) throw otherChain(this.#path, stored, identity)
    const heads = await this.#store.get(HEADS_KEY)
    if (heads === undefined) throw new BugError('a database with a genesis has no heads')
    this.#heads = decodeHeads(heads)
  }

  write(change: DatabaseWrite): Promise<void> {
    const done = this.#lastWrite.then(() => this.#apply(change))
    this.#lastWrite = done.catch(() => {})
    return done
  }

  heads(): Heads {
    if (this.#heads === undefined) throw new BugError('the database is not bound to a chain; call bindGenesis first')
    return this.#heads
  }

  async canonicalHash(number: number): Promise<Hex | undefined> {
    if (!Number.isSafeInteger(number) || number < 0) return undefined
    const hash = await this.#store.get(canonicalKey(number))
    return hash === undefined ? undefined : bytesToHex(hash)
  }

  async getBlock(hash: Hex): Promise<ExecutedBlock | undefined> {
    const recent = this.#recent.get(hash)
    if (recent !== undefined) return recent
    const rlp = await this.#store.get(blockKey(hash))
    const outcome = await this.#store.get(outcomeKey(hash))
    if (rlp === undefined || outcome === undefined) return undefined
    const { header, transactions } = decodeBlock(rlp, this.#chainId)
    return { number: Number(header.number), hash, header, rlp, ...decodeOutcome(outcome, transactions) }
  }

  async getBlockByNumber(number: number): Promise<ExecutedBlock | undefined> {
    const hash = await this.canonicalHash(number)
    return hash === undefined ? undefined : this.getBlock(hash)
  }

  async getHeader(hash: Hex): Promise<BlockHeader | undefined> {
    const recent = this.#recent.get(hash)
    if (recent !== undefined) return recent.header
    const rlp = await this.content.get(hexToBytes(hash))
    return rlp === undefined ? undefined : decodeHeader(rlp, this.#chainId)
  }

  async findTransaction(hash: Hex): Promise<TransactionPlace | undefined> {
    const place = await this.#store.get(transactionKey(hash))
    return place === undefined ? undefined : decodePlace(place)
  }

  async getMeta(name: string): Promise<Uint8Array | undefined> {
    return this.#store.get(serviceKey(name))
  }

  async close(): Promise<void> {
    await this.#lastWrite
    await this.#store.close()
  }

  async #storeGenesis({ header, hash, rlp }: GenesisBlock, identity: Uint8Array): Promise<void> {
    const block: ExecutedBlock = { number: 0, hash, header, rlp, transactions: [], inferences: [] }
    const ref = { number: 0, hash }
    const heads: Heads = { unsafe: ref, safe: ref, finalized: ref }
    await this.#commit(
      [
        [IDENTITY_KEY, identity],
        [blockKey(hash), rlp],
        [outcomeKey(hash), encodeOutcome(block)],
        [canonicalKey(0), hexToBytes(hash)],
        [HEADS_KEY, encodeHeads(heads)],
      ],
      heads,
    )
  }

  async #apply(change: DatabaseWrite): Promise<void> {
    const { changes, heads } = await planWrite(this, change)
    await this.#commit(changes, heads)
    for (const block of change.blocks ?? []) this.#remember(block)
  }

  async #commit(changes: readonly KeyValueChange[], heads: Heads): Promise<void> {
    const pending = this.content.pendingChanges()
    await this.#store.write([...pending.changes, ...changes])
    this.content.written(pending.entries)
    this.#heads = heads
  }

  #remember(block: ExecutedBlock): void {
    this.#recent.set(block.hash, block)
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= RECENT_BLOCKS) return
      this.#recent.delete(oldest)
    }
  }
}

function otherChain(path: string, stored: Uint8Array, expected: Uint8Array): InvalidError<'DatabaseOfOtherChain'> {
  const describe = (identity: Uint8Array): string =>
    `chain ${bytesToUint(identity.subarray(34))} with genesis ${bytesToHex(identity.subarray(0, 32))}`
  return new InvalidError(
    'DatabaseOfOtherChain',
    `the database at ${path} belongs to ${describe(stored)}, not ${describe(expected)}; ` +
      'use its chain spec or another data directory',
    { meta: { path } },
  )
}
