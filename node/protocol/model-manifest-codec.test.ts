import fc from 'fast-check'
import { concat, keccak256, numberToHex, toHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { bytesToHex, concatBytes } from './bytes.ts'
import { InvalidError } from './errors.ts'
import type { ModelCounters, TensorSpec } from './model-manifest.ts'
import { decodeManifest, encodeManifest, type ManifestBody, modelIdOf } from './model-manifest-codec.ts'
import { laneRange } from './tensor-encoding.ts'

const BODY: ManifestBody = {
  profile: 1,
  graphHash: `0x${'11'.repeat(32)}`,
  programRoot: `0x${'22'.repeat(32)}`,
  constantsRoot: `0x${'33'.repeat(32)}`,
  inputs: [{ shape: [1, 784], laneBytes: 1, lo: 0, hi: 127 }],
  outputs: [{ shape: [10], laneBytes: 4, lo: -70_000, hi: 70_000 }],
  counters: {
    steps: 1,
    opCount: 2,
    macsNarrow: 3,
    macsMedium: 4,
    macsWide: 5,
    elements: 6,
    kernelCalls: 7,
    gatheredBytes: 8,
    movedBytes: 9,
    hashedBytes: 10,
    constantBytes: 11,
    graphBytes: 12,
    peakBytes: 2 ** 40 + 13,
    scratchBytes: 14,
  },
}

const specs = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 6 }),
    laneBytes: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
    ends: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ shape, laneBytes, ends: [a, b] }): TensorSpec => {
    const { lo, hi } = laneRange(laneBytes)
    const at = (part: number) => Math.max(lo, Math.min(hi, Math.round(lo + part * hi - part * lo))) + 0
    return { shape, laneBytes, lo: at(Math.min(a, b)), hi: at(Math.max(a, b)) }
  })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const counters = fc.record(
  Object.fromEntries(Object.keys(BODY.counters).map((name) => [name, fc.nat({ max: Number.MAX_SAFE_INTEGER })])),
) as unknown as fc.Arbitrary<ModelCounters>
const bodies: fc.Arbitrary<ManifestBody> = fc.record({
  profile: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  graphHash: hash,
  programRoot: hash,
  constantsRoot: hash,
  inputs: fc.array(specs, { maxLength: 4 }),
  outputs: fc.array(specs, { minLength: 1, maxLength: 4 }),
  counters,
})

describe('modelId', () => {
  it('is the committed vector', () => {
    expect(modelIdOf(BODY)).toBe('0xf850f94a192dbf731410a6ccbb0941d1446c93dc398143be6463e1286450c3e1')
  })

  it('is the hash of the documented layout', () => {
    const [u16, u32, u64] = [2, 4, 8].map((size) => (value: number) => toHex(value, { size })) as [Word, Word, Word]
    const i64 = (value: number) => numberToHex(value, { size: 8, signed: true })
    const spec = (lanes: number, extents: number[], lo: number, hi: number) =>
      concat([
        toHex(lanes, { size: 1 }),
        toHex(extents.filter((extent) => extent > 0).length, { size: 1 }),
        ...extents.map(u32),
        i64(lo),
        i64(hi),
      ])
    const preimage = concat([
      keccak256(toHex('assay/model/v1')),
      u32(1),
      BODY.graphHash,
      BODY.programRoot,
      BODY.constantsRoot,
      u16(1),
      u16(1),
      spec(1, [1, 784, 0, 0, 0, 0], 0, 127),
      spec(4, [10, 0, 0, 0, 0, 0], -70_000, 70_000),
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2 ** 40 + 13, 14].map(u64),
    ])
    expect(bytesToHex(encodeManifest(BODY))).toBe(preimage)
    expect(modelIdOf(BODY)).toBe(keccak256(preimage))
  })
})

type Word = (value: number) => `0x${string}`

describe('the manifest codec', () => {
  it('round-trips', () => {
    const property = fc.property(bodies, (body) => {
      expect(decodeManifest(encodeManifest(body))).toEqual({ modelId: modelIdOf(body), ...body })
    })
    fc.assert(property, { numRuns: numRuns(200) })
  })

  it('refuses a changed byte, or decodes it to a manifest with another modelId', () => {
    const bytes = encodeManifest(BODY)
    const modelId = modelIdOf(BODY)
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const mutated = bytes.with(at, (bytes[at] as number) ^ flip)
        const decoded = refusedOr(() => decodeManifest(mutated))
        if (decoded === undefined) continue
        expect(decoded.modelId).not.toBe(modelId)
        expect(encodeManifest(decoded)).toEqual(mutated)
      }
    }
  })

  it('refuses truncation, appended bytes and random bytes', () => {
    const bytes = encodeManifest(BODY)
    for (let size = 0; size < bytes.length; size++) {
      expect(refusedOr(() => decodeManifest(bytes.subarray(0, size)))).toBeUndefined()
    }
    expect(refusedOr(() => decodeManifest(concatBytes(bytes, new Uint8Array(1))))).toBeUndefined()
    expect(refusedOr(() => decodeManifest(new Uint8Array(100_000)))).toBeUndefined()
    const property = fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
      expect(refusedOr(() => decodeManifest(random))).toBeUndefined()
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })

  it.each([
    ['no outputs', { outputs: [] }],
    ['profile 0', { profile: 0 }],
    ['a short hash', { graphHash: '0x11' }],
    ['rank 7', { inputs: [{ shape: [1, 1, 1, 1, 1, 1, 1], laneBytes: 1, lo: 0, hi: 1 }] }],
    ['an extent of 0', { inputs: [{ shape: [0], laneBytes: 1, lo: 0, hi: 1 }] }],
    ['too many lanes', { inputs: [{ shape: [2 ** 20, 2 ** 20], laneBytes: 1, lo: 0, hi: 1 }] }],
    ['bounds out of order', { inputs: [{ shape: [], laneBytes: 1, lo: 1, hi: 0 }] }],
    ['bounds wider than the lane', { inputs: [{ shape: [], laneBytes: 1, lo: 0, hi: 128 }] }],
    ['a lane width of 3', { inputs: [{ shape: [], laneBytes: 3, lo: 0, hi: 1 }] }],
    ['a negative counter', { counters: { ...BODY.counters, steps: -1 } }],
    ['65 inputs', { inputs: new Array(65).fill(BODY.inputs[0]) }],
  ])('refuses to encode %s', (_, change) => {
    const body = { ...BODY, ...change } as ManifestBody
    expect(() => encodeManifest(body)).toThrow(expect.objectContaining({ code: 'ManifestInvalid' }))
  })
})

function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}
