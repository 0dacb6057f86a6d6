import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { encodeOutcome } from './block-outcome.ts'
import type { BlockRef, Database, DatabaseWrite, Heads } from './database.ts'
import { encodeHeads, encodePlace } from './heads-codec.ts'
import type { KeyValueChange } from './key-value-store.ts'
import { blockKey, canonicalKey, HEADS_KEY, outcomeKey, serviceKey, transactionKey } from './keys.ts'

/** The reads that planning needs. */
type Reader = Pick<Database, 'heads' | 'canonicalHash' | 'getBlock' | 'findTransaction'>

/** A write as one batch, and the heads after it. */
export interface WritePlan {
  readonly changes: readonly KeyValueChange[]
  readonly heads: Heads
}

/** Turns a change into one batch. Cost: reads each block that a rewind removes. @throws BugError when blocks or heads do not connect. */
export async function planWrite(database: Reader, change: DatabaseWrite): Promise<WritePlan> {
  const changes: KeyValueChange[] = []
  let heads = database.heads()
  if (change.rewindTo !== undefined && change.rewindTo < heads.unsafe.number) {
    const tip = await planRewind(database, change.rewindTo, changes)
    heads = fallBack(heads, tip)
  }
  for (const block of change.blocks ?? []) {
    planBlock(heads.unsafe, block, changes)
    heads = { ...heads, unsafe: { number: block.number, hash: block.hash } }
  }
  heads = await raiseHeads(database, heads, change)
  for (const [name, value] of Object.entries(change.meta ?? {})) changes.push([serviceKey(name), value])
  changes.push([HEADS_KEY, encodeHeads(heads)])
  return { changes, heads }
}

/** Takes every block above `number` out of the canonical chain; the blocks themselves stay. @returns the new tip. */
async function planRewind(database: Reader, number: number, changes: KeyValueChange[]): Promise<BlockRef> {
  const hash = await database.canonicalHash(number)
  if (hash === undefined) throw new BugError(`rewind to block ${number}, which is not in the chain`)
  for (let at = database.heads().unsafe.number; at > number; at--) {
    const removed = await database.canonicalHash(at)
    const block = removed === undefined ? undefined : await database.getBlock(removed)
    if (block === undefined) throw new BugError(`canonical block ${at} is not stored`)
    changes.push([canonicalKey(at), null])
    for (const transaction of block.transactions) {
      const place = await database.findTransaction(transaction.hash)
      if (place?.hash === block.hash) changes.push([transactionKey(transaction.hash), null])
    }
  }
  return { number, hash }
}

function planBlock(tip: BlockRef, block: ExecutedBlock, changes: KeyValueChange[]): void {
  // INVARIANT: the canonical chain has no gaps and no forks.
  if (block.number !== tip.number + 1 || bytesToHex(block.header.parentHash) !== tip.hash) {
    throw new BugError(`block ${block.number} ${block.hash} does not follow block ${tip.number} ${tip.hash}`)
  }
  changes.push([blockKey(block.hash), block.rlp], [outcomeKey(block.hash), encodeOutcome(block)])
  changes.push([canonicalKey(block.number), hexToBytes(block.hash)])
  for (const [index, { hash }] of block.transactions.entries()) {
    changes.push([transactionKey(hash), encodePlace({ number: block.number, hash: block.hash, index })])
  }
}

async function raiseHeads(database: Reader, heads: Heads, change: DatabaseWrite): Promise<Heads> {
  const next = { ...heads, ...change.heads }
  for (const name of ['safe', 'finalized'] as const) {
    const head = next[name]
    const written = change.blocks?.find(({ number }) => number === head.number)?.hash
    const canonical = written ?? (await database.canonicalHash(head.number))
    // INVARIANT: heads lie on the canonical chain, in order.
    if (canonical !== head.hash) throw new BugError(`${name} head ${head.number} ${head.hash} is not canonical`)
  }
  if (next.finalized.number > next.safe.number || next.safe.number > next.unsafe.number) {
    throw new BugError('heads out of order: finalized ≤ safe ≤ unsafe does not hold')
  }
  return next
}

function fallBack(heads: Heads, tip: BlockRef): Heads {
  const lower = (head: BlockRef): BlockRef => (head.number > tip.number ? tip : head)
  return { unsafe: tip, safe: lower(heads.safe), finalized: lower(heads.finalized) }
}
