import { l2BlockRef } from '../derivation/l2-block-ref.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import type { Database } from '../storage/database.ts'
import type { ChainTip, SequencerChain } from './sequencer-chain.ts'

/** The node's database as the sequencer's chain. */
export function createSequencerChain(spec: ChainSpec, database: Database): SequencerChain {
  return {
    head: async () => {
      const { hash } = database.heads().unsafe
      const block = await database.getBlock(hash)
      if (block === undefined) throw new BugError(`the unsafe head ${hash} is not stored`)
      return tipOf(spec, block)
    },
    append: async (block) => {
      try {
        requireHead(database, block)
        await database.write({ blocks: [block] })
      } catch (error) {
        // A rewind may have been written between the check and our write, which then did nothing.
        requireHead(database, block)
        throw error
      }
    },
    block: (hash) => database.getBlock(hash),
    canonicalHash: (number) => database.canonicalHash(number),
  }
}

function requireHead(database: Database, { number, header }: ExecutedBlock): void {
  const { hash } = database.heads().unsafe
  if (hash === bytesToHex(header.parentHash)) return
  throw new InvalidError('HeadMoved', `block ${number} does not follow the unsafe head, which is ${hash} now`)
}

function tipOf(spec: ChainSpec, { hash, number, header, transactions }: ExecutedBlock): ChainTip {
  const parentHash = bytesToHex(header.parentHash)
  const timestamp = Number(header.timestamp)
  return {
    ref: l2BlockRef(spec, { hash, number, parentHash, timestamp, firstTransaction: transactions[0]?.raw }),
    header,
  }
}
