import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testAccount, testSpec } from '../../test/support/execution.ts'
import { buildGenesis } from '../executor/genesis.ts'
import { readLogCommitment } from '../executor/log-commitment.ts'
import { readAccount } from '../executor/read-state.ts'
import { uintToBytes } from '../protocol/bytes.ts'
import { openDatabase } from './open-database.ts'

const WRITER = fileURLToPath(new URL('../../test/support/crash-writer.ts', import.meta.url))
const ROUNDS = 4
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'assay-crash-'))
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Lets the writer report some blocks, then kills it a little later, at another point of its work in each round. */
async function runAndKill(path: string, round: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', WRITER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  if (child.stdout === null) throw new Error('the writer has no stdout')
  let last = 0
  let reports = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'open') continue
    last = Number(line)
    reports++
    if (reports === 3) setTimeout(() => child.kill('SIGKILL'), 7 * round)
  }
  await exited
  return last
}

test('a writer that is killed loses no block that it reported, and its database needs no repair', async () => {
  const path = join(directory, 'db')
  let reported = 0
  for (let round = 0; round < ROUNDS; round++) {
    reported = Math.max(reported, await runAndKill(path, round))
    const database = await openDatabase(path)
    await database.bindGenesis(await buildGenesis(testSpec(), database.content))
    const { unsafe, safe } = database.heads()
    expect(unsafe.number).toBeGreaterThanOrEqual(reported)
    expect(safe).toEqual(unsafe)
    expect(await database.getMeta('cursor')).toEqual(uintToBytes(unsafe.number, 8))
    for (let number = 1; number <= unsafe.number; number++) {
      const block = await database.getBlockByNumber(number)
      if (block === undefined) throw new Error(`block ${number} of ${unsafe.number} is missing`)
      const { nonce } = await readAccount(database.content, block.header.stateRoot, testAccount(0).address)
      expect(nonce).toBe(BigInt(number))
      await readLogCommitment(database.content, block.header)
      expect(await database.findTransaction(block.transactions[1]?.hash ?? '0x')).toMatchObject({ number, index: 1 })
    }
    await database.close()
  }
  expect(reported).toBeGreaterThanOrEqual(3 * ROUNDS)
}, 60_000)
