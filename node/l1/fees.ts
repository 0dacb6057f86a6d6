import { blobBaseFeeWei } from '../derivation/l1-block.ts'
import type { L1Client } from './l1-client.ts'

/** What a transaction offers, in wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** Counts for blob transactions only. */
  readonly maxFeePerBlobGas: bigint
}

const GWEI = 1_000_000_000n
/** Least offers: below them, nodes drop transactions or refuse to replace them. */
const MIN_TIP_WEI = GWEI / 10n
const MIN_BLOB_FEE_WEI = GWEI
/** Room for the base fees to rise before the transaction is mined. */
const HEADROOM = 2n

/** Fees that the next blocks will take, from the latest block and what the node suggests as a tip. */
export async function suggestFees(client: L1Client): Promise<Fees> {
  const block = await client.getBlock({ blockTag: 'latest' })
  const tip = max(await client.request({ method: 'eth_maxPriorityFeePerGas' }).then(BigInt), MIN_TIP_WEI)
  return {
    maxFeePerGas: (block.baseFeePerGas ?? 0n) * HEADROOM + tip,
    maxPriorityFeePerGas: tip,
    maxFeePerBlobGas: max(blobBaseFeeWei(block.excessBlobGas ?? 0n) * HEADROOM, MIN_BLOB_FEE_WEI),
  }
}

/**
 * Fees for a replacement: twice the last offer, which is what pools ask of blob transactions (others need a tenth more), or
 * the suggestion where that is higher, but never above `limit` times the suggestion.
 */
export function bumpFees(last: Fees, suggested: Fees, limit: bigint): Fees {
  const bump = (offer: bigint, fair: bigint) => max(offer, min(max(offer * 2n, fair), fair * limit))
  return {
    maxFeePerGas: bump(last.maxFeePerGas, suggested.maxFeePerGas),
    maxPriorityFeePerGas: bump(last.maxPriorityFeePerGas, suggested.maxPriorityFeePerGas),
    maxFeePerBlobGas: bump(last.maxFeePerBlobGas, suggested.maxFeePerBlobGas),
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
