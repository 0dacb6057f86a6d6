import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteCache } from './byte-cache.ts'

test('never exceeds its bound and keeps what was used last', () => {
  const operation = fc.record({ key: fc.nat({ max: 9 }).map(String), size: fc.nat({ max: 60 }) })
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const cache = new ByteCache(100)
      for (const { key, size } of operations) {
        cache.set(key, new Uint8Array(size))
        expect(cache.sizeBytes).toBeLessThanOrEqual(100)
        expect(cache.get(key)?.length).toBe(size)
      }
    }),
    { numRuns: Number(process.env.FC_NUM_RUNS ?? 200) },
  )
})

test('forgets the least recently used first, and never takes what does not fit', () => {
  const cache = new ByteCache(10)
  cache.set('a', new Uint8Array(4))
  cache.set('b', new Uint8Array(4))
  cache.get('a')
  cache.set('c', new Uint8Array(4))
  expect(cache.get('b')).toBeUndefined()
  expect(cache.get('a')).toBeDefined()
  cache.set('d', new Uint8Array(11))
  expect(cache.get('d')).toBeUndefined()
  expect(cache.get('a')).toBeDefined()
})
