import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from './bytes.ts'
import { rlpDepthExceeds } from './rlp-depth.ts'

type Item = Uint8Array | Item[]

const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof({ maxDepth: 6 }, fc.uint8Array({ maxLength: 70 }), fc.array(tie('item'), { maxLength: 4 })),
}))

function depthOf(value: Item): number {
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depthOf)) : 0
}

test('measures the nesting of any RLP item', () => {
  fc.assert(
    fc.property(item, (value) => {
      const depth = depthOf(value)
      const bytes = RLP.encode(value)
      expect(rlpDepthExceeds(bytes, depth)).toBe(false)
      if (depth > 0) expect(rlpDepthExceeds(bytes, depth - 1)).toBe(true)
    }),
    { numRuns: Number(process.env.FC_NUM_RUNS ?? 300) },
  )
})

test('ends on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(typeof rlpDepthExceeds(bytes, 3)).toBe('boolean')
    }),
  )
})

/** `depth` lists within each other. */
function nest(depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0)
  for (let i = 0; i < depth; i++) {
    const size = bytes.length
    const head = size <= 55 ? [0xc0 + size] : size < 256 ? [0xf8, size] : [0xf9, size >> 8, size & 255]
    bytes = concatBytes(Uint8Array.from(head), bytes)
  }
  return bytes
}

test('finds a nest that would exhaust a recursive decoder', () => {
  const deep = nest(20_000)
  expect(rlpDepthExceeds(deep, 4)).toBe(true)
  expect(rlpDepthExceeds(deep, 19_999)).toBe(true)
  expect(rlpDepthExceeds(deep, 20_000)).toBe(false)
  expect(rlpDepthExceeds(new Uint8Array(1_000_000).fill(0x80), 0)).toBe(false)
})
