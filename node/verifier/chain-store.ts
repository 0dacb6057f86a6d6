import { type L2BlockRef, l2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { BugError } from '../protocol/errors.ts'
import type { Database } from '../storage/database.ts'

/** The stored chain, as the verifier uses it. */
export type ChainStore = Pick<Database, 'heads' | 'write' | 'canonicalHash' | 'getBlock' | 'getBlockByNumber'>

/** The ref of a stored block. */
export function refOfBlock(spec: ChainSpec, block: ExecutedBlock): L2BlockRef {
  return l2BlockRef(spec, {
    hash: block.hash,
    number: block.number,
    parentHash: bytesToHex(block.header.parentHash),
    timestamp: Number(block.header.timestamp),
    firstTransaction: block.transactions[0]?.raw,
  })
}

/** A block that must be stored, such as a head. */
export async function storedBlock(chain: ChainStore, hash: Hex): Promise<ExecutedBlock> {
  const block = await chain.getBlock(hash)
  if (block === undefined) throw new BugError(`block ${hash} is not stored`)
  return block
}
