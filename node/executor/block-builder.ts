import type { BlockHeader } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import { isInferenceLimit } from '../precompiles/inference-ledger.ts'
import { hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { decodeDeposit } from '../protocol/deposit-transaction.ts'
import { AssayError, BugError, InvalidError } from '../protocol/errors.ts'
import { type BlockMachine, createBlockMachine } from './block-machine.ts'
import { checkTransaction } from './check-transaction.ts'
import { decodeTransaction, type SequencedTransaction } from './decode-transaction.ts'
import { describeDeposit, describeTransaction } from './executed-transaction.ts'
import type {
  BlockAttributes,
  BlockBuilder,
  ExecutedTransaction,
  ExecutionDeps,
  InclusionVerdict,
} from './execution.ts'
import { runDeposit } from './run-deposit.ts'
import { runTransaction } from './run-transaction.ts'
import { sealBlock } from './seal-block.ts'
import { callSystemContracts } from './system-contracts.ts'

/**
 * Opens the block that follows `parent` and runs its forced transactions. Nothing reaches `deps.content` before `seal`; a builder
 * that is given up leaves nothing behind. Calls must not overlap. Cost: the forced transactions.
 * @throws UnavailableError when inference or content is unavailable: give the block up and try again.
 */
export async function createBlockBuilder(
  spec: ChainSpec,
  deps: ExecutionDeps,
  parent: BlockHeader,
  attributes: BlockAttributes,
): Promise<BlockBuilder> {
  const machine = await createBlockMachine(spec, deps, parent.stateRoot, {
    number: parent.number + 1n,
    parentHash: parent.hash(),
    timestamp: BigInt(attributes.timestamp),
    gasLimit: BigInt(attributes.gasLimit),
    baseFeePerGas: parent.calcNextBaseFee(),
    coinbase: hexToBytes(attributes.feeRecipient),
    prevRandao: hexToBytes(attributes.prevRandao),
  })
  const parentBeaconBlockRoot = hexToBytes(attributes.parentBeaconBlockRoot)
  const transactions: ExecutedTransaction[] = []
  const gasUsed = (): bigint => transactions.at(-1)?.cumulativeGasUsed ?? 0n
  await guarded(() => callSystemContracts(machine, parentBeaconBlockRoot))
  for (const raw of attributes.forcedTransactions) {
    transactions.push(await guarded(() => includeDeposit(machine, raw, gasUsed())))
  }
  let sealed = false
  return {
    get gasLeft() {
      return machine.header.gasLimit - gasUsed()
    },
    async tryTransaction(raw) {
      if (sealed) throw new BugError('a transaction for a sealed block')
      const verdict = await tryTransaction(machine, raw, gasUsed())
      if (verdict.included) transactions.push(verdict.transaction)
      return verdict
    },
    async seal() {
      if (sealed) throw new BugError('a block sealed twice')
      sealed = true
      const block = await guarded(() => sealBlock(machine, { parent, parentBeaconBlockRoot, transactions }))
      machine.content.flush(deps.content)
      return block
    },
  }
}

async function includeDeposit(machine: BlockMachine, raw: Uint8Array, gasBefore: bigint): Promise<ExecutedTransaction> {
  const deposit = decodeDeposit(raw)
  const outcome = await runDeposit(machine, deposit, machine.header.gasLimit - gasBefore)
  return describeDeposit(raw, deposit, createAddressFromString(deposit.from), outcome, gasBefore)
}

async function tryTransaction(machine: BlockMachine, raw: Uint8Array, gasBefore: bigint): Promise<InclusionVerdict> {
  try {
    const transaction = decodeTransaction(raw, machine.rules)
    if (isForLaterBlock(machine, transaction, gasBefore)) return { included: false, reason: 'block-full' }
    const outcome = await guarded(async () => {
      await checkTransaction(machine, transaction)
      return machine.attempt(() => runTransaction(machine, transaction))
    })
    return { included: true, transaction: describeTransaction(transaction, outcome, gasBefore) }
  } catch (error) {
    if (isInferenceLimit(error) === 'not-now') return { included: false, reason: 'block-full' }
    if (error instanceof InvalidError) return { included: false, reason: error }
    throw error
  }
}

/** Whether a transaction fits a block but not what is left of this one. */
function isForLaterBlock({ header }: BlockMachine, { gasLimit }: SequencedTransaction, gasBefore: bigint): boolean {
  return gasLimit <= header.gasLimit && gasLimit > header.gasLimit - gasBefore
}

/** Lets our own errors pass; anything else that the EVM throws is a broken invariant, and never a verdict on the input. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AssayError) throw error
    throw new BugError(`execution threw ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
