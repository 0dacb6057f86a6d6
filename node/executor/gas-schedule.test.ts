import { describe, expect, it } from 'vitest'
import type { ModelCounters } from '../protocol/model-manifest.ts'
import {
  activationGas,
  activationWorkGas,
  firstUseGas,
  inferenceGas,
  scanGas,
  selfTestGas,
  storeChunkGas,
} from './gas-schedule.ts'

const COUNTERS: ModelCounters = {
  steps: 20_000,
  opCount: 12,
  macsNarrow: 1_000_001,
  macsMedium: 41,
  macsWide: 7,
  elements: 30_000,
  kernelCalls: 3,
  gatheredBytes: 100,
  movedBytes: 501,
  hashedBytes: 824,
  constantBytes: 40_000,
  graphBytes: 41_000,
  peakBytes: 320_001,
  scratchBytes: 83,
}
/** A model whose reference is too slow for a self-test. */
const LARGE: ModelCounters = { ...COUNTERS, macsNarrow: 2 ** 22 }
const PRICED = Object.keys(COUNTERS).filter((name) => name !== 'steps') as (keyof ModelCounters)[]

describe('the gas schedule', () => {
  it('prices a model as committed', () => {
    const inference = 10_001n + 3n + 2n + 24_000n + 300n + 30_000n + 200n + 251n + 8_240n + 10_001n + 11n
    expect(inferenceGas(COUNTERS)).toBe(inference)
    expect(firstUseGas(COUNTERS)).toBe(500_000n + 60_000n + 40_000n + 41_000n + inference)
    expect(activationWorkGas(COUNTERS)).toBe(120_000n + 400_000n)
    expect(activationGas(41_000)).toBe(100_000n + 820_000n)
    expect(selfTestGas(COUNTERS)).toBe(4_194_304n)
    expect(selfTestGas({ ...COUNTERS, macsNarrow: 0 })).toBe(5n * 30_048n)
    expect(selfTestGas(LARGE)).toBe(4_194_304n + firstUseGas(LARGE) + inferenceGas(LARGE))
    expect(scanGas(784)).toBe(5_000n + 2_352n)
    expect(storeChunkGas(98_304)).toBe(5_000n + 983_040n)
  })

  it('never charges less for more', () => {
    const total = (counters: ModelCounters) =>
      inferenceGas(counters) + firstUseGas(counters) + activationWorkGas(counters) + selfTestGas(counters)
    for (const name of PRICED) {
      const more = { ...COUNTERS, [name]: COUNTERS[name] + 1000 }
      expect(total(more)).toBeGreaterThan(total(COUNTERS))
    }
  })

  it('stays exact at the caps', () => {
    const atCaps: ModelCounters = { ...COUNTERS, macsWide: 2 ** 37, elements: 2 ** 30, peakBytes: 2 ** 31 }
    const zero: ModelCounters = { ...COUNTERS, macsWide: 0, elements: 0, peakBytes: 0 }
    const priced = inferenceGas(atCaps) - inferenceGas(zero)
    expect(priced).toBe((2n ** 37n + 4n) / 5n + 2n ** 30n + 2n ** 26n)
  })
})
