import { RLP } from '@ethereumjs/rlp'
import type { ExecutedLog, ExecutedTransaction, InferenceRecord } from '../executor/execution.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'

/** What execution found out about a block that its RLP does not say. */
export interface BlockOutcome {
  readonly transactions: readonly ExecutedTransaction[]
  readonly inferences: readonly InferenceRecord[]
}

type Item = Uint8Array | Item[]

/** Encodes an outcome for the disk; raw transactions are left to the block's RLP. */
export function encodeOutcome({ transactions, inferences }: BlockOutcome): Uint8Array {
  return RLP.encode([
    transactions.map((transaction) => [
      hexToBytes(transaction.hash),
      transaction.type,
      hexToBytes(transaction.from),
      optionalBytes(transaction.to),
      optionalBytes(transaction.contractAddress),
      transaction.success ? 1 : 0,
      transaction.gasUsed,
      transaction.cumulativeGasUsed,
      transaction.effectiveGasPriceWei,
      transaction.logs.map(({ address, topics, data }) => [
        hexToBytes(address),
        topics.map(hexToBytes),
        hexToBytes(data),
      ]),
      transaction.depositNonce === null ? [] : [transaction.depositNonce],
    ]),
    inferences.map(({ modelId, inputRoot, outputRoot }) => [modelId, inputRoot, outputRoot].map(hexToBytes)),
  ])
}

/** Decodes {@link encodeOutcome}'s bytes. @param raws the block's raw transactions, in order. @throws BugError on bytes that we did not write. */
export function decodeOutcome(bytes: Uint8Array, raws: readonly Uint8Array[]): BlockOutcome {
  const [transactions, inferences] = asList(RLP.decode(bytes) as Item)
  return {
    transactions: asList(transactions).map((item, index) => decodeTransaction(asList(item), raws[index])),
    inferences: asList(inferences).map((item) => {
      const [modelId, inputRoot, outputRoot] = asList(item)
      return { modelId: hex(modelId), inputRoot: hex(inputRoot), outputRoot: hex(outputRoot) }
    }),
  }
}

function decodeTransaction(fields: readonly Item[], raw: Uint8Array | undefined): ExecutedTransaction {
  if (raw === undefined) throw new BugError('a stored block has fewer transactions than outcomes')
  const [hash, type, from, to, contractAddress, success, gasUsed, cumulative, price, logs, nonce] = fields
  const [depositNonce] = asList(nonce)
  return {
    raw,
    hash: hex(hash),
    type: Number(uint(type)),
    from: hex(from),
    to: optionalHex(to),
    contractAddress: optionalHex(contractAddress),
    success: uint(success) === 1n,
    gasUsed: uint(gasUsed),
    cumulativeGasUsed: uint(cumulative),
    effectiveGasPriceWei: uint(price),
    logs: asList(logs).map((log) => decodeLog(asList(log))),
    depositNonce: depositNonce === undefined ? null : uint(depositNonce),
  }
}

function decodeLog([address, topics, data]: readonly Item[]): ExecutedLog {
  return { address: hex(address), topics: asList(topics).map(hex), data: hex(data) }
}

function optionalBytes(value: Hex | null): Uint8Array {
  return value === null ? new Uint8Array(0) : hexToBytes(value)
}

function optionalHex(item: Item | undefined): Hex | null {
  return asBytes(item).length === 0 ? null : hex(item)
}

function hex(item: Item | undefined): Hex {
  return bytesToHex(asBytes(item))
}

function uint(item: Item | undefined): bigint {
  const bytes = asBytes(item)
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

function asList(item: Item | undefined): readonly Item[] {
  if (!Array.isArray(item)) throw new BugError('a stored outcome is not in our layout')
  return item
}

function asBytes(item: Item | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new BugError('a stored outcome is not in our layout')
  return item
}
