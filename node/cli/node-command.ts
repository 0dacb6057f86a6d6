import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { InvalidError } from '../protocol/errors.ts'
import { parseChainSpec } from '../protocol/parse-chain-spec.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Command, CommandContext } from './command.ts'
import { disputeOptions, disputeSettings } from './dispute-settings.ts'
import { inferenceOptions, inferenceSettings } from './inference-settings.ts'
import { privateKeySetting } from './private-key.ts'
import { type BatcherOptions, startNode } from './run-node.ts'
import { choice, integer, optionalText, type SettingsOf, text } from './settings.ts'

const settings = {
  role: choice('role', ['sequencer', 'verifier'], 'verifier', 'Build blocks and post them, or derive them from L1'),
  dataDir: text('data-dir', 'DIR', '.assay/node', "Where this node's database lives"),
  chainSpec: optionalText('chain-spec', 'FILE', 'The chain: a JSON chain spec, or the devnet.json of a devnet'),
  l1Rpc: text('l1.rpc', 'URL', 'http://127.0.0.1:8545', 'JSON-RPC of an L1 node'),
  l1Beacon: optionalText('l1.beacon', 'URL', 'Beacon API that serves blobs; default: the same as --l1.rpc'),
  l1Confirmations: integer('l1.confirmations', 'N', 0, [0, 1_000], 'L1 blocks that must lie above one that is read'),
  l1Poll: integer('l1.poll-ms', 'MS', 1_000, [50, 60_000], 'Pause between two looks at L1, in ms'),
  rpcAddr: text('rpc.addr', 'HOST', '127.0.0.1', 'Address that JSON-RPC listens on'),
  rpcPort: integer('rpc.port', 'PORT', 9547, [0, 65_535], 'Port of JSON-RPC, /healthz and /metrics; 0 takes any'),
  rpcCors: text('rpc.cors', 'ORIGINS', '*', 'Origins that browsers may call from, separated by commas'),
  sequencerUrl: optionalText('sequencer.url', 'URL', 'Where a verifier sends transactions that it is given'),
  batcherKey: optionalText('batcher.private-key', 'HEX', 'Key that posts batches to L1 (role sequencer)'),
  batcherChannel: integer(
    'batcher.max-channel-ms',
    'MS',
    60_000,
    [0, 86_400_000],
    'Longest time in ms that transactions wait for others to share a blob with',
  ),
  batcherIdle: integer(
    'batcher.max-idle-ms',
    'MS',
    60_000,
    [0, 86_400_000],
    'Longest time in ms that blocks without transactions wait before they are posted',
  ),
  batcherResubmit: integer(
    'batcher.resubmit-ms',
    'MS',
    30_000,
    [1_000, 3_600_000],
    'Time in ms after which a batch that is not mined is sent again with higher fees',
  ),
  batcherData: choice('batcher.data', ['blobs', 'calldata'], 'blobs', 'Where batches travel on L1'),
  batcherProofs: choice(
    'batcher.blob-proofs',
    ['cells', 'blob'],
    'cells',
    'Blob proofs: cells since Osaka, blob before',
  ),
  ...disputeSettings,
  ...inferenceSettings,
  logLevel: choice(
    'log.level',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'info',
    'Least severity that is logged',
  ),
  logFormat: choice('log.format', ['text', 'json'], 'text', 'One line of text or one JSON object an entry'),
}

type NodeSettings = SettingsOf<typeof settings>

/** `assay node`: one node against an L1 that is there already. */
export const nodeCommand: Command<typeof settings> = {
  name: 'node',
  summary:
    'Runs one node as sequencer or verifier against an L1, as proposer and challenger too where it has their keys.',
  positionals: [],
  settings,
  run: runNode,
}

async function runNode(given: NodeSettings, _positionals: readonly string[], context: CommandContext): Promise<number> {
  const log = createLogger({ level: given.logLevel, format: given.logFormat })
  const halt = new AbortController()
  const document = readDocument(given.chainSpec)
  const node = await startNode({
    spec: parseChainSpec(document?.spec ?? document),
    dataDir: resolve(given.dataDir),
    l1RpcUrl: given.l1Rpc,
    l1BeaconUrl: given.l1Beacon ?? given.l1Rpc,
    l1Confirmations: given.l1Confirmations,
    l1PollMs: given.l1Poll,
    rpcHost: given.rpcAddr,
    rpcPort: given.rpcPort,
    corsOrigins: given.rpcCors.split(','),
    inference: inferenceOptions(given),
    ...batcherOf(given),
    ...(await disputeOptions(given, given.l1Rpc, document)),
    ...(given.sequencerUrl === null ? {} : { sequencerUrl: given.sequencerUrl }),
    log,
    onFatal: (error) => halt.abort(error),
  })
  try {
    context.print(JSON.stringify({ role: given.role, rpc: node.rpcUrl }))
    await untilAborted(AbortSignal.any([context.signal, halt.signal]))
    if (halt.signal.aborted) throw halt.signal.reason
    return 0
  } finally {
    await node.close()
  }
}

function batcherOf(given: NodeSettings): { readonly batcher?: BatcherOptions } {
  if (given.role === 'verifier') return {}
  if (given.batcherKey === null) throw new InvalidError('SettingMissing', 'role sequencer needs --batcher.private-key')
  const privateKey = privateKeySetting('batcher.private-key', given.batcherKey)
  return {
    batcher: {
      privateKey,
      maxChannelMs: given.batcherChannel,
      maxIdleMs: given.batcherIdle,
      resubmitMs: given.batcherResubmit,
      dataAvailability: given.batcherData,
      blobProofs: given.batcherProofs,
    },
  }
}

/** The chain spec's file: a spec, or a record that holds one. */
function readDocument(path: string | null): { readonly spec?: unknown } | null {
  if (path === null) throw new InvalidError('SettingMissing', 'which chain? Pass --chain-spec FILE')
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new InvalidError('ChainSpecInvalid', `cannot read the chain spec ${path} as JSON`, { cause })
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}
