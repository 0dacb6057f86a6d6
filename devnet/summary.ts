import { MODEL_REGISTRY } from '../node/protocol/constants.ts'
import { FUNDED_ACCOUNTS, FUNDED_ETHER, L1_CHAIN_ID, L2_CHAIN_ID } from './accounts.ts'
import type { DemoAnswer } from './demo.ts'
import type { Devnet, DevnetEndpoints } from './devnet.ts'

/** A registered model in the summary. */
export interface ModelSummary {
  readonly name: string
  readonly modelId: string
  readonly graphBytes: number
  readonly steps: number
}

/** The summary for machines: one JSON document. */
export interface DevnetSummary {
  /** Milliseconds from the start of the process until the demo was done. */
  readonly ready_ms: number
  readonly l2Head: number
  /** The sequencer's own safe head. */
  readonly safeHead: number
  /** The last block that the verifier derived from L1. */
  readonly verifierHead: number
  /** Whether all blocks 1 … verifierHead have equal hashes and state roots on both nodes. */
  readonly stateRootsEqual: boolean
  readonly firstDifference: number | null
  readonly demo: readonly DemoAnswer[]
  readonly models: readonly ModelSummary[]
  readonly endpoints: DevnetEndpoints
  readonly chainIds: { readonly l1: number; readonly l2: number }
  readonly contracts: Readonly<Record<string, string>>
  readonly accounts: readonly { readonly address: string; readonly privateKey: string }[]
}

/** Gathers the summary, comparing all derived blocks first. */
export async function summaryJson(devnet: Devnet, readyMs: number): Promise<DevnetSummary> {
  const { blocksCompared, equal, firstDifference } = await devnet.compare()
  const heads = devnet.sequencer.database.heads()
  return {
    ready_ms: readyMs,
    l2Head: heads.unsafe.number,
    safeHead: heads.safe.number,
    verifierHead: blocksCompared,
    stateRootsEqual: equal,
    firstDifference,
    demo: devnet.record.demo.answers,
    models: modelSummaries(devnet),
    endpoints: devnet.endpoints,
    chainIds: { l1: L1_CHAIN_ID, l2: L2_CHAIN_ID },
    contracts: contractsOf(devnet),
    accounts: FUNDED_ACCOUNTS,
  }
}

function modelSummaries({ models }: Devnet): ModelSummary[] {
  return models.map(({ name, manifest, graphBytes }) => ({
    name,
    modelId: manifest.modelId,
    graphBytes: graphBytes.length,
    steps: manifest.counters.steps,
  }))
}

function contractsOf({ record }: Devnet): Record<string, string> {
  return { ...record.l1Contracts, modelRegistry: MODEL_REGISTRY, ...record.demo.contracts }
}

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

/** The summary for people: one block of text. */
export function summaryText(devnet: Devnet, readyMs: number, dataDir: string): string {
  const { endpoints, record } = devnet
  const answers = record.demo.answers.map(
    ({ contract, subject, answer, modelAnswer, blockNumber }) =>
      [`${contract}: ${subject}`, `${answer} (model: ${modelAnswer}; block ${blockNumber})`] as const,
  )
  return [
    '',
    `Assay devnet, ready in ${(readyMs / 1000).toFixed(1)} s`,
    '',
    'Endpoints',
    ...rows([
      [`L2 sequencer (chain ${L2_CHAIN_ID})`, endpoints.l2Rpc],
      ['L2 verifier', endpoints.verifierRpc],
      [`L1 (chain ${L1_CHAIN_ID}) and its beacon API`, endpoints.l1Rpc],
    ]),
    '',
    'Contracts',
    ...rows(Object.entries(contractsOf(devnet))),
    '',
    'Models',
    ...rows(devnet.models.map(({ name, manifest }) => [name, manifest.modelId] as const)),
    '',
    `Accounts, with ${FUNDED_ETHER} ETH each on L2 (keys are public: never use them elsewhere)`,
    ...rows(FUNDED_ACCOUNTS.map(({ address, privateKey }) => [address, privateKey] as const)),
    '',
    'The demo asked',
    ...rows(answers),
    '',
    `State is in ${dataDir}. Ctrl-C stops the devnet; the next start continues it.`,
  ].join('\n')
}
