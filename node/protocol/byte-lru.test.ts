import { describe, expect, it } from 'vitest'
import { createByteLru } from './byte-lru.ts'

describe('createByteLru', () => {
  it('drops the least recently used entries beyond its limit', () => {
    const dropped: string[] = []
    const cache = createByteLru<string>(10, (value) => dropped.push(value))
    cache.set('a', 'A', 4)
    cache.set('b', 'B', 4)
    expect(cache.get('a')).toBe('A')
    cache.set('c', 'C', 4)
    expect(dropped).toEqual(['B'])
    expect(cache.get('b')).toBeUndefined()
    expect(cache.sizeBytes).toBe(8)
  })

  it('keeps the newest entry even when it alone exceeds the limit', () => {
    const cache = createByteLru<string>(10)
    cache.set('a', 'A', 4)
    cache.set('big', 'B', 99)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.get('big')).toBe('B')
    cache.set('c', 'C', 1)
    expect(cache.get('big')).toBeUndefined()
    expect(cache.sizeBytes).toBe(1)
  })

  it('counts a replaced entry once, and clears', () => {
    const dropped: string[] = []
    const cache = createByteLru<string>(10, (value) => dropped.push(value))
    cache.set('a', 'A', 4)
    cache.set('a', 'A2', 6)
    expect(cache.sizeBytes).toBe(6)
    cache.clear()
    expect(dropped).toEqual(['A', 'A2'])
    expect(cache.sizeBytes).toBe(0)
  })
})
