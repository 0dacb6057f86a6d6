import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { spawnAssay } from '../support/devnet-process.ts'
import { descendantsOf, freePorts, isAlive, killNow, until } from '../support/processes.ts'

const temporary = mkdtempSync(join(tmpdir(), 'assay-once-'))
const family = new Set<number>()

afterAll(async () => {
  for (const pid of family) await killNow(pid)
  rmSync(temporary, { recursive: true, force: true })
})

test('devnet --once --json: one document, every derived block equal, nothing left behind', async () => {
  const [l1, sequencer, verifier] = await freePorts(3)
  const ports = ['--l1.port', `${l1}`, '--rpc.port', `${sequencer}`, '--verifier.rpc.port', `${verifier}`]
  const devnet = spawnAssay(['devnet', '--once', '--json', ...ports], { TMPDIR: temporary })
  family.add(devnet.pid)
  const watch = setInterval(() => {
    for (const pid of descendantsOf(devnet.pid)) family.add(pid)
  }, 500)
  const { code, stdout, stderr } = await devnet.ended.finally(() => clearInterval(watch))
  expect(code, stderr).toBe(0)

  const document = JSON.parse(stdout) as DevnetSummary
  expect(stdout).toBe(`${JSON.stringify(document)}\n`)
  expect(document).toMatchObject({ stateRootsEqual: true, firstDifference: null, chainIds: { l1: 31_337 } })
  expect(document.ready_ms).toBeGreaterThan(0)
  const lastDemoBlock = Math.max(...document.demo.map(({ blockNumber }) => blockNumber))
  expect(document.verifierHead).toBeGreaterThanOrEqual(lastDemoBlock)
  expect(document.l2Head).toBeGreaterThanOrEqual(document.safeHead)
  expect(document.demo).toHaveLength(8)
  for (const { modelAnswer, expected } of document.demo) expect(modelAnswer).toBe(expected)
  expect(document.models.map(({ name }) => name)).toEqual(['digits', 'risk'])
  for (const { modelId } of document.models) expect(modelId).toMatch(/^0x[0-9a-f]{64}$/)
  expect(document.accounts).toHaveLength(10)
  expect(document.endpoints).toEqual({
    l1Rpc: `http://127.0.0.1:${l1}`,
    l1Beacon: `http://127.0.0.1:${l1}`,
    l2Rpc: `http://127.0.0.1:${sequencer}`,
    verifierRpc: `http://127.0.0.1:${verifier}`,
  })

  // Both nodes with a worker each, and L1.
  expect(family.size).toBeGreaterThanOrEqual(4)
  await until('all its processes are gone', () => [...family].every((pid) => !isAlive(pid)), 5_000)
  expect(readdirSync(temporary).filter((name) => name.startsWith('assay-'))).toEqual([])
}, 120_000)
