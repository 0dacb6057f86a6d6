import { describe, expect, test } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { ContentOverlay, requireContent } from './content-overlay.ts'

const hash = (byte: number) => new Uint8Array(32).fill(byte)
const value = (byte: number) => Uint8Array.of(byte)

describe('the content overlay', () => {
  test('reads what was added, then what lies below, and hands on only what was added', async () => {
    const below = new MemoryContent()
    below.put(hash(1), value(1))
    const overlay = new ContentOverlay(below)
    overlay.put(hash(2), value(2))
    expect(await overlay.get(hash(1))).toEqual(value(1))
    expect(await overlay.get(hash(2))).toEqual(value(2))
    expect(below.entries.size).toBe(1)
    const target = new MemoryContent()
    overlay.flush(target)
    expect([...target.entries.values()]).toEqual([value(2)])
    overlay.flush(target)
    expect(target.entries.size).toBe(1)
  })

  test('forgets what was added since a mark, and nothing else', async () => {
    const overlay = new ContentOverlay(new MemoryContent())
    overlay.put(hash(1), value(1))
    const mark = overlay.mark()
    overlay.put(hash(1), value(1))
    overlay.put(hash(2), value(2))
    overlay.restore(mark)
    expect(await overlay.get(hash(1))).toEqual(value(1))
    expect(await overlay.get(hash(2))).toBeUndefined()
  })

  test('says what is missing', async () => {
    const overlay = new ContentOverlay(new MemoryContent())
    await expect(requireContent(overlay, hash(1), 'trie node')).rejects.toMatchObject({
      kind: 'Unavailable',
      code: 'ContentMissing',
      meta: { what: 'trie node' },
    })
  })
})
