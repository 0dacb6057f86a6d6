import { decodeAbiParameters, decodeErrorResult, encodeFunctionData, parseAbi, parseAbiParameters } from 'viem'
import { describe, expect, test } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { affineModel } from '../../test/support/models.ts'
import { decodeGraph, encodeGraph } from '../exact/graph-codec.ts'
import { activationGas, activationWorkGas, selfTestGas, storeChunkGas } from '../executor/gas-schedule.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { MAX_MODEL_CHUNK_BYTES, MAX_MODEL_GRAPH_BYTES, MODEL_REGISTRY } from '../protocol/constants.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { encodeManifest } from '../protocol/model-manifest-codec.ts'
import { InferenceLedger } from './inference-ledger.ts'
import { runModelStore } from './model-store.ts'
import type { PrecompileCall, PrecompileHost } from './precompile-host.ts'

const abi = parseAbi([
  'function storeChunk(bytes chunk) returns (bytes32)',
  'function activate(bytes32 modelId, bytes32[] chunkHashes, uint256 graphBytes) returns (bytes32, bytes)',
  'error ModelMismatch(bytes32 expected, bytes32 got)',
  'error ModelInvalid(string reason)',
  'error ChunkMissing(bytes32 chunkHash)',
  'error ModelStoreCall(address caller)',
])
const model = affineModel()
const { graphBytes } = model
const ACTIVATION_GAS =
  activationGas(graphBytes.length) + activationWorkGas(model.manifest.counters) + selfTestGas(model.manifest.counters)
const PLENTY = 1_000_000_000n
const ZERO: Hex = `0x${'00'.repeat(32)}`

function hostOf(
  call: Partial<PrecompileCall> = {},
  content = new MemoryContent(),
): PrecompileHost & { content: MemoryContent } {
  return {
    content,
    infer: async () => new Uint8Array(0),
    ledger: new InferenceLedger(0n),
    manifests: new Map(),
    hash: keccak256,
    prices: {
      scanGas: () => 0n,
      inferenceGas: () => 0n,
      firstUseGas: () => 0n,
      storeChunkGas,
      activationGas,
      activationWorkGas,
      selfTestGas,
    },
    readStorage: async () => new Uint8Array(0),
    currentCall: () => ({ caller: MODEL_REGISTRY, value: 0n, isStatic: false, isDirect: true, ...call }),
  }
}

function storeCall(chunk: Uint8Array): Uint8Array {
  return hexToBytes(encodeFunctionData({ abi, functionName: 'storeChunk', args: [bytesToHex(chunk)] }))
}

function activateCall(modelId: Hex, hashes: readonly Hex[], size: number | bigint): Uint8Array {
  return hexToBytes(encodeFunctionData({ abi, functionName: 'activate', args: [modelId, hashes, BigInt(size)] }))
}

async function upload(host: PrecompileHost, bytes: Uint8Array, chunkBytes: number): Promise<Hex[]> {
  const hashes: Hex[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const { returnValue } = await runModelStore(host, storeCall(bytes.subarray(at, at + chunkBytes)), PLENTY)
    hashes.push(bytesToHex(returnValue))
  }
  return hashes
}

async function failure(host: PrecompileHost, data: Uint8Array, gas = PLENTY) {
  const result = await runModelStore(host, data, gas)
  expect(result.exceptionError?.error).toBe('revert')
  const { errorName, args } = decodeErrorResult({ abi, data: bytesToHex(result.returnValue) })
  return { errorName, args, gasUsed: result.executionGasUsed }
}

describe('storeChunk', () => {
  test('puts the chunk under its hash and returns it', async () => {
    const host = hostOf()
    const chunk = Uint8Array.of(1, 2, 3)
    const result = await runModelStore(host, storeCall(chunk), PLENTY)
    expect(result).toEqual({ executionGasUsed: storeChunkGas(3), returnValue: keccak256(chunk) })
    expect(host.content.entries.get(bytesToHex(keccak256(chunk)))).toEqual(chunk)
  })

  test('stores nothing without the gas for it', async () => {
    const host = hostOf()
    const result = await runModelStore(host, storeCall(new Uint8Array(100)), storeChunkGas(100) - 1n)
    expect(result.exceptionError?.error).toBe('out of gas')
    expect(host.content.entries.size).toBe(0)
  })

  test('takes chunks up to the limit and none above', async () => {
    const host = hostOf()
    expect(
      (await runModelStore(host, storeCall(new Uint8Array(MAX_MODEL_CHUNK_BYTES)), PLENTY)).exceptionError,
    ).toBeUndefined()
    expect(await failure(host, storeCall(new Uint8Array(MAX_MODEL_CHUNK_BYTES + 1)))).toMatchObject({
      errorName: 'ModelInvalid',
    })
  })
})

