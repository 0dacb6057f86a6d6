import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Devnet, startDevnet } from '../../devnet/devnet.ts'
import type { Fault } from '../../devnet/faults/fault.ts'
import { FAULT_NAMES } from '../../devnet/faults/faults.ts'
import { summaryJson, summaryText } from '../../devnet/summary.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Command, CommandContext } from './command.ts'
import { disputesFor, requestedFault, showFault } from './fault-run.ts'
import { inferenceOptions, inferenceSettings } from './inference-settings.ts'
import { choice, integer, optionalText, port, type SettingsOf, toggle } from './settings.ts'

const settings = {
  dataDir: optionalText(
    'data-dir',
    'DIR',
    'Where the chains live; default .assay/devnet, with --once or --fault a folder that is deleted afterwards',
  ),
  reset: toggle('reset', 'Throw away what the data directory holds and start anew'),
  once: toggle('once', 'Stop when the demo is done and the verifier has derived its blocks from L1'),
  json: toggle('json', 'Print the summary as one JSON document'),
  fault: optionalText(
    'fault',
    'NAME',
    `Bring about a fault and show how it is dealt with on L1; exit code 0 only where it is. One of: ${FAULT_NAMES.join(', ')}`,
  ),
  l1Port: port('l1.port', 8545, 'Port of the L1: JSON-RPC and beacon API'),
  rpcPort: port('rpc.port', 9545, "Port of the sequencer's JSON-RPC"),
  verifierRpcPort: port('verifier.rpc.port', 9546, "Port of the verifier's JSON-RPC"),
  l1BlockTime: integer('l1.block-time', 'SECONDS', 1, [1, 60], 'Seconds between L1 blocks'),
  maxChannel: integer(
    'batcher.max-channel-ms',
    'MS',
    2_000,
    [0, 600_000],
    'Longest time in ms that transactions wait for others to share a blob with',
  ),
  maxIdle: integer(
    'batcher.max-idle-ms',
    'MS',
    10_000,
    [0, 600_000],
    'Longest time in ms that blocks without transactions wait before they are posted',
  ),
  ...inferenceSettings,
  logLevel: choice(
    'log.level',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'warn',
    'Least severity that is logged',
  ),
  logFormat: choice('log.format', ['text', 'json'], 'text', 'One line of text or one JSON object an entry'),
}

type DevnetSettings = SettingsOf<typeof settings>

/** Longest wait for the verifier with --once, in milliseconds. */
const DERIVATION_TIMEOUT_MS = 60_000

/** `assay devnet`: a whole devnet in one command. */
export const devnetCommand: Command<typeof settings> = {
  name: 'devnet',
  summary: 'Runs a whole devnet: L1, contracts, sequencer, verifier, models and a demo.',
  positionals: [],
  settings,
  run: async (given, _positionals, context) => {
    const isTemporary = (given.once || given.fault !== null) && given.dataDir === null
    const dataDir = isTemporary
      ? mkdtempSync(join(tmpdir(), 'assay-devnet-'))
      : resolve(given.dataDir ?? join('.assay', 'devnet'))
    try {
      return await runDevnet(given, dataDir, context)
    } finally {
      if (isTemporary) rmSync(dataDir, { recursive: true, force: true })
    }
  },
}

async function runDevnet(given: DevnetSettings, dataDir: string, context: CommandContext): Promise<number> {
  const halt = new AbortController()
  const signal = AbortSignal.any([context.signal, halt.signal])
  const fault = requestedFault(given.fault, dataDir, given.reset)
  const devnet = await startDevnet({
    ...given,
    dataDir,
    l1BlockTimeSeconds: given.l1BlockTime,
    maxChannelMs: given.maxChannel,
    ...disputesFor(fault),
    maxIdleMs: given.maxIdle,
    inference: inferenceOptions(given),
    log: createLogger({ level: given.logLevel, format: given.logFormat }),
    report: context.report,
    signal,
    onFatal: (error) => halt.abort(error),
  })
  const readyMs = Math.round(performance.now())
  try {
    const code = await show({ devnet, given, dataDir, readyMs, fault, signal }, context)
    if (!given.once) await untilAborted(signal)
    halt.signal.throwIfAborted()
    return code
  } finally {
    context.report('Stopping…')
    await devnet.close()
  }
}

/** A devnet that is ready, and what was asked of it. */
interface Shown {
  readonly devnet: Devnet
  readonly given: DevnetSettings
  readonly dataDir: string
  readonly readyMs: number
  readonly fault: Fault | undefined
  readonly signal: AbortSignal
}

async function show(shown: Shown, context: CommandContext): Promise<number> {
  const { devnet, dataDir, readyMs, fault, signal } = shown
  const { once, json } = shown.given
  const lastBlock = Math.max(...devnet.record.demo.answers.map(({ blockNumber }) => blockNumber))
  if (once || fault !== undefined) {
    context.report(`Waiting until the verifier has derived block ${lastBlock} from L1…`)
    await devnet.untilDerived(lastBlock, DERIVATION_TIMEOUT_MS)
  }
  if (fault !== undefined) return showFault(devnet, fault, json, context, signal)
  if (!once) {
    context.print(json ? JSON.stringify(await summaryJson(devnet, readyMs)) : summaryText(devnet, readyMs, dataDir))
    return 0
  }
  const document = await summaryJson(devnet, readyMs)
  context.print(json ? JSON.stringify(document) : summaryText(devnet, readyMs, dataDir))
  const wrong = document.demo.filter(({ modelAnswer, expected }) => modelAnswer !== expected)
  for (const { subject, modelAnswer, expected } of wrong) {
    context.report(`The model's answer on ${subject} is ${modelAnswer}, not ${expected}.`)
  }
  if (!document.stateRootsEqual) context.report(`The chains differ from block ${document.firstDifference} on.`)
  return document.stateRootsEqual && wrong.length === 0 ? 0 : 1
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}
