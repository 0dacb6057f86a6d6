import type { Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError } from '../protocol/errors.ts'
import { decodeL1Attributes } from './l1-attributes.ts'

/** Names one L2 block and its place on both chains. */
export interface L2BlockRef {
  readonly hash: Hex
  readonly number: number
  readonly parentHash: Hex
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  /** The L1 block that opens its epoch. */
  readonly l1Origin: { readonly hash: Hex; readonly number: number }
  /** Position in the epoch, from 0. */
  readonly sequenceNumber: number
}

/** The parts of a sealed L2 block that its {@link L2BlockRef} is read from. */
export interface L2BlockParts {
  readonly hash: Hex
  readonly number: number
  readonly parentHash: Hex
  readonly timestamp: number
  /** Absent in the genesis block only. */
  readonly firstTransaction: Uint8Array | undefined
}

/**
 * The ref of a block of this chain; genesis takes its origin from the spec.
 * @throws InvalidError when the block does not open with its L1 attributes.
 */
export function l2BlockRef(spec: ChainSpec, block: L2BlockParts): L2BlockRef {
  const { hash, number, parentHash, timestamp, firstTransaction } = block
  if (number === 0) {
    const { hash: originHash, number: originNumber } = spec.genesis.l1
    return {
      hash,
      number,
      parentHash,
      timestamp,
      l1Origin: { hash: originHash, number: originNumber },
      sequenceNumber: 0,
    }
  }
  if (firstTransaction === undefined) {
    throw new InvalidError('L1AttributesMalformed', `block ${number} has no transactions, not even its L1 attributes`)
  }
  const { l1Origin, sequenceNumber } = decodeL1Attributes(firstTransaction)
  return { hash, number, parentHash, timestamp, l1Origin, sequenceNumber }
}
