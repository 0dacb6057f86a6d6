import type { BlockHeader } from '@ethereumjs/block'
import { expect, test } from 'vitest'
import type { ExecutedBlock } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import { createChainCursor } from './chain-cursor.ts'
import type { ChainHeader, ChainReader } from './chain-reader.ts'

/** A chain of names: block n has the hash at place n. Every block that ever was stays stored. */
function chainOf(...hashes: string[]) {
  const canonical = [...hashes]
  const stored = new Map<string, number>()
  const headerAt = (number: number): ChainHeader | undefined => {
    const hash = canonical[number]
    if (hash === undefined) return undefined
    stored.set(hash, number)
    return { hash: hash as Hex, number, header: {} as BlockHeader }
  }
  const reader: ChainReader = {
    head: async () => headerAt(canonical.length - 1) as ChainHeader,
    headerByNumber: async (number) => headerAt(number),
    headerByHash: async () => undefined,
    block: async (hash) => ({ hash, number: stored.get(hash) }) as ExecutedBlock,
    locateTransaction: async () => undefined,
  }
  const become = (...next: string[]) => canonical.splice(0, canonical.length, ...next)
  return { reader, become }
}

async function step(cursor: Awaited<ReturnType<typeof createChainCursor>>) {
  const { undone, added } = await cursor.next()
  return { undone: undone.map(({ hash }) => hash), added: added.map(({ hash }) => hash) }
}

test('tells each new block once', async () => {
  const { reader, become } = chainOf('a0', 'a1')
  const cursor = await createChainCursor(reader)
  expect(await step(cursor)).toEqual({ undone: [], added: [] })
  become('a0', 'a1', 'a2', 'a3')
  expect(await step(cursor)).toEqual({ undone: [], added: ['a2', 'a3'] })
  expect(await step(cursor)).toEqual({ undone: [], added: [] })
})

test('tells what a roll-back undid, newest first, and what replaced it', async () => {
  const { reader, become } = chainOf('a0')
  const cursor = await createChainCursor(reader)
  become('a0', 'a1', 'a2', 'a3')
  await step(cursor)
  become('a0', 'a1', 'b2')
  expect(await step(cursor)).toEqual({ undone: ['a3', 'a2'], added: ['b2'] })
  become('a0', 'a1')
  expect(await step(cursor)).toEqual({ undone: ['b2'], added: [] })
  become('a0', 'a1', 'c2')
  expect(await step(cursor)).toEqual({ undone: [], added: ['c2'] })
})

test('survives a roll-back below where it began', async () => {
  const { reader, become } = chainOf('a0', 'a1', 'a2')
  const cursor = await createChainCursor(reader)
  become('a0', 'b1', 'b2')
  expect(await step(cursor)).toEqual({ undone: ['a2'], added: ['b2'] })
})
