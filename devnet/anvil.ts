import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, http } from 'viem'
import { InvalidError, UnavailableError } from '../node/protocol/errors.ts'
import { L1_CHAIN_ID, MNEMONIC } from './accounts.ts'
import { choosePort } from './ports.ts'

/** The devnet's L1: an anvil with real blobs, served by its beacon API on the same port. */
export interface L1Process {
  readonly rpcUrl: string
  readonly beaconUrl: string
  readonly port: number
  /** Stops it; it writes its state down first. */
  close(): Promise<void>
}

/** What {@link startAnvil} needs. */
export interface AnvilOptions {
  /** Folder for the chain's state, its log and the record of the running process. */
  readonly dir: string
  readonly port: number | null
  readonly blockTimeSeconds: number
}

interface AnvilRecord {
  readonly pid: number
  readonly port: number
}

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 20_000

/** Path of the anvil binary that npm installed for this platform. @throws InvalidError `PlatformUnsupported`. */
export function anvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  try {
    const root = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    return join(root, 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
  } catch (cause) {
    throw new InvalidError('PlatformUnsupported', `the devnet's L1 (${name}) is not made for this platform`, { cause })
  }
}

/**
 * Starts the L1, or takes over the one that an earlier devnet on this folder left running (after kill -9).
 * @throws UnavailableError `L1NotReady` with the path of its log
 */
export async function startAnvil(options: AnvilOptions): Promise<L1Process> {
  mkdirSync(options.dir, { recursive: true })
  const left = await runningAnvil(options.dir)
  if (left !== undefined) return attached(options.dir, left)
  const port = await choosePort('l1.port', options.port ?? readRecord(options.dir)?.port ?? null, 8545).catch(
    (error) => {
      if (options.port !== null) throw error
      return choosePort('l1.port', null, 8545)
    },
  )
  const logPath = join(options.dir, 'anvil.log')
  const child = spawnAnvil(options, port, logPath)
  await untilReady(port, logPath, child)
  writeFileSync(recordPath(options.dir), JSON.stringify({ pid: child.pid, port }))
  return attached(options.dir, { pid: child.pid as number, port })
}

/** Stops the L1 that an earlier devnet on this folder left running, if any. */
export async function stopLeftOverAnvil(dir: string): Promise<void> {
  const left = await runningAnvil(dir)
  if (left !== undefined) await attached(dir, left).close()
}

function spawnAnvil(options: AnvilOptions, port: number, logPath: string): ChildProcess {
  const log = openSync(logPath, 'a')
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(L1_CHAIN_ID)],
    ...['--mnemonic', MNEMONIC, '--accounts', '20', '--balance', '1000000'],
    ...['--block-time', String(options.blockTimeSeconds), '--slots-in-an-epoch', '4', '--hardfork', 'prague'],
    ...['--state', join(options.dir, 'state.json'), '--preserve-historical-states'],
  ]
  // Detached: Ctrl-C reaches this process alone, which stops the L1 last and in order.
  return spawn(anvilBinary(), args, { stdio: ['ignore', log, log], detached: true })
}

function recordPath(dir: string): string {
  return join(dir, 'anvil.json')
}

function readRecord(dir: string): AnvilRecord | undefined {
  if (!existsSync(recordPath(dir))) return undefined
  try {
    const { pid, port } = JSON.parse(readFileSync(recordPath(dir), 'utf8')) as Partial<AnvilRecord>
    return Number.isInteger(pid) && Number.isInteger(port) ? { pid: pid as number, port: port as number } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function answers(port: number): Promise<boolean> {
  const client = createPublicClient({ transport: http(`http://127.0.0.1:${port}`, { retryCount: 0, timeout: 2_000 }) })
  return (await client.getChainId().catch(() => 0)) === L1_CHAIN_ID
}

async function runningAnvil(dir: string): Promise<AnvilRecord | undefined> {
  const record = readRecord(dir)
  if (record === undefined || !isAlive(record.pid)) return undefined
  return (await answers(record.port)) ? record : undefined
}

async function untilReady(port: number, logPath: string, child: ChildProcess): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += 50) {
    if (await answers(port)) {
      child.unref()
      return
    }
    if (failure !== undefined || child.exitCode !== null) break
    await sleep(50)
  }
  child.kill('SIGKILL')
  throw new UnavailableError('L1NotReady', `the devnet's L1 did not start: see ${logPath}`, { cause: failure })
}

function attached(dir: string, { pid, port }: AnvilRecord): L1Process {
  const url = `http://127.0.0.1:${port}`
  return {
    rpcUrl: url,
    beaconUrl: url,
    port,
    close: async () => {
      if (isAlive(pid)) process.kill(pid, 'SIGTERM')
      for (let waitedMs = 0; isAlive(pid) && waitedMs < STOP_TIMEOUT_MS; waitedMs += 25) await sleep(25)
      if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      else if (existsSync(recordPath(dir))) rmSync(recordPath(dir))
    },
  }
}
