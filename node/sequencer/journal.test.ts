import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal } from './journal.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterEach(() => rm(folder, { recursive: true }))

const fail = (error: unknown) => {
  throw error
}

test('what was appended is read back in order after a restart', async () => {
  const journal = openJournal(join(folder, 'txs'), fail)
  for (let i = 0; i < 50; i++) journal.append(Uint8Array.of(i, 1))
  await journal.flush()
  const again = openJournal(join(folder, 'txs'), fail)
  expect(await again.load()).toEqual(Array.from({ length: 50 }, (_, i) => Uint8Array.of(i, 1)))
})

test('no file is an empty journal, and a line cut short is passed over', async () => {
  const path = join(folder, 'txs')
  const journal = openJournal(path, fail)
  expect(await journal.load()).toEqual([])
  journal.append(Uint8Array.of(7))
  await journal.flush()
  await appendFile(path, '0x0')
  expect(await journal.load()).toEqual([Uint8Array.of(7)])
})

test('rewriting replaces the contents and resets the growth', async () => {
  const journal = openJournal(join(folder, 'txs'), fail)
  journal.append(Uint8Array.of(1))
  journal.append(Uint8Array.of(2))
  expect(journal.grownBytes()).toBeGreaterThan(0)
  await journal.rewrite([Uint8Array.of(9)])
  expect(journal.grownBytes()).toBe(0)
  journal.append(Uint8Array.of(10))
  await journal.flush()
  expect(await journal.load()).toEqual([Uint8Array.of(9), Uint8Array.of(10)])
})
