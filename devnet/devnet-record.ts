import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChainSpec } from '../node/protocol/chain-spec.ts'
import { InvalidError } from '../node/protocol/errors.ts'
import { parseChainSpec } from '../node/protocol/parse-chain-spec.ts'
import type { DemoAnswer, DemoContracts } from './demo.ts'
import type { L1Contracts } from './l1-contracts.ts'

/** What a devnet must remember besides its chains: `devnet.json` in its data directory. */
export interface DevnetRecord {
  readonly spec: ChainSpec
  readonly l1Contracts: L1Contracts
  /** Present once the demo ran. */
  readonly demo?: { readonly contracts: DemoContracts; readonly answers: readonly DemoAnswer[] }
}

function recordPath(dataDir: string): string {
  return join(dataDir, 'devnet.json')
}

/** The record of the devnet in this folder; undefined when there is none. @throws InvalidError `DevnetRecordMalformed`. */
export function readDevnetRecord(dataDir: string): DevnetRecord | undefined {
  const path = recordPath(dataDir)
  if (!existsSync(path)) return undefined
  try {
    return parseRecord(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const message = `${path} is not readable: restore it, or start anew with --reset`
    throw new InvalidError('DevnetRecordMalformed', message, { cause })
  }
}

function parseRecord(document: unknown): DevnetRecord {
  const { spec, l1Contracts, demo } = document as Partial<DevnetRecord>
  parseChainSpec(spec)
  const isWhole = l1Contracts !== undefined && (demo === undefined || Array.isArray(demo.answers))
  if (isWhole) return document as DevnetRecord
  throw new InvalidError('DevnetRecordMalformed', 'the L1 contracts or the demo answers are missing')
}

/** Writes the record, whole or not at all. */
export function writeDevnetRecord(dataDir: string, record: DevnetRecord): void {
  mkdirSync(dataDir, { recursive: true })
  const path = recordPath(dataDir)
  writeFileSync(`${path}.new`, JSON.stringify(record, null, 2))
  renameSync(`${path}.new`, path)
}
