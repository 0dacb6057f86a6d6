/** Bounds on what the mempool holds and does. Sizes in bytes of raw transactions. */
export interface PoolLimits {
  readonly maxCount: number
  readonly maxBytes: number
  readonly maxCountPerAccount: number
  readonly maxBytesPerAccount: number
  /** How far a nonce may lie ahead of the account's. */
  readonly maxNonceGap: bigint
  /** Percent by which both fees of a replacement must rise. */
  readonly replacementBumpPercent: bigint
  /** Least priority fee per gas that is taken. */
  readonly minTip: bigint
  /** Admissions in progress; more are refused as busy. */
  readonly maxConcurrentAdmissions: number
}

/** Defaults for a sequencer: room for a chunked model upload by one account, 64 MiB in all. */
export const DEFAULT_POOL_LIMITS: PoolLimits = {
  maxCount: 10_000,
  maxBytes: 64 * 1024 * 1024,
  maxCountPerAccount: 256,
  maxBytesPerAccount: 16 * 1024 * 1024,
  maxNonceGap: 256n,
  replacementBumpPercent: 10n,
  minTip: 0n,
  maxConcurrentAdmissions: 256,
}
