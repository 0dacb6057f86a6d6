import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { AccountTransactions } from './account-transactions.ts'
import type { PoolLimits } from './pool-limits.ts'
import type { PoolTransaction } from './pool-transaction.ts'

/** The block that the pool's transactions would follow. */
export interface PoolHead {
  readonly number: number
  readonly stateRoot: Hex
  /** Base fee of the next block. */
  readonly nextBaseFee: bigint
  readonly gasLimit: bigint
}

/** A sender in the state of the pool's head. */
export interface SenderState {
  readonly nonce: bigint
  readonly balance: bigint
  /** `delegation`: an EIP-7702 designator, which may send; `contract`: other code, which may not (EIP-3607). */
  readonly code: 'none' | 'delegation' | 'contract'
}

/** What a transaction is judged against. */
export interface AdmissionContext {
  readonly head: PoolHead
  readonly sender: SenderState
  /** The sender's pooled transactions, if any. */
  readonly pooled: AccountTransactions | undefined
  readonly limits: PoolLimits
}

/**
 * Decides whether the pool may take a transaction.
 * @throws InvalidError whose message begins with the text that Ethereum nodes use: `GasLimitExceeded`, `NonceTooLow`,
 * `NonceTooHigh`, `SenderNotEoa`, `FeeTooLow`, `FeeCapTooLow`, `InsufficientFunds`, `ReplacementUnderpriced`, `AccountLimit`.
 */
export function checkAdmission(transaction: PoolTransaction, context: AdmissionContext): void {
  const { head, sender, limits } = context
  if (transaction.gasLimit > head.gasLimit) {
    throw new InvalidError(
      'GasLimitExceeded',
      `exceeds block gas limit: transaction gas ${transaction.gasLimit}, limit ${head.gasLimit}`,
    )
  }
  checkNonce(transaction, sender.nonce, limits.maxNonceGap)
  checkFees(transaction, head.nextBaseFee, limits.minTip)
  checkSender(transaction, context)
  const replaced = context.pooled?.get(transaction.nonce)
  if (replaced !== undefined) checkReplacement(transaction, replaced, limits.replacementBumpPercent)
  checkAccountLimits(transaction, replaced, context)
  checkFunds(transaction, context)
}

function checkNonce(transaction: PoolTransaction, next: bigint, maxGap: bigint): void {
  if (transaction.nonce < next) {
    throw new InvalidError('NonceTooLow', `nonce too low: next nonce ${next}, tx nonce ${transaction.nonce}`)
  }
  if (transaction.nonce > next + maxGap) {
    throw new InvalidError(
      'NonceTooHigh',
      `nonce too high: next nonce ${next}, tx nonce ${transaction.nonce}, at most ${maxGap} ahead`,
    )
  }
}

function checkFees(transaction: PoolTransaction, baseFee: bigint, minTip: bigint): void {
  if (transaction.maxFeePerGas < baseFee) {
    throw new InvalidError(
      'FeeCapTooLow',
      `max fee per gas less than block base fee: maxFeePerGas: ${transaction.maxFeePerGas}, baseFee: ${baseFee}`,
    )
  }
  if (transaction.maxPriorityFeePerGas < minTip) {
    throw new InvalidError(
      'FeeTooLow',
      `transaction underpriced: gas tip cap ${transaction.maxPriorityFeePerGas}, minimum needed ${minTip}`,
    )
  }
}

function checkSender(transaction: PoolTransaction, { sender, pooled }: AdmissionContext): void {
  if (sender.code === 'contract') {
    throw new InvalidError('SenderNotEoa', `sender not an eoa: address ${transaction.sender}`)
  }
  // Code behind a delegation can move the balance, so a second transaction of such an account may be void at any time.
  const inFlight = pooled === undefined ? 0 : pooled.count - (pooled.get(transaction.nonce) === undefined ? 0 : 1)
  if (sender.code === 'delegation' && (inFlight > 0 || transaction.nonce !== sender.nonce)) {
    throw new InvalidError('AccountLimit', 'in-flight transaction limit reached for delegated accounts')
  }
}

function checkReplacement(transaction: PoolTransaction, replaced: PoolTransaction, bumpPercent: bigint): void {
  const needed = (oldFee: bigint) => (oldFee * (100n + bumpPercent) + 99n) / 100n
  if (
    transaction.maxFeePerGas > replaced.maxFeePerGas &&
    transaction.maxFeePerGas >= needed(replaced.maxFeePerGas) &&
    transaction.maxPriorityFeePerGas >= needed(replaced.maxPriorityFeePerGas)
  ) {
    return
  }
  throw new InvalidError(
    'ReplacementUnderpriced',
    `replacement transaction underpriced: both fees must rise by ${bumpPercent} %`,
  )
}

function checkAccountLimits(
  transaction: PoolTransaction,
  replaced: PoolTransaction | undefined,
  { pooled, limits }: AdmissionContext,
): void {
  if (pooled === undefined) return
  const count = pooled.count + (replaced === undefined ? 1 : 0)
  const sizeBytes = pooled.sizeBytes - (replaced?.raw.length ?? 0) + transaction.raw.length
  if (count <= limits.maxCountPerAccount && sizeBytes <= limits.maxBytesPerAccount) return
  throw new InvalidError(
    'AccountLimit',
    `account limit exceeded: at most ${limits.maxCountPerAccount} transactions and ${limits.maxBytesPerAccount} bytes of one sender are pooled`,
  )
}

function checkFunds(transaction: PoolTransaction, { sender, pooled }: AdmissionContext): void {
  const reserved = pooled?.reserved(transaction.nonce) ?? 0n
  const needed = reserved + transaction.cost
  if (sender.balance >= needed) return
  const queued = reserved === 0n ? '' : `, queued cost ${reserved}`
  throw new InvalidError(
    'InsufficientFunds',
    `insufficient funds for gas * price + value: balance ${sender.balance}${queued}, tx cost ${transaction.cost}, overshot ${needed - sender.balance}`,
  )
}
