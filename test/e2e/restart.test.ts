import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digitReaderAbi } from '../../contracts/generated/digit-reader.ts'
import { loanDeskAbi } from '../../contracts/generated/loan-desk.ts'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { l2Reader } from '../../devnet/transaction-sender.ts'
import { createDevnetProcess, type DevnetProcess, leftOverL1 } from '../support/devnet-process.ts'
import { descendantsOf, isAlive, until } from '../support/processes.ts'

/** Blocks of a chain and what the demo stored on it, as its node tells them. */
interface Snapshot {
  readonly head: bigint
  readonly hashes: readonly (Hex | null)[]
  readonly readings: readonly unknown[]
}

async function snapshot({ endpoints, contracts }: DevnetSummary): Promise<Snapshot> {
  const reader = l2Reader(endpoints.l2Rpc)
  const head = await reader.getBlockNumber()
  const hashes: (Hex | null)[] = []
  for (let number = 0n; number <= head; number++) hashes.push((await reader.getBlock({ blockNumber: number })).hash)
  const digitReader = { address: contracts.digitReader as Hex, abi: digitReaderAbi } as const
  const loanDesk = { address: contracts.loanDesk as Hex, abi: loanDeskAbi } as const
  const readings = []
  for (let id = 0n; id < 4n; id++) {
    readings.push(await reader.readContract({ ...digitReader, functionName: 'readings', args: [id] }))
    readings.push(await reader.readContract({ ...loanDesk, functionName: 'decisions', args: [id] }))
  }
  return { head, hashes, readings }
}

/** Whether the chain goes on where it was: the same blocks below, newer ones above, and the safe heads follow. */
async function expectContinued(before: Snapshot, summary: DevnetSummary): Promise<void> {
  const sequencer = l2Reader(summary.endpoints.l2Rpc)
  const verifier = l2Reader(summary.endpoints.verifierRpc)
  const after = await snapshot(summary)
  expect(after.hashes.slice(0, before.hashes.length)).toEqual(before.hashes)
  expect(after.readings).toEqual(before.readings)
  const target = after.head + 2n
  await until('the head advances', async () => (await sequencer.getBlockNumber()) >= target)
  const safe = async () => (await sequencer.getBlock({ blockTag: 'safe' })).number
  await until('the safe head advances', async () => (await safe()) >= target, 60_000)
  await until('the verifier follows', async () => (await verifier.getBlockNumber()) >= target, 60_000)
  const [ours, theirs] = await Promise.all([sequencer, verifier].map((node) => node.getBlock({ blockNumber: target })))
  expect(theirs?.hash).toBe(ours?.hash)
}

describe('a devnet that ran', () => {
  let devnet: DevnetProcess
  let summary: DevnetSummary

  beforeAll(async () => {
    devnet = await createDevnetProcess()
    summary = await devnet.start()
  }, 120_000)
  afterAll(() => devnet?.destroy())

  test('continues after kill -9 on the L1 that survived', async () => {
    const before = await snapshot(summary)
    const workers = descendantsOf(devnet.process().pid).filter((pid) => pid !== leftOverL1(devnet.dataDir))
    await devnet.end('SIGKILL')
    expect(leftOverL1(devnet.dataDir)).toBeDefined()
    await until('its inference workers are gone', () => workers.every((pid) => !isAlive(pid)), 5_000)

    const again = await devnet.start()
    expect(again.endpoints).toEqual(summary.endpoints)
    expect(again.demo).toEqual(summary.demo)
    await expectContinued(before, again)
  }, 150_000)

  test('stops in order on Ctrl-C and continues', async () => {
    const before = await snapshot(summary)
    const l1 = leftOverL1(devnet.dataDir) as number
    const family = descendantsOf(devnet.process().pid)
    const { code, stderr } = await devnet.end('SIGINT')
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('Stopping…')
    expect(isAlive(l1)).toBe(false)
    await until('its processes are gone', () => !family.some(isAlive), 5_000)
    expect(existsSync(join(devnet.dataDir, 'l1', 'anvil.json'))).toBe(false)

    await expectContinued(before, await devnet.start())
  }, 150_000)
})

describe('a devnet that was killed before it was ready', () => {
  let devnet: DevnetProcess

  beforeAll(async () => {
    devnet = await createDevnetProcess()
  })
  afterAll(() => devnet?.destroy())

  test('starts on the same directory, whatever phase it was killed in', async () => {
    for (const phase of ['Deploying the L1 contracts', 'Registering the models', 'Running the demo']) {
      const attempt = devnet.launch()
      await until(`it says "${phase}"`, () => attempt.stderr().includes(phase), 180_000)
      await devnet.end('SIGKILL')
    }
    const summary = await devnet.start()
    for (const { modelAnswer, expected } of summary.demo) expect(modelAnswer).toBe(expected)
    await expectContinued(await snapshot(summary), summary)
  }, 240_000)
})
