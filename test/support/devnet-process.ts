import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { freePorts, isAlive, killNow } from './processes.ts'

const ASSAY = fileURLToPath(new URL('../../scripts/assay.mjs', import.meta.url))
const READY_TIMEOUT_MS = 90_000
const END_TIMEOUT_MS = 30_000

/** Blocks are posted as soon as they are there, so that tests need not wait for them. */
const HASTE = ['--batcher.max-channel-ms', '0', '--batcher.max-idle-ms', '0']

/** How a process ended and what it wrote. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

/** A command of `assay` that runs. */
export interface AssayProcess {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** What it has written to stdout and stderr so far. */
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** Stops reading its output, as `| head` does. */
  closeOutput(): void
}

/** Starts `assay ARGS` as a person does: a process of its own. */
export function spawnAssay(args: readonly string[], environment: Readonly<Record<string, string>> = {}): AssayProcess {
  const startMs = performance.now()
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, [ASSAY, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')]
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('exit', killWithUs)
      resolve({ code, stdout: stdout(), stderr: stderr(), durationMs: performance.now() - startMs })
    })
  })
  return {
    pid: child.pid ?? -1,
    ended,
    stdout,
    stderr,
    kill: (signal) => void child.kill(signal),
    closeOutput: () => {
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = []
  child[stream]?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

/** Runs `assay ARGS` to its end. */
export function runAssay(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return spawnAssay(args, environment).ended
}

/** A devnet on a data directory of its own, run by the command line; it may be stopped, killed and started again. */
export interface DevnetProcess {
  readonly dataDir: string
  /** Starts the process and waits for its summary. */
  start(...flags: readonly string[]): Promise<DevnetSummary>
  /** Starts the process; what becomes of it is the caller's business. */
  launch(...flags: readonly string[]): AssayProcess
  /** The running process. */
  process(): AssayProcess
  /** Sends a signal to the process, L1 not included, and waits for its end. */
  end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<Ended>
  /** Kills all that still runs, a left-over L1 too, and deletes the data directory. */
  destroy(): Promise<void>
}

/** Prepares a devnet process in a temporary directory, on free ports that it keeps over restarts. */
export async function createDevnetProcess(): Promise<DevnetProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-e2e-'))
  const [l1 = 0, sequencer = 0, verifier = 0] = await freePorts(3)
  const ports = ['--l1.port', String(l1), '--rpc.port', String(sequencer), '--verifier.rpc.port', String(verifier)]
  let running: AssayProcess | undefined
  const launch = (...flags: readonly string[]) => {
    running = spawnAssay(['devnet', '--json', '--data-dir', dataDir, ...ports, ...HASTE, ...flags])
    return running
  }
  const current = () => {
    if (running === undefined) throw new Error('the devnet is not started')
    return running
  }
  return {
    dataDir,
    launch,
    process: current,
    start: (...flags) => summaryOf(launch(...flags)),
    end: async (signal) => {
      current().kill(signal)
      return withDeadline(current().ended, END_TIMEOUT_MS, `the devnet did not end on ${signal}`)
    },
    destroy: async () => {
      running?.kill('SIGKILL')
      await running?.ended
      const left = leftOverL1(dataDir)
      if (left !== undefined) await killNow(left)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The L1 process that a devnet on this directory left running, if any. */
export function leftOverL1(dataDir: string): number | undefined {
  const path = join(dataDir, 'l1', 'anvil.json')
  if (!existsSync(path)) return undefined
  const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number }
  return isAlive(pid) ? pid : undefined
}

async function summaryOf(devnet: AssayProcess): Promise<DevnetSummary> {
  const early = devnet.ended.then(({ code, stderr }) => {
    throw new Error(`the devnet ended with code ${code} before it was ready:\n${stderr}`)
  })
  const ready = new Promise<DevnetSummary>((resolve) => {
    const timer = setInterval(() => {
      if (!devnet.stdout().includes('\n')) return
      clearInterval(timer)
      resolve(JSON.parse(devnet.stdout()) as DevnetSummary)
    }, 50)
    void devnet.ended.finally(() => clearInterval(timer))
  })
  return withDeadline(Promise.race([ready, early]), READY_TIMEOUT_MS, 'the devnet did not get ready')
}

async function withDeadline<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
