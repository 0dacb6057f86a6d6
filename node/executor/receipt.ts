import { RLP } from '@ethereumjs/rlp'
import { concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import { keccak256 } from '../protocol/keccak.ts'
import type { ExecutedLog, ExecutedTransaction } from './execution.ts'

/** Version of the receipts of deposits that commit to the nonce (OP Stack, Canyon). */
export const DEPOSIT_RECEIPT_VERSION = 1

const BLOOM_BYTES = 256

/** What a receipt commits to. */
export type ReceiptParts = Pick<ExecutedTransaction, 'type' | 'success' | 'cumulativeGasUsed' | 'logs' | 'depositNonce'>

/** Consensus bytes of a receipt, a leaf of the receipts trie: `type ‖ rlp([status, cumulativeGas, bloom, logs, …])`; deposits add nonce and version. */
export function encodeReceipt(receipt: ReceiptParts): Uint8Array {
  const fields = [
    receipt.success ? 1 : 0,
    receipt.cumulativeGasUsed,
    logsBloom(receipt.logs),
    receipt.logs.map(({ address, topics, data }) => [hexToBytes(address), topics.map(hexToBytes), hexToBytes(data)]),
    ...(receipt.type === DEPOSIT_TYPE ? [receipt.depositNonce ?? 0n, DEPOSIT_RECEIPT_VERSION] : []),
  ]
  const body = RLP.encode(fields)
  return receipt.type === 0 ? body : concatBytes(Uint8Array.of(receipt.type), body)
}

/** The 256-byte Bloom filter over the addresses and topics of logs (Yellow Paper M₃:₂₀₄₈). Cost: one hash an entry. */
export function logsBloom(logs: readonly ExecutedLog[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const { address, topics } of logs) {
    addToBloom(bloom, address)
    for (const topic of topics) addToBloom(bloom, topic)
  }
  return bloom
}

/** Whether a Bloom filter may hold an address or topic; false is certain. */
export function bloomMayHold(bloom: Uint8Array, entry: Hex): boolean {
  return bloomBits(entry).every((bit) => ((bloom[BLOOM_BYTES - 1 - (bit >> 3)] as number) & (1 << (bit & 7))) !== 0)
}

function addToBloom(bloom: Uint8Array, entry: Hex): void {
  for (const bit of bloomBits(entry)) {
    const at = BLOOM_BYTES - 1 - (bit >> 3)
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7))
  }
}

/** Three 11-bit numbers from the first six bytes of the entry's hash. */
function bloomBits(entry: Hex): number[] {
  const hash = keccak256(hexToBytes(entry))
  return [0, 2, 4].map((at) => (((hash[at] as number) << 8) | (hash[at + 1] as number)) & 0x7ff)
}
