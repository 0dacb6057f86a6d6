import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import { encodeTensor, laneRange } from '../protocol/tensor-encoding.ts'
import { findLaneOutOfRange } from './lane-range.ts'

const laneBytes = fc.constantFrom(1, 2, 4, 8 as const)

describe('findLaneOutOfRange', () => {
  test('finds the first lane outside the bounds, counted over all tensors', () => {
    const tensor = laneBytes.chain((width) => {
      const { lo, hi } = laneRange(width)
      const lane = fc.integer({ min: Math.max(lo, -(2 ** 31)), max: Math.min(hi, 2 ** 31 - 1) })
      return fc.record({
        width: fc.constant(width),
        lanes: fc.array(lane, { minLength: 1, maxLength: 9 }),
        a: lane,
        b: lane,
      })
    })
    fc.assert(
      fc.property(fc.array(tensor, { maxLength: 4 }), (tensors) => {
        const specs = tensors.map(
          ({ width, lanes, a, b }): TensorSpec => ({
            shape: [lanes.length],
            laneBytes: width,
            lo: Math.min(a, b),
            hi: Math.max(a, b),
          }),
        )
        const bytes = tensors.flatMap(({ width, lanes }) => [...encodeTensor(lanes, width)])
        const all = tensors.flatMap(({ lanes }, t) => lanes.map((lane) => ({ lane, spec: specs[t] as TensorSpec })))
        const expected = all.findIndex(({ lane, spec }) => lane < spec.lo || lane > spec.hi)
        expect(findLaneOutOfRange(specs, Uint8Array.from(bytes))).toBe(expected === -1 ? undefined : expected)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 200) },
    )
  })

  test('refuses 8-byte lanes that no number holds', () => {
    const spec: TensorSpec = { shape: [1], laneBytes: 8, ...laneRange(8) }
    const beyond = Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)
    const least = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0)
    const justInside = Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255)
    const justOutside = Uint8Array.of(0xff, 0xe0, 0, 0, 0, 0, 0, 0)
    expect(findLaneOutOfRange([spec], beyond)).toBe(0)
    expect(findLaneOutOfRange([spec], least)).toBe(0)
    expect(findLaneOutOfRange([spec], justInside)).toBeUndefined()
    expect(findLaneOutOfRange([spec], justOutside)).toBe(0)
  })
})
