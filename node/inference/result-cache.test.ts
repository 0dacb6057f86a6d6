import { describe, expect, it } from 'vitest'
import { createResultCache } from './result-cache.ts'

const INPUT = Uint8Array.of(1, 2, 3)

describe('createResultCache', () => {
  it('computes each (model, input) once', async () => {
    const cache = createResultCache(10_000)
    let runs = 0
    const compute = async () => Uint8Array.of(++runs)
    expect(await cache.resolve('m', INPUT, compute)).toEqual(Uint8Array.of(1))
    expect(await cache.resolve('m', INPUT.slice(), compute)).toEqual(Uint8Array.of(1))
    expect(await cache.resolve('other', INPUT, compute)).toEqual(Uint8Array.of(2))
    expect(await cache.resolve('m', Uint8Array.of(9), compute)).toEqual(Uint8Array.of(3))
  })

  it('shares one run between equal requests under way', async () => {
    const cache = createResultCache(0)
    let runs = 0
    const compute = async () => Uint8Array.of(++runs)
    const results = await Promise.all([1, 2, 3].map(() => cache.resolve('m', INPUT, compute)))
    expect(results).toEqual([Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(1)])
    expect(runs).toBe(1)
  })

  it('gives each caller a copy', async () => {
    const cache = createResultCache(10_000)
    const compute = async () => Uint8Array.of(7)
    const [first, second] = await Promise.all([cache.resolve('m', INPUT, compute), cache.resolve('m', INPUT, compute)])
    first?.fill(0)
    expect(second).toEqual(Uint8Array.of(7))
    expect(await cache.resolve('m', INPUT, compute)).toEqual(Uint8Array.of(7))
  })

  it('does not keep failures', async () => {
    const cache = createResultCache(10_000)
    await expect(cache.resolve('m', INPUT, async () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(await cache.resolve('m', INPUT, async () => Uint8Array.of(1))).toEqual(Uint8Array.of(1))
  })

  it('stays within its bytes, and keeps nothing that exceeds them', async () => {
    const cache = createResultCache(4096)
    for (let i = 0; i < 50; i++) await cache.resolve('m', Uint8Array.of(i), async () => new Uint8Array(100))
    expect(cache.sizeBytes).toBeLessThanOrEqual(4096)
    expect(cache.sizeBytes).toBeGreaterThan(2048)
    let runs = 0
    const compute = async () => new Uint8Array(5000).fill(++runs)
    await cache.resolve('big', INPUT, compute)
    await cache.resolve('big', INPUT, compute)
    expect(runs).toBe(2)
  })
})
