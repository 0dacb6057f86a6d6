import type { BlockHeader } from '@ethereumjs/block'
import type { ExecutedBlock } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { BlockId, BlockTag } from './ethereum-codecs.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** How settled a head is. */
export type HeadLabel = 'unsafe' | 'safe' | 'finalized'

/** A header of the chain with its hash. */
export interface ChainHeader {
  readonly hash: Hex
  readonly number: number
  readonly header: BlockHeader
}

/** The stored chain, as the RPC reads it. Every method rejects with UnavailableError on an I/O failure. */
export interface ChainReader {
  head(label: HeadLabel): Promise<ChainHeader>
  /** The canonical header at a height; undefined above the unsafe head. */
  headerByNumber(number: number): Promise<ChainHeader | undefined>
  /** Any stored block, canonical or not. */
  headerByHash(hash: Hex): Promise<ChainHeader | undefined>
  /** Any stored block with its transactions, canonical or not. */
  block(hash: Hex): Promise<ExecutedBlock | undefined>
  /** Where the canonical chain includes a transaction. */
  locateTransaction(hash: Hex): Promise<{ readonly blockHash: Hex; readonly index: number } | undefined>
}

const LABELS: Readonly<Record<Exclude<BlockTag, 'earliest'>, HeadLabel>> = {
  latest: 'unsafe',
  // Blocks follow each other within seconds and are built privately: the pending block is the latest one.
  pending: 'unsafe',
  safe: 'safe',
  finalized: 'finalized',
}

/** The header that a client names, or undefined where the chain has none. @throws RpcError for a non-canonical hash that had to be canonical. */
export async function findHeader(chain: ChainReader, id: BlockId): Promise<ChainHeader | undefined> {
  if (id.kind === 'number') return chain.headerByNumber(id.number)
  if (id.kind === 'tag') return id.tag === 'earliest' ? chain.headerByNumber(0) : chain.head(LABELS[id.tag])
  const found = await chain.headerByHash(id.hash)
  if (found === undefined || !id.requireCanonical) return found
  const canonical = await chain.headerByNumber(found.number)
  if (canonical?.hash === found.hash) return found
  throw new RpcError(RPC_CODES.serverError, `hash ${id.hash} is not currently canonical`)
}

/** The header that a client names. @throws RpcError -32001 where the chain has none. */
export async function requireHeader(chain: ChainReader, id: BlockId): Promise<ChainHeader> {
  const found = await findHeader(chain, id)
  if (found !== undefined) return found
  throw new RpcError(RPC_CODES.resourceNotFound, `block not found: ${describe(id)}`)
}

/** The block that a client names, or undefined where the chain has none. */
export async function findBlock(chain: ChainReader, id: BlockId): Promise<ExecutedBlock | undefined> {
  const found = await findHeader(chain, id)
  return found === undefined ? undefined : chain.block(found.hash)
}

function describe(id: BlockId): string {
  if (id.kind === 'tag') return id.tag
  return id.kind === 'number' ? String(id.number) : id.hash
}
