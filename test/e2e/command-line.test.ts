import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { createDevnetProcess, type Ended, leftOverL1, runAssay, spawnAssay } from '../support/devnet-process.ts'
import { descendantsOf, isAlive, until } from '../support/processes.ts'

/** Longest that a stop may take: 3 s on an idle machine, and room for a loaded one. */
const STOP_MS = 25_000
const folder = mkdtempSync(join(tmpdir(), 'assay-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What every refusal must be: no result, no stack, one line and perhaps its causes. */
function expectClearError({ stdout, stderr }: Ended): void {
  expect(stdout).toBe('')
  expect(stderr).not.toMatch(/^\s+at /m)
  const lines = stderr.trimEnd().split('\n')
  const [error = ''] = lines.filter((line) => line.startsWith('assay: '))
  expect(error, stderr).toMatch(/^assay: .+\)$/)
  for (const line of lines.slice(lines.indexOf(error) + 1)) expect(line).toMatch(/^ {2}because: /)
}

describe('wrong flags', () => {
  test.each([
    [['devnet', '--bogus'], '--bogus'],
    [['devnet', '--rpc.port', '70000'], '--rpc.port'],
    [['devnet', '--inference.threads', '-1'], '--inference.threads'],
    [['node'], '--chain-spec'],
    [['check'], 'FILE.onnx'],
    [['constructor'], '"constructor"'],
  ])('%j: exit code 2 and the flag by name', async (args, named) => {
    const ended = await runAssay(args)
    expect(ended.code).toBe(2)
    expectClearError(ended)
    expect(ended.stderr).toContain(named)
  })
})

describe('assay check', () => {
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const huge = () => {
    const path = file('huge.onnx', '')
    truncateSync(path, 64 * 2 ** 30)
    return path
  }
  const truncated = async () =>
    file('truncated.onnx', (await readFile('models/digits/digits.exact.onnx')).subarray(0, 9_999))

  test.each([
    ['an empty file', () => file('empty.onnx', '')],
    ['random bytes', () => file('random.onnx', crypto.getRandomValues(new Uint8Array(4_096)))],
    ['text', () => file('text.onnx', 'not a model '.repeat(1_000))],
    ['a truncated model', truncated],
    ['64 GiB of nothing', huge],
    ['a file of inexact arithmetic', () => 'models/risk/risk.float.onnx'],
  ])('refuses %s with its reason', async (_, path) => {
    const { code, stdout, stderr } = await runAssay(['check', await path()])
    expect(code, stderr).toBe(1)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/: refused \(Onnx\w+\)\n {2}\S.*\n$/)
  })

  test.each([
    ['no file', () => join(folder, 'absent.onnx')],
    ['a folder', () => folder],
  ])('says so when given %s', async (_, path) => {
    const ended = await runAssay(['check', path()])
    expect(ended.code).toBe(2)
    expectClearError(ended)
  })
})

describe('a devnet that cannot start', () => {
  const devnet = (dataDir: string, ...flags: readonly string[]) =>
    runAssay(['devnet', '--once', '--data-dir', dataDir, '--l1.port', 'auto', '--rpc.port', 'auto', ...flags])

  test.each([
    ['a file', () => join(folder, 'file')],
    ['below a file', () => join(folder, 'file', 'below')],
    ['nothing that can be made', () => '/proc/assay'],
  ])('says that its data directory is %s', async (_, path) => {
    writeFileSync(join(folder, 'file'), '')
    const ended = await devnet(path())
    expect(ended.code).toBe(2)
    expectClearError(ended)
    expect(ended.stderr).toContain(path())
  })

  test('says that its record cannot be read', async () => {
    writeFileSync(join(folder, 'devnet.json'), '{"spec":{"chainId":1}}')
    const ended = await devnet(folder)
    expect(ended.code).toBe(2)
    expectClearError(ended)
    expect(ended.stderr).toContain('chain spec: l1ChainId')
    expect(leftOverL1(folder)).toBeUndefined()
  })

  test.each(['--l1.port', '--verifier.rpc.port'])('says that the port of %s is taken', async (flag) => {
    const server = createServer().listen(0, '127.0.0.1')
    await until('it listens', () => server.listening)
    const { port } = server.address() as { port: number }
    const dataDir = join(folder, `port${flag}`)
    const ended = await devnet(dataDir, flag, String(port))
    server.close()
    expect(ended.code).toBe(2)
    expectClearError(ended)
    expect(ended.stderr).toContain(`port ${port} is in use`)
    expect(ended.stderr).toContain(flag)
    expect(leftOverL1(dataDir)).toBeUndefined()
  })
})

describe('a devnet that is interrupted before it is ready', () => {
  test.each(['Starting L1', 'Starting sequencer', 'Registering'])(
    'stops promptly at "%s", with nothing left',
    async (phase) => {
      const devnet = await createDevnetProcess()
      try {
        const running = devnet.launch()
        await until(`it says "${phase}"`, () => running.stderr().includes(phase), 180_000)
        const family = descendantsOf(running.pid)
        const startMs = performance.now()
        const ended = await devnet.end('SIGINT')
        expect(performance.now() - startMs).toBeLessThan(STOP_MS)
        expect(ended.code, ended.stderr).toBe(130)
        expect(ended.stdout).toBe('')
        expect(ended.stderr).toMatch(/assay: interrupted\n$/)
        expect(ended.stderr).not.toMatch(/^\s+at /m)
        await until('its processes are gone', () => !family.some(isAlive), 5_000)
        expect(leftOverL1(devnet.dataDir)).toBeUndefined()
      } finally {
        await devnet.destroy()
      }
    },
    300_000,
  )

  test('stops in order when nobody reads its output any more', async () => {
    const devnet = await createDevnetProcess()
    try {
      const running = devnet.launch('--log.level', 'debug')
      await until('it logs', () => running.stderr().includes('block sealed'), 60_000)
      const family = descendantsOf(running.pid)
      running.closeOutput()
      await running.ended
      await until('its processes are gone', () => !family.some(isAlive), 5_000)
    } finally {
      await devnet.destroy()
    }
  }, 300_000)
})

test('Ctrl-C ends a command that computes', async () => {
  const running = spawnAssay(['accuracy', '--reference.samples', '3000'])
  await sleep(3_000)
  running.kill('SIGINT')
  expect((await running.ended).durationMs).toBeLessThan(3_000 + STOP_MS)
})
