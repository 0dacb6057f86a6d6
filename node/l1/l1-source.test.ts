import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeAbiParameters, encodePacked } from 'viem'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { testHash, testSpec } from '../../test/support/l1-fixture.ts'
import { BLOB_BYTES, encodeBlob } from '../derivation/blob-codec.ts'
import { depositsFromLogs, TRANSACTION_DEPOSITED_TOPIC } from '../derivation/deposits.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { createBeaconClient } from './beacon-client.ts'
import { createKzg } from './kzg.ts'
import { createL1Client } from './l1-client.ts'
import { createL1Source } from './l1-source.ts'

const spec = testSpec()
const stranger: Hex = `0x${'99'.repeat(20)}`
const blob = encodeBlob(Uint8Array.of(1, 2, 3))
const foreign = new Uint8Array(BLOB_BYTES).fill(0x40, 0, 1)
const kzg = createKzg()
const blobHash = await kzg.versionedHash(blob)
const foreignHash = await kzg.versionedHash(foreign)
const l1Hash = testHash(0x10, 12)

/** The transactions of the one block that the made-up L1 has. */
const transactions = [
  { from: spec.batcherAddress, to: spec.batchInboxAddress, type: '0x2', input: '0x0001' },
  { from: stranger, to: spec.batchInboxAddress, type: '0x2', input: '0x0002' },
  { from: stranger, to: spec.batchInboxAddress, type: '0x3', input: '0x', blobVersionedHashes: [testHash(1, 9)] },
  { from: spec.batcherAddress, to: stranger, type: '0x2', input: '0x0003' },
  {
    from: spec.batcherAddress.toUpperCase().replace('0X', '0x'),
    to: spec.batchInboxAddress,
    type: '0x3',
    input: '0x0004',
    blobVersionedHashes: [foreignHash, blobHash],
  },
  { from: spec.batcherAddress, to: null, type: '0x2', input: '0x0005' },
]
const opaque = encodePacked(['uint256', 'uint256', 'uint64', 'bool'], [1n, 1n, 100_000n, false])
const log = (logIndex: number) => ({
  address: spec.depositContractAddress,
  topics: [TRANSACTION_DEPOSITED_TOPIC, testHash(0, 1), testHash(0, 2), testHash(0, 0)],
  data: encodeAbiParameters([{ type: 'bytes' }], [opaque]),
  logIndex: `0x${logIndex.toString(16)}`,
})
const block = {
  hash: l1Hash,
  number: '0xc',
  parentHash: testHash(0x10, 11),
  timestamp: '0x65000000',
  baseFeePerGas: '0x7',
  excessBlobGas: '0x0',
  mixHash: testHash(3, 3),
  parentBeaconBlockRoot: testHash(4, 4),
  transactions,
}

/** What a test may make its L1 answer. */
interface Answers {
  readonly rpc?: (method: string, params: readonly unknown[]) => unknown
  /** Status and body of a GET to the Beacon API. */
  readonly beacon?: (path: string) => readonly [number, unknown]
}

let server: Server | undefined

function rpcAnswer(method: string): unknown {
  return method === 'eth_getLogs' ? [log(7), log(2)] : block
}

function beaconAnswer(path: string): readonly [number, unknown] {
  if (path.startsWith('/eth/v1/config')) return [404, '']
  const query = `${l1Hash}?versioned_hashes=`
  const found = path.endsWith(query + blobHash) ? [blob] : path.endsWith(query + foreignHash) ? [foreign] : []
  return [200, { data: found.map(bytesToHex) }]
}

async function start(answers: Answers = {}) {
  const { rpc = rpcAnswer, beacon = beaconAnswer } = answers
  const paths: string[] = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.method === 'GET') {
        paths.push(request.url ?? '')
        const [status, answer] = beacon(request.url ?? '')
        response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer))
        return
      }
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: rpc(method, params) }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const source = createL1Source(spec, { client: createL1Client(url), beacon: createBeaconClient(`${url}/`), kzg })
  return { source, paths }
}

afterAll(() => kzg.close())
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

