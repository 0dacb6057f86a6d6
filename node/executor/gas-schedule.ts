import type { ModelCounters } from '../protocol/model-manifest.ts'

/**
 * Prices of inference and of models, in gas. Reference: 1 gas is 10 ns of one thread (EVM execution at 100 Mgas/s), so a
 * price is the time on the weakest supported CPU (x86-64 with AVX2, no VNNI, one thread, 10 GB/s of memory) divided by 10 ns.
 *
 * Where the numbers come from: kernels measured at 320–435 GMAC/s (dense int8, AMX) run at about 20 GMAC/s there, and one row
 * at a time (batch 1) they are bound by memory: 1 byte of weight a MAC in int8, 4 in float32, 8 in float64. Hence
 * 10, 2 and 0.5 GMAC/s. Kernels of few channels fall to 0.9 GMAC/s (two channels a group) on the fast machine; the counters
 * therefore count them as wide. A kernel call costs about 1 µs of set-up (2×2 matmuls: 0.07 GMAC/s is 0.11 µs each on the fast
 * machine), a graph op about 20 µs over its few nodes, a lane written about 10 ns over casts and element-wise nodes.
 */
const GAS_SCHEDULE_V1 = {
  /** Dispatch of the precompile and the registry's activity check (one cold slot), whatever follows. */
  base: 5_000n,
  /** Per input byte: copied and range-checked. */
  scanPerByte: 3n,
  /** MACs that one gas buys, by class. */
  macsPerGas: { narrow: 100n, medium: 20n, wide: 5n },
  perOp: 2_000n,
  perKernelCall: 100n,
  perElement: 1n,
  /** Per byte read through a lookup: a gather of one byte takes about 4 ns on the fast machine. */
  perGatheredByte: 2n,
  /** Bytes moved (transpose, pad, concat, slice, expand) that one gas buys. */
  movedBytesPerGas: 2n,
  /** Per byte of inputs and outputs: keccak256 of chunks and tree in plain ECMAScript takes up to 90 ns a byte. */
  perHashedByte: 10n,
  /** Bytes of working memory, touched once, that one gas buys. */
  peakBytesPerGas: 32n,
  /** Bytes of padded inputs and unfolded windows, written and read in short runs, that one gas buys. */
  scratchBytesPerGas: 8n,
  /** First use of a model in a transaction: a session may have to be built from the graph's bytes, whose first run is the slowest. */
  firstUse: { base: 500_000n, perOp: 5_000n, perConstantByte: 1n, perGraphByte: 1n },
  /** A chunk kept for good by every node, hashed and written. */
  storeChunk: { base: 5_000n, perByte: 10n },
  /** Activation, before any work: bytes joined, hashed and decoded. */
  activation: { base: 100_000n, perGraphByte: 20n },
  /** Activation, once decoded: check, lowering and commitment take up to 100 µs an op and 100 ns a byte of constants. */
  activationWork: { perOp: 10_000n, perConstantByte: 10n },
  /**
   * Activation, once committed: every node tests its kernels on the model once, before it answers. By the reference, which takes up to
   * 50 ns a term or lane, on up to so many inputs and so much work; a model of more work by a second session on other kernels.
   */
  selfTest: { inputs: 5, perWork: 1n, maxWork: 2 ** 22 },
} as const

/** Gas of dispatching a call of the inference precompile and scanning its input: what a bad call keeps. */
export function scanGas(inputBytes: number): bigint {
  return GAS_SCHEDULE_V1.base + GAS_SCHEDULE_V1.scanPerByte * BigInt(inputBytes)
}

/** Gas of one inference of a model, on top of {@link scanGas}. Monotone in every counter. */
export function inferenceGas(counters: ModelCounters): bigint {
  const price = GAS_SCHEDULE_V1
  return (
    ceilDiv(counters.macsNarrow, price.macsPerGas.narrow) +
    ceilDiv(counters.macsMedium, price.macsPerGas.medium) +
    ceilDiv(counters.macsWide, price.macsPerGas.wide) +
    price.perOp * BigInt(counters.opCount) +
    price.perKernelCall * BigInt(counters.kernelCalls) +
    price.perElement * BigInt(counters.elements) +
    price.perGatheredByte * BigInt(counters.gatheredBytes) +
    ceilDiv(counters.movedBytes, price.movedBytesPerGas) +
    price.perHashedByte * BigInt(counters.hashedBytes) +
    ceilDiv(counters.peakBytes, price.peakBytesPerGas) +
    ceilDiv(counters.scratchBytes, price.scratchBytesPerGas)
  )
}

/** Surcharge for a model's first use in a transaction: its session may have to be built. */
export function firstUseGas(counters: ModelCounters): bigint {
  const price = GAS_SCHEDULE_V1.firstUse
  return (
    price.base +
    price.perOp * BigInt(counters.opCount) +
    price.perConstantByte * BigInt(counters.constantBytes) +
    price.perGraphByte * BigInt(counters.graphBytes) +
    inferenceGas(counters)
  )
}

/** Gas of putting one chunk of a model into the content store. @param chunkBytes its size. */
export function storeChunkGas(chunkBytes: number): bigint {
  return GAS_SCHEDULE_V1.storeChunk.base + GAS_SCHEDULE_V1.storeChunk.perByte * BigInt(chunkBytes)
}

/** Gas of activating a model, charged from the declared size before any work. @param graphBytes size of the ExactGraph's bytes. */
export function activationGas(graphBytes: number): bigint {
  return GAS_SCHEDULE_V1.activation.base + GAS_SCHEDULE_V1.activation.perGraphByte * BigInt(graphBytes)
}

/** The rest of the gas of activating a model, known once its graph is decoded (see `activationWork`). */
export function activationWorkGas(work: Pick<ModelCounters, 'opCount' | 'constantBytes'>): bigint {
  const price = GAS_SCHEDULE_V1.activationWork
  return price.perOp * BigInt(work.opCount) + price.perConstantByte * BigInt(work.constantBytes)
}

/** The last part of the gas of activating a model, known once it is committed to: the self-test on every node (see `selfTest`). */
export function selfTestGas(counters: ModelCounters): bigint {
  const { inputs, perWork, maxWork } = GAS_SCHEDULE_V1.selfTest
  const work = counters.macsNarrow + counters.macsMedium + counters.macsWide + counters.elements
  const byReference = perWork * BigInt(Math.min(inputs * work, maxWork))
  return work <= maxWork ? byReference : byReference + firstUseGas(counters) + inferenceGas(counters)
}

function ceilDiv(count: number, divisor: bigint): bigint {
  return (BigInt(count) + divisor - 1n) / divisor
}
