import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { type Hashing, keccak256, PLAIN_HASHING } from '../protocol/keccak.ts'
import { loadWasmKeccak } from './wasm-keccak.ts'

describe('keccak256 in WebAssembly', () => {
  let fast: Hashing

  beforeAll(async () => {
    fast = await loadWasmKeccak()
  })

  it('is keccak256', () => {
    const empty = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    expect(bytesToHex(fast.hash(new Uint8Array()))).toBe(empty)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(3), (data, skip) => {
        const view = data.subarray(Math.min(skip, data.length))
        expect(fast.hash(view)).toEqual(keccak256(view))
      }),
      { numRuns: numRuns(300) },
    )
  })

  it('hashes blocks one by one', () => {
    fc.assert(
      fc.property(fc.constantFrom(32, 64, 256), fc.nat(20), fc.nat(255), (blockBytes, blocks, seed) => {
        const data = Uint8Array.from({ length: blockBytes * blocks }, (_, i) => (i * 31 + seed) % 256)
        expect(fast.hashBlocks(data, blockBytes)).toEqual(PLAIN_HASHING.hashBlocks(data, blockBytes))
      }),
      { numRuns: numRuns(50) },
    )
  })

  it('yields hashes that later calls leave alone', () => {
    const first = fast.hash(Uint8Array.of(1))
    const kept = first.slice()
    fast.hash(Uint8Array.of(2))
    expect(first).toEqual(kept)
  })
})
