import type { BlockHeader } from '@ethereumjs/block'
import type { DerivedBlock } from '../derivation/derivation.ts'
import type { BlockAttributes, ExecutedBlock } from '../executor/execution.ts'
import { bytesEqual, bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** Executes a whole block on top of a parent (see the executor's `executeBlock`). */
export type ExecuteBlock = (
  parent: BlockHeader,
  attributes: BlockAttributes,
  sequenced: readonly Uint8Array[],
) => Promise<ExecutedBlock>

/** How a derived block came to be. */
export type ApplyOutcome =
  /** The node held the very block already. */
  | 'consolidated'
  | 'executed'
  /** The batch's transactions have no place in the block, which so holds deposits only. */
  | 'deposits-only'

/** A derived block, executed. */
export interface AppliedBlock {
  readonly block: ExecutedBlock
  readonly outcome: ApplyOutcome
}

/**
 * Turns a derived block into an executed one. A block that the node holds at this place is taken as it is when it was built
 * from the same attributes and transactions: execution is deterministic, so that it would give the same again.
 * Rejects with UnavailableError when execution cannot go on now.
 */
export async function applyBlock(
  execute: ExecuteBlock,
  parent: BlockHeader,
  parentHash: Hex,
  derived: DerivedBlock,
  held: ExecutedBlock | undefined,
): Promise<AppliedBlock> {
  if (held !== undefined && isBuiltFrom(held, parentHash, derived)) return { block: held, outcome: 'consolidated' }
  const { attributes, transactions } = derived
  try {
    return { block: await execute(parent, attributes, transactions), outcome: 'executed' }
  } catch (error) {
    if (!(error instanceof InvalidError) || transactions.length === 0) throw error
  }
  return { block: await execute(parent, attributes, []), outcome: 'deposits-only' }
}

function isBuiltFrom(block: ExecutedBlock, parentHash: Hex, { attributes, transactions }: DerivedBlock): boolean {
  const { header } = block
  const raw = [...attributes.forcedTransactions, ...transactions]
  return (
    bytesToHex(header.parentHash) === parentHash &&
    Number(header.timestamp) === attributes.timestamp &&
    Number(header.gasLimit) === attributes.gasLimit &&
    header.coinbase.toString() === attributes.feeRecipient &&
    bytesToHex(header.mixHash) === attributes.prevRandao &&
    header.parentBeaconBlockRoot !== undefined &&
    bytesToHex(header.parentBeaconBlockRoot) === attributes.parentBeaconBlockRoot &&
    block.transactions.length === raw.length &&
    block.transactions.every((transaction, i) => bytesEqual(transaction.raw, raw[i] as Uint8Array))
  )
}
