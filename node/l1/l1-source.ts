import { decodeBlob } from '../derivation/blob-codec.ts'
import { TRANSACTION_DEPOSITED_TOPIC } from '../derivation/deposits.ts'
import { blobBaseFeeWei, type L1BlockInfo, type L1BlockRef, type L1Log, type L1Origin } from '../derivation/l1-block.ts'
import type { L1Source } from '../derivation/l1-source.ts'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import type { BeaconClient } from './beacon-client.ts'
import type { Kzg } from './kzg.ts'
import type { L1Client } from './l1-client.ts'
import { type RetrySettings, withRetries } from './retry.ts'

/** What the L1 source is made of. */
export interface L1SourceDeps {
  readonly client: L1Client
  readonly beacon: BeaconClient
  readonly kzg: Pick<Kzg, 'versionedHash'>
}

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`
const RETRIES: RetrySettings = { attempts: 3, delayMs: 100 }
/** Origins kept in memory: the sequencer and the verifier of a node ask for the same ones. */
const CACHED_ORIGINS = 64

/**
 * L1 over JSON-RPC and the Beacon API. The L1 node is the user's own and is believed, except that blobs must hash to what
 * their transaction commits to.
 */
export function createL1Source(spec: ChainSpec, deps: L1SourceDeps): L1Source {
  const { client } = deps
  const origins = new Map<Hex, L1Origin>()
  const retry = <T>(what: string, action: () => Promise<T>) => withRetries(what, RETRIES, action)
  return {
    head: (head) => retry(`its ${head} block`, async () => blockRef(await client.getBlock({ blockTag: head }))),
    refByNumber: (number) =>
      retry(`block ${number}`, async () => {
        const block = await client.request({
          method: 'eth_getBlockByNumber',
          params: [`0x${number.toString(16)}`, false],
        })
        return block === null ? undefined : rpcRef(block)
      }),
    async origin(hash) {
      const known = origins.get(hash)
      if (known !== undefined) return known
      const origin = await retry(`block ${hash}`, () => readOrigin(spec, client, hash))
      origins.set(hash, origin)
      const [oldest] = origins.keys()
      if (origins.size > CACHED_ORIGINS && oldest !== undefined) origins.delete(oldest)
      return origin
    },
    batcherData: (hash) => retry(`the batches of block ${hash}`, () => readBatcherData(spec, deps, hash)),
  }
}

/** The parts of viem's block that are read here. */
interface RpcBlock {
  readonly hash: Hex | null
  readonly number: bigint | null
  readonly parentHash: Hex
  readonly timestamp: bigint
}

function blockRef({ hash, number, parentHash, timestamp }: RpcBlock): L1BlockRef {
  if (hash === null || number === null) throw new UnavailableError('L1Unavailable', 'L1 returned a pending block')
  return { hash, number: Number(number), parentHash, timestamp: Number(timestamp) }
}

function rpcRef(block: { hash: Hex | null; number: Hex | null; parentHash: Hex; timestamp: Hex }): L1BlockRef {
  const { hash, number, parentHash, timestamp } = block
  return blockRef({ hash, number: number === null ? null : BigInt(number), parentHash, timestamp: BigInt(timestamp) })
}

async function readOrigin(spec: ChainSpec, client: L1Client, blockHash: Hex): Promise<L1Origin> {
  const block = await client.getBlock({ blockHash })
  const info: L1BlockInfo = {
    ...blockRef(block),
    baseFeeWei: block.baseFeePerGas ?? 0n,
    blobBaseFeeWei: blobBaseFeeWei(block.excessBlobGas ?? 0n),
    prevRandao: block.mixHash,
    parentBeaconBlockRoot: block.parentBeaconBlockRoot ?? ZERO_HASH,
  }
  const filter = { blockHash, address: spec.depositContractAddress, topics: [TRANSACTION_DEPOSITED_TOPIC] }
  const logs = await client.request({ method: 'eth_getLogs', params: [filter] })
  const depositLogs = logs.map((log): L1Log => {
    const { address, topics, data, logIndex } = log
    if (logIndex === null) throw new UnavailableError('L1Unavailable', 'L1 returned a pending log')
    return { address, topics, data: hexToBytes(data), logIndex: Number(logIndex) }
  })
  return { info, depositLogs: depositLogs.sort((a, b) => a.logIndex - b.logIndex) }
}

async function readBatcherData(spec: ChainSpec, deps: L1SourceDeps, blockHash: Hex): Promise<Uint8Array[]> {
  const block = await deps.client.getBlock({ blockHash, includeTransactions: true })
  const sent = block.transactions.filter((tx) => {
    return sameAddress(tx.to, spec.batchInboxAddress) && sameAddress(tx.from, spec.batcherAddress)
  })
  const data: Uint8Array[] = []
  for (const tx of sent) {
    if (tx.type !== 'eip4844') data.push(hexToBytes(tx.input))
    else data.push(...(await readBlobs(deps, blockRef(block), tx.blobVersionedHashes ?? [])))
  }
  return data
}

/** The payloads of a transaction's blobs; a blob that is not in the rollup's encoding is skipped. */
async function readBlobs(deps: L1SourceDeps, block: L1BlockRef, hashes: readonly Hex[]): Promise<Uint8Array[]> {
  const blobs = await deps.beacon.blobs(block, hashes)
  const payloads: Uint8Array[] = []
  for (const [index, blob] of blobs.entries()) {
    if ((await deps.kzg.versionedHash(blob)) !== hashes[index]) {
      throw new UnavailableError('BlobMismatch', `the beacon node returned another blob than ${hashes[index]}`)
    }
    try {
      payloads.push(decodeBlob(blob))
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
    }
  }
  return payloads
}

function sameAddress(a: Hex | null, b: Hex): boolean {
  return a?.toLowerCase() === b.toLowerCase()
}
