import { BLOB_BYTES } from '../derivation/blob-codec.ts'
import type { L1BlockRef } from '../derivation/l1-block.ts'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { boundedFetch } from './bounded-fetch.ts'

/** The consensus side of an L1 node: where blobs are. */
export interface BeaconClient {
  /**
   * The blobs of an L1 block with the given versioned hashes, in that order, not yet checked against them.
   * Rejects with UnavailableError `BlobsUnavailable` when the node has them not, or answers nonsense.
   */
  blobs(block: L1BlockRef, versionedHashes: readonly Hex[]): Promise<Uint8Array[]>
}

const TIMEOUT_MS = 10_000
const SMALL_JSON_BYTES = 256 * 1024
/** More blobs than an L1 block holds. Anyone may put copies of a blob into the block, and each of them has the hash asked for. */
const MAX_BLOBS_PER_BLOCK = 128
/** Hex digits of those blobs, and room for the JSON around them. */
const BLOBS_JSON_BYTES = MAX_BLOBS_PER_BLOCK * 2 * BLOB_BYTES + SMALL_JSON_BYTES

/** The clock of the beacon chain, from which the slot of an execution block follows. */
interface SlotClock {
  readonly genesisTimeSeconds: number
  readonly secondsPerSlot: number
}

/**
 * Creates a client of the Beacon API (`GET /eth/v1/beacon/blobs/{block_id}`). Block ids are slots, by the beacon chain's
 * clock; a development node without a beacon chain (anvil) takes the execution block's hash instead.
 */
export function createBeaconClient(beaconUrl: string): BeaconClient {
  let clock: Promise<SlotClock | undefined> | undefined
  return {
    async blobs(block, versionedHashes) {
      clock ??= readClock(beaconUrl).catch((error) => {
        clock = undefined
        throw error
      })
      const url = `${base(beaconUrl)}/eth/v1/beacon/blobs/${blockId(block, await clock)}`
      // One request each: servers differ in how they take several hashes (repeated, or separated by commas).
      const blobs: Uint8Array[] = []
      for (const hash of versionedHashes)
        blobs.push(readBlob(await getJson(`${url}?versioned_hashes=${hash}`, BLOBS_JSON_BYTES)))
      return blobs
    },
  }
}

function base(url: string): string {
  return url.replace(/\/+$/, '')
}

function blockId(block: L1BlockRef, clock: SlotClock | undefined): string {
  if (clock === undefined) return block.hash
  return String(Math.floor((block.timestamp - clock.genesisTimeSeconds) / clock.secondsPerSlot))
}

async function readClock(beaconUrl: string): Promise<SlotClock | undefined> {
  const spec = await getJson(`${base(beaconUrl)}/eth/v1/config/spec`, SMALL_JSON_BYTES, true)
  if (spec === undefined) return undefined
  const genesis = await getJson(`${base(beaconUrl)}/eth/v1/beacon/genesis`, SMALL_JSON_BYTES)
  const genesisTimeSeconds = Number(field(field(genesis, 'data'), 'genesis_time'))
  const secondsPerSlot = Number(field(field(spec, 'data'), 'SECONDS_PER_SLOT'))
  if (!Number.isSafeInteger(genesisTimeSeconds) || !(secondsPerSlot > 0)) throw nonsense('its clock')
  return { genesisTimeSeconds, secondsPerSlot }
}

function readBlob(answer: unknown): Uint8Array {
  const list = field(answer, 'data')
  if (!Array.isArray(list)) throw nonsense('the list of blobs')
  const [blob] = list
  if (blob === undefined) throw new UnavailableError('BlobsUnavailable', 'the beacon node does not have the blob')
  const bytes = typeof blob === 'string' ? blobBytes(blob) : undefined
  if (bytes?.length !== BLOB_BYTES) throw nonsense('a blob')
  return bytes
}

function blobBytes(hex: string): Uint8Array | undefined {
  try {
    return hexToBytes(hex)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

/** GETs a JSON document; with `optional`, undefined where the server has no such route. */
async function getJson(url: string, limitBytes: number, optional = false): Promise<unknown> {
  const response = await boundedFetch(limitBytes, url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (optional && (response.status === 404 || response.status === 405)) return undefined
  if (!response.ok) {
    throw new UnavailableError(
      'BlobsUnavailable',
      `the beacon node answered ${response.status} to ${url.slice(0, 200)}`,
    )
  }
  try {
    return await response.json()
  } catch (cause) {
    throw new UnavailableError('BlobsUnavailable', 'the beacon node answered something else than JSON', { cause })
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function nonsense(what: string): UnavailableError<'BlobsUnavailable'> {
  return new UnavailableError('BlobsUnavailable', `the beacon node answered nonsense for ${what}`)
}
