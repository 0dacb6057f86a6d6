import { type BlockHeader, createBlockHeader } from '@ethereumjs/block'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '../protocol/bytes.ts'
import { encodeBlock } from './block-codec.ts'
import type { BlockMachine } from './block-machine.ts'
import type { ExecutedBlock, ExecutedTransaction } from './execution.ts'
import { commitInferenceLog } from './log-commitment.ts'
import { encodeReceipt, logsBloom } from './receipt.ts'
import { listRoot } from './trie.ts'

/** What the header takes from the attributes as it is. */
export interface SealInputs {
  readonly parent: BlockHeader
  readonly parentBeaconBlockRoot: Uint8Array
  readonly transactions: readonly ExecutedTransaction[]
}

/**
 * Computes the block's roots and header and puts all that the block adds, the header by its hash included, into the machine's
 * content. Cost: one trie path a changed account and slot, one trie over transactions and one over receipts.
 */
export async function sealBlock(machine: BlockMachine, inputs: SealInputs): Promise<ExecutedBlock> {
  const { parent, transactions } = inputs
  const { content, ledger } = machine
  const inferences = ledger.records
  const extraData = await commitInferenceLog(content, parent, inferences)
  const header = await finalHeader(machine, inputs, extraData)
  const hash = header.hash()
  content.put(hash, RLP.encode(header.raw()))
  return {
    number: Number(header.number),
    hash: bytesToHex(hash),
    header,
    rlp: encodeBlock(
      header,
      transactions.map(({ raw }) => raw),
    ),
    transactions,
    inferences,
  }
}

async function finalHeader(machine: BlockMachine, inputs: SealInputs, extraData: Uint8Array): Promise<BlockHeader> {
  const { header, state, rules } = machine
  const { transactions, parentBeaconBlockRoot } = inputs
  return createBlockHeader(
    {
      parentHash: header.parentHash,
      coinbase: header.coinbase,
      number: header.number,
      timestamp: header.timestamp,
      gasLimit: header.gasLimit,
      baseFeePerGas: header.baseFeePerGas ?? 0n,
      mixHash: header.mixHash,
      difficulty: 0n,
      stateRoot: await state.getStateRoot(),
      transactionsTrie: await listRoot(transactions.map(({ raw }) => raw)),
      receiptTrie: await listRoot(transactions.map(encodeReceipt)),
      logsBloom: logsBloom(transactions.flatMap(({ logs }) => logs)),
      gasUsed: transactions.at(-1)?.cumulativeGasUsed ?? 0n,
      extraData,
      parentBeaconBlockRoot,
    },
    { common: rules },
  )
}
