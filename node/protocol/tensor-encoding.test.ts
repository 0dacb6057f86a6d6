import fc from 'fast-check'
import { concat, keccak256, pad, toHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'
import {
  decodeTensor,
  encodeLanes,
  encodeTensor,
  type LaneWidth,
  laneRange,
  tensorLeaves,
  tensorRoot,
} from './tensor-encoding.ts'

const WIDTHS: readonly LaneWidth[] = [1, 2, 4, 8]

const laneCases = fc.constantFrom(...WIDTHS).chain((laneBytes) => {
  const { lo, hi } = laneRange(laneBytes)
  const lane = fc.oneof(
    fc.maxSafeInteger().map((x) => Math.max(lo, Math.min(hi, x))),
    fc.constantFrom(lo, hi, 0, -1, 1),
  )
  return fc.record({ laneBytes: fc.constant(laneBytes), lanes: fc.array(lane, { minLength: 1, maxLength: 300 }) })
})

describe('encodeTensor', () => {
  it.each([
    [1, [0, 1, -1, 127, -128], '0x0001ff7f80'],
    [2, [1, -2, 32767, -32768], '0x0001fffe7fff8000'],
    [4, [1, -2, 2147483647, -2147483648], '0x00000001fffffffe7fffffff80000000'],
    [8, [1, -2, 2 ** 53 - 1, 1 - 2 ** 53], '0x0000000000000001fffffffffffffffe001fffffffffffffffe0000000000001'],
  ] as const)('writes big-endian two’s complement in %i-byte lanes', (laneBytes, lanes, expected) => {
    expect(bytesToHex(encodeTensor(lanes, laneBytes))).toBe(expected)
    expect(Array.from(decodeTensor(hexToBytes(expected), laneBytes, lanes.length))).toEqual(lanes)
  })

  it('round-trips, and agrees with BigInt arithmetic', () => {
    const property = fc.property(laneCases, ({ laneBytes, lanes }) => {
      const bytes = encodeTensor(lanes, laneBytes)
      expect(Array.from(decodeTensor(bytes, laneBytes, lanes.length))).toEqual(lanes)
      const digits = lanes.map((lane) =>
        BigInt.asUintN(8 * laneBytes, BigInt(lane))
          .toString(16)
          .padStart(2 * laneBytes, '0'),
      )
      expect(bytesToHex(bytes)).toBe(`0x${digits.join('')}`)
    })
    fc.assert(property, { numRuns: numRuns(200) })
  })

  it('encodes minus zero as zero', () => {
    expect(bytesToHex(encodeTensor([-0], 8))).toBe('0x0000000000000000')
    expect(Object.is(decodeTensor(new Uint8Array(8), 8, 1)[0], 0)).toBe(true)
  })

  it.each([
    [1, 128],
    [1, -129],
    [2, 32768],
    [4, 2 ** 31],
    [8, 2 ** 53],
    [8, 0.5],
    [4, Number.NaN],
  ] as const)('refuses in %i bytes the lane %d', (laneBytes, lane) => {
    expect(() => encodeTensor([0, lane], laneBytes)).toThrow(expect.objectContaining({ code: 'TensorLaneRange' }))
  })
})

describe('encodeLanes', () => {
  it('is encodeTensor for lanes held in their width', () => {
    fc.assert(
      fc.property(laneCases, ({ laneBytes, lanes }) => {
        const bytes = encodeTensor(lanes, laneBytes)
        const held = decodeTensor(bytes, laneBytes, lanes.length)
        expect(encodeLanes(held)).toEqual(bytes)
        expect(encodeLanes(held.subarray(1))).toEqual(bytes.subarray(laneBytes))
      }),
      { numRuns: numRuns(100) },
    )
  })
})

describe('decodeTensor', () => {
  it('refuses bytes that are not exactly the lanes', () => {
    for (const size of [0, 7, 9, 16]) {
      const bytes = new Uint8Array(size)
      expect(() => decodeTensor(bytes, 8, 1)).toThrow(expect.objectContaining({ code: 'TensorLength' }))
    }
  })

  it.each(['0x0020000000000000', '0xffe0000000000000', '0x7fffffffffffffff', '0x8000000000000000'])(
    'refuses the 8-byte lane %s, which is no safe integer',
    (hex) => {
      expect(() => decodeTensor(hexToBytes(hex), 8, 1)).toThrow(expect.objectContaining({ code: 'TensorLaneRange' }))
    },
  )
})

describe('tensorRoot', () => {
  const lanes = Array.from({ length: 700 }, (_, i) => (i % 256) - 128)
  const bytes = encodeTensor(lanes, 1)

  it('is the committed vector', () => {
    expect(bytesToHex(tensorRoot(bytes, 1, 700))).toBe(
      '0xce321456023fe860f0cfc80183755c1ca0b541a8b3a1dc06b677f491e0816d1e',
    )
    expect(bytesToHex(tensorRoot(encodeTensor([42], 8), 8, 1))).toBe(
      '0xce275ebc5194c77843c52cf61246b3a4e90648ef358fd6a35875a2dce3bd7454',
    )
  })

  it('is the tree over zero-padded chunks of 256 bytes, bound to width and count', () => {
    const hex = bytesToHex(bytes).slice(2)
    const chunk = (i: number) => keccak256(pad(`0x${hex.slice(512 * i, 512 * (i + 1))}`, { size: 256, dir: 'right' }))
    const node = (left: `0x${string}`, right: `0x${string}`) => keccak256(concat([left, right]))
    const tree = node(node(chunk(0), chunk(1)), node(chunk(2), `0x${'00'.repeat(32)}`))
    const domain = keccak256(toHex('assay/tensor/v1'))
    const expected = keccak256(concat([domain, '0x01', toHex(700, { size: 8 }), tree]))
    expect(bytesToHex(tensorRoot(bytes, 1, 700))).toBe(expected)
  })

  it('tells width and count apart for the same bytes', () => {
    const zeros = new Uint8Array(8)
    const roots = [
      [1, 8],
      [2, 4],
      [4, 2],
      [8, 1],
    ] as const
    const found = roots.map(([laneBytes, count]) => bytesToHex(tensorRoot(zeros, laneBytes, count)))
    expect(new Set([...found, bytesToHex(tensorRoot(zeros.subarray(1), 1, 7))]).size).toBe(5)
  })

  it('takes another hasher', () => {
    const calls: number[] = []
    const hash = (data: Uint8Array) => {
      calls.push(data.length)
      return new Uint8Array(32)
    }
    tensorRoot(bytes, 1, 700, hash)
    expect(calls).toContain(256)
    expect(tensorLeaves(bytes)).toHaveLength(3)
  })
})