describe('L1 source', () => {
  it('takes what the batcher sent to the inbox, in order, and nobody else', async () => {
    const { source } = await start()
    expect(await source.batcherData(l1Hash)).toEqual([Uint8Array.of(0, 1), Uint8Array.of(1, 2, 3)])
  })

  it('reads headers and deposit logs, in the order of the block', async () => {
    const { source } = await start()
    const { info, depositLogs } = await source.origin(l1Hash)
    expect(info).toEqual({
      hash: l1Hash,
      number: 12,
      parentHash: testHash(0x10, 11),
      timestamp: 0x65000000,
      baseFeeWei: 7n,
      blobBaseFeeWei: 1n,
      prevRandao: testHash(3, 3),
      parentBeaconBlockRoot: testHash(4, 4),
    })
    expect(depositLogs.map(({ logIndex }) => logIndex)).toEqual([2, 7])
    expect(depositsFromLogs(spec, l1Hash, depositLogs)).toHaveLength(2)
  })

  it('has no block above the head', async () => {
    const { source } = await start({ rpc: () => null })
    expect(await source.refByNumber(99)).toBeUndefined()
  })

  it('asks a real beacon node by slot', async () => {
    const genesisTime = 0x65000000 - 12 * 100
    const { source, paths } = await start({
      beacon: (path) => {
        if (path.startsWith('/eth/v1/config')) return [200, { data: { SECONDS_PER_SLOT: '12' } }]
        if (path.startsWith('/eth/v1/beacon/genesis')) return [200, { data: { genesis_time: String(genesisTime) } }]
        return beaconAnswer(path.replace('blobs/100', `blobs/${l1Hash}`))
      },
    })
    expect(await source.batcherData(l1Hash)).toHaveLength(2)
    expect(paths.at(-1)).toBe(`/eth/v1/beacon/blobs/100?versioned_hashes=${blobHash}`)
  })

  it('takes a blob of which a stranger put copies into the block', async () => {
    const { source } = await start({
      beacon: (path) => {
        const [status, answer] = beaconAnswer(path)
        const data = (answer as { data?: string[] }).data ?? []
        return [status, { data: [...data, ...data, ...data, ...data, ...data, ...data] }]
      },
    })
    expect(await source.batcherData(l1Hash)).toHaveLength(2)
  })

  const blobs = (status: number, answer: unknown) => (path: string) =>
    path.startsWith('/eth/v1/config') ? ([404, ''] as const) : ([status, answer] as const)

  it.each<[string, Answers, string]>([
    [
      'another blob than asked for',
      { beacon: blobs(200, { data: [bytesToHex(encodeBlob(Uint8Array.of(9)))] }) },
      'BlobMismatch',
    ],
    ['no blob', { beacon: blobs(200, { data: [] }) }, 'BlobsUnavailable'],
    ['a blob that is too short', { beacon: blobs(200, { data: ['0x00'] }) }, 'BlobsUnavailable'],
    ['a blob that is no hex', { beacon: blobs(200, { data: ['zz'] }) }, 'BlobsUnavailable'],
    ['something else than JSON', { beacon: blobs(200, '<html>') }, 'BlobsUnavailable'],
    ['an error', { beacon: blobs(500, '') }, 'BlobsUnavailable'],
    ['more bytes than a blob can have', { beacon: blobs(200, ' '.repeat(40_000_000)) }, 'ResponseTooLarge'],
    ['a block that is not there', { rpc: () => null }, 'L1Unavailable'],
  ])('is unavailable, and never a verdict, on %s', async (_name, answers, code) => {
    const { source } = await start(answers)
    await expect(source.batcherData(l1Hash)).rejects.toMatchObject({ kind: 'Unavailable', code })
  })

  it('is unavailable when a log is malformed or nobody answers', async () => {
    const { source } = await start({
      rpc: (method) => (method === 'eth_getLogs' ? [{ ...log(1), data: '0xzz' }] : block),
    })
    await expect(source.origin(l1Hash)).rejects.toMatchObject({ kind: 'Unavailable', code: 'L1Unavailable' })
    server?.closeAllConnections()
    server?.close()
    await expect(source.head('latest')).rejects.toMatchObject({ kind: 'Unavailable', code: 'L1Unavailable' })
  })
})
