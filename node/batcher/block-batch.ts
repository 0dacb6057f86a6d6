import type { Batch } from '../derivation/batch-codec.ts'
import { decodeL1Attributes } from '../derivation/l1-attributes.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import { BugError } from '../protocol/errors.ts'

/** What of a block must go to L1: all that derivation cannot know without the sequencer. Not for the genesis block. */
export function batchOfBlock(block: ExecutedBlock): Batch {
  const [first] = block.transactions
  if (first === undefined) throw new BugError(`block ${block.number} has no L1 attributes`)
  const { l1Origin } = decodeL1Attributes(first.raw)
  return {
    parentHash: bytesToHex(block.header.parentHash),
    epochNumber: l1Origin.number,
    epochHash: l1Origin.hash,
    timestamp: Number(block.header.timestamp),
    transactions: block.transactions.filter(({ type }) => type !== DEPOSIT_TYPE).map(({ raw }) => raw),
  }
}
