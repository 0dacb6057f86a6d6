import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { GraphInput } from '../exact/graph.ts'
import { laneBytesFor } from '../exact/tensor-data.ts'
import { INPUT_PATTERNS, patternInputs } from './test-inputs.ts'

it('fills inputs with integers of their declared range, the same on every call', () => {
  const ends = fc.array(fc.maxSafeInteger(), { minLength: 2, maxLength: 2 })
  fc.assert(
    fc.property(ends, fc.constantFrom(...INPUT_PATTERNS), (pair, pattern) => {
      const [lo = 0, hi = 0] = [...pair].sort((a, b) => a - b)
      const input: GraphInput = { shape: [3, 17], lo, hi, laneBytes: laneBytesFor({ lo, hi }) }
      const [tensor] = patternInputs([input], pattern)
      expect(patternInputs([input], pattern)).toEqual([tensor])
      for (const lane of tensor?.data ?? []) {
        expect(Number.isSafeInteger(lane) && !Object.is(lane, -0)).toBe(true)
        expect(lane).toBeGreaterThanOrEqual(lo)
        expect(lane).toBeLessThanOrEqual(hi)
      }
    }),
    { numRuns: Number(process.env.FC_NUM_RUNS ?? 200) },
  )
})