describe('activate', () => {
  test('joins the chunks, builds the model and keeps graph and manifest', async () => {
    const host = hostOf()
    const hashes = await upload(host, graphBytes, 50)
    const result = await runModelStore(host, activateCall(model.modelId, hashes, graphBytes.length), PLENTY)
    expect(result.executionGasUsed).toBe(ACTIVATION_GAS)
    const [graphHash, manifest] = decodeAbiParameters(
      parseAbiParameters('bytes32, bytes'),
      bytesToHex(result.returnValue),
    )
    expect(graphHash).toBe(model.manifest.graphHash)
    expect(manifest).toBe(bytesToHex(encodeManifest(model.manifest)))
    expect(host.content.entries.get(graphHash)).toEqual(graphBytes)
    expect(host.content.entries.get(model.modelId)).toEqual(encodeManifest(model.manifest))
  })

  test('keeps nothing without the gas of the self-test', async () => {
    const host = hostOf()
    const hashes = await upload(host, graphBytes, 1000)
    const data = activateCall(model.modelId, hashes, graphBytes.length)
    const short = await runModelStore(host, data, ACTIVATION_GAS - 1n)
    expect(short).toMatchObject({ executionGasUsed: ACTIVATION_GAS - 1n, exceptionError: { error: 'out of gas' } })
    expect(host.content.entries.has(model.modelId)).toBe(false)
    expect((await runModelStore(host, data, ACTIVATION_GAS)).exceptionError).toBeUndefined()
  })

  test('refuses another model than the one announced', async () => {
    const host = hostOf()
    const hashes = await upload(host, graphBytes, 1000)
    const announced: Hex = `0x${'ab'.repeat(32)}`
    expect(await failure(host, activateCall(announced, hashes, graphBytes.length))).toMatchObject({
      errorName: 'ModelMismatch',
      args: [announced, model.modelId],
    })
    expect(host.content.entries.has(model.modelId)).toBe(false)
  })

  test('names the reason why a graph is invalid', async () => {
    const host = hostOf()
    const hashes = await upload(host, Uint8Array.of(1, 2, 3), 1000)
    const { errorName, args } = await failure(host, activateCall(model.modelId, hashes, 3))
    expect(errorName).toBe('ModelInvalid')
    expect(args?.[0]).toMatch(/\w/)
  })

  test('refuses chunks that are not there or do not add up', async () => {
    const host = hostOf()
    const hashes = await upload(host, graphBytes, 50)
    expect(
      await failure(host, activateCall(model.modelId, [...hashes.slice(1), ZERO], graphBytes.length)),
    ).toMatchObject({
      errorName: 'ChunkMissing',
      args: [ZERO],
    })
    for (const size of [graphBytes.length - 1, graphBytes.length + 1, 0]) {
      expect(await failure(host, activateCall(model.modelId, hashes, size))).toMatchObject({
        errorName: 'ModelInvalid',
      })
    }
  })

  test('gives the block up when this node lacks a chunk that the registry recorded', async () => {
    const lost = activateCall(model.modelId, [`0x${'cd'.repeat(32)}`], graphBytes.length)
    await expect(runModelStore(hostOf(), lost, PLENTY)).rejects.toMatchObject({ kind: 'Unavailable' })
  })

  test('charges by the declared size before any work, and refuses sizes above the cap', async () => {
    const host = hostOf()
    const short = await runModelStore(host, activateCall(model.modelId, [], 1000), activationGas(1000) - 1n)
    expect(short.exceptionError?.error).toBe('out of gas')
    for (const size of [BigInt(MAX_MODEL_GRAPH_BYTES + 1), 2n ** 255n]) {
      expect(await failure(host, activateCall(model.modelId, [], size))).toMatchObject({ errorName: 'ModelInvalid' })
    }
  })
})

test('activate is paid for the check before the check is done', async () => {
  const host = hostOf()
  const graph = decodeGraph(graphBytes)
  const unfit = encodeGraph({ ...graph, outputs: graph.outputs.map((output) => ({ ...output, value: 0 })) })
  const hashes = await upload(host, unfit, 1000)
  const call = activateCall(model.modelId, hashes, unfit.length)
  const full = activationGas(unfit.length) + activationWorkGas(model.manifest.counters)
  const short = await runModelStore(host, call, full - 1n)
  expect(short.exceptionError?.error).toBe('out of gas')
  expect(await failure(host, call, full)).toMatchObject({ errorName: 'ModelInvalid', gasUsed: full })
})

describe('the model store', () => {
  test('serves only the registry, by plain CALL without value', async () => {
    const caller: Hex = '0x00000000000000000000000000000000000000aa'
    for (const call of [{ caller }, { value: 1n }, { isStatic: true }, { isDirect: false }]) {
      expect(await failure(hostOf(call), storeCall(Uint8Array.of(1)))).toMatchObject({ errorName: 'ModelStoreCall' })
    }
  })

  test('reverts on malformed calls', async () => {
    const whole = activateCall(model.modelId, [ZERO], 10)
    const malformed = [
      new Uint8Array(0),
      whole.subarray(0, 4),
      whole.subarray(0, 60),
      whole.subarray(0, whole.length - 1),
      concatBytes(whole.subarray(0, 36), new Uint8Array(32).fill(0xff), whole.subarray(68)),
      Uint8Array.of(1, 2, 3, 4),
    ]
    for (const data of malformed) {
      expect((await runModelStore(hostOf(), data, PLENTY)).exceptionError?.error).toBe('revert')
    }
  })
})
