import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { LogRecord } from '../protocol/inference-log.ts'

/**
 * How a transaction meets the block's inference gas limit. `sequenced`: it is taken out of the block ({@link isInferenceLimit}).
 * `forced`: deposits cannot be taken out, so the call fails as if out of gas. `simulated`: like forced.
 */
export type LedgerMode = 'sequenced' | 'forced' | 'simulated'

/** A point of a ledger to come back to. */
export interface LedgerMark {
  readonly records: number
  readonly gasUsed: bigint
}

/**
 * The inference log of a block under construction and the inference gas it has used. It lies outside the EVM's journal: a
 * record stands even if its frame or transaction reverts or later runs out of gas. Only dropping the transaction undoes it.
 */
export class InferenceLedger {
  readonly #gasLimit: bigint
  readonly #records = new Map<string, LogRecord>()
  #gasUsed = 0n
  #transaction: { mode: LedgerMode; gasUsedBefore: bigint; models: Set<Hex> } = {
    mode: 'forced',
    gasUsedBefore: 0n,
    models: new Set(),
  }

  constructor(gasLimit: bigint) {
    this.#gasLimit = gasLimit
  }

  /** Distinct (modelId, inputRoot), in order of first execution. */
  get records(): readonly LogRecord[] {
    return [...this.#records.values()]
  }

  beginTransaction(mode: LedgerMode): void {
    this.#transaction = { mode, gasUsedBefore: this.#gasUsed, models: new Set() }
  }

  /** Whether the current transaction has paid the first-use surcharge of this model. */
  hasUsed(modelId: Hex): boolean {
    return this.#transaction.models.has(modelId)
  }

  /**
   * Counts an inference against the block's limit, before it runs.
   * @returns false when it does not fit and the call must fail as if out of gas.
   * @throws InvalidError `InferenceLimit` in a sequenced transaction: see {@link isInferenceLimit}.
   */
  reserve(modelId: Hex, gas: bigint): boolean {
    const { mode, gasUsedBefore, models } = this.#transaction
    if (this.#gasUsed + gas > this.#gasLimit) {
      if (mode !== 'sequenced') return false
      throw inferenceLimit(this.#gasUsed - gasUsedBefore + gas, this.#gasLimit)
    }
    this.#gasUsed += gas
    models.add(modelId)
    return true
  }

  /** Enters a completed inference into the log, once for each model and input. Simulations leave no log behind. */
  record(record: LogRecord): void {
    const key = `${record.modelId}${record.inputRoot}`
    if (!this.#records.has(key)) this.#records.set(key, record)
  }

  mark(): LedgerMark {
    return { records: this.#records.size, gasUsed: this.#gasUsed }
  }

  /** Forgets what a dropped transaction did since the mark. */
  restore(mark: LedgerMark): void {
    for (const key of [...this.#records.keys()].slice(mark.records)) this.#records.delete(key)
    this.#gasUsed = mark.gasUsed
  }
}

/** Whether an error says that a sequenced transaction's inferences do not fit; `'never'` when not even into an empty block. */
export function isInferenceLimit(error: unknown): 'not-now' | 'never' | false {
  if (!(error instanceof InvalidError) || error.code !== 'InferenceLimit') return false
  return error.meta.alone === true ? 'never' : 'not-now'
}

function inferenceLimit(ownGas: bigint, limit: bigint): InvalidError<'InferenceLimit'> {
  const alone = ownGas > limit
  return new InvalidError(
    'InferenceLimit',
    `the transaction's inferences use ${ownGas} gas or more; a block has ${limit}${alone ? '' : ', partly used'}`,
    { meta: { alone, limit: limit.toString() } },
  )
}
