import { decodeErrorResult, decodeFunctionResult, encodeAbiParameters, encodeFunctionData, keccak256 } from 'viem'
import { beforeAll, describe, expect, test } from 'vitest'
import { modelRegistryAbi } from '../contracts/generated/model-registry.ts'
import { predeploys } from '../contracts/genesis-alloc.ts'
import { createBlockBuilder } from '../node/executor/block-builder.ts'
import type { ExecutedBlock } from '../node/executor/execution.ts'
import { simulateCall } from '../node/executor/simulate-call.ts'
import { bytesToHex, type Hex, hexToBytes } from '../node/protocol/bytes.ts'
import { INFERENCE_PRECOMPILE, MODEL_REGISTRY, MODEL_STORE_PRECOMPILE } from '../node/protocol/constants.ts'
import { signed, TestChain, testAccount, testSpec } from './support/execution.ts'
import { MemoryContent } from './support/memory-content.ts'
import { affineModel, inferenceCall, referenceInfer } from './support/models.ts'

const alice = testAccount(0)
const model = affineModel()
const SALT: Hex = `0x${'5a'.repeat(32)}`
const CHUNK_BYTES = 60
const chunks = Array.from({ length: Math.ceil(model.graphBytes.length / CHUNK_BYTES) }, (_, i) =>
  bytesToHex(model.graphBytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)),
)
const size = BigInt(model.graphBytes.length)
const count = BigInt(chunks.length)

type Call = Parameters<typeof encodeFunctionData<typeof modelRegistryAbi>>[0]

/** A chain with the real registry, and its one user. */
class Registry {
  readonly chain: TestChain
  #nonce = 0n

  constructor(chain: TestChain) {
    this.chain = chain
  }

  static async open(content = new MemoryContent()): Promise<Registry> {
    return new Registry(await TestChain.create(testSpec(predeploys()), referenceInfer([model]), content))
  }

  /** One block with these calls of the registry. */
  execute(...calls: readonly Omit<Call, 'abi'>[]): Promise<ExecutedBlock> {
    return this.chain.execute(calls.map((call) => this.#transaction(MODEL_REGISTRY, encode(call))))
  }

  call(to: Hex, data: Uint8Array) {
    return simulateCall(this.chain.spec, this.chain.deps, this.chain.head, { from: alice.address, to, data })
  }

  #transaction(to: Hex, data: Hex): Uint8Array {
    return signed(alice, { nonce: this.#nonce++, to, data, gasLimit: 5_000_000n })
  }
}

function encode(call: Omit<Call, 'abi'>): Hex {
  return encodeFunctionData({ abi: modelRegistryAbi, ...call } as Call)
}

const commit = {
  functionName: 'commit',
  args: [
    keccak256(
      encodeAbiParameters(
        [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }],
        [alice.address, model.modelId, SALT],
      ),
    ),
  ],
} as const
const uploads = chunks.map(
  (chunk, index) => ({ functionName: 'uploadChunk', args: [model.modelId, BigInt(index), chunk] }) as const,
)
const activate = { functionName: 'activate', args: [model.modelId, SALT, count, size, 'ipfs://labels'] } as const

describe('a model on chain', () => {
  let registry: Registry
  let activation: ExecutedBlock

  beforeAll(async () => {
    registry = await Registry.open()
    await registry.execute(commit)
    await registry.execute(...uploads)
    activation = await registry.execute(activate)
  })

  test('is activated by commit, upload and reveal in ordinary transactions', async () => {
    expect(activation.transactions[1]?.success).toBe(true)
    const { returnData } = await registry.call(
      MODEL_REGISTRY,
      hexToBytes(encode({ functionName: 'isActive', args: [model.modelId] })),
    )
    expect(
      decodeFunctionResult({ abi: modelRegistryAbi, functionName: 'isActive', data: bytesToHex(returnData) }),
    ).toBe(true)
    expect(registry.chain.content.entries.get(model.manifest.graphHash)).toEqual(model.graphBytes)
  })

  test('then runs, and its inference is logged', async () => {
    const { failure, returnData } = await registry.call(INFERENCE_PRECOMPILE, inferenceCall(model, [1, 2, 3, 4]))
    expect(failure).toBeNull()
    expect([...returnData]).toEqual([0, 8, 0, 11, 0, 14, 0, 17])
  })

  test('did not run before', async () => {
    const fresh = await Registry.open()
    const { failure, returnData } = await fresh.call(INFERENCE_PRECOMPILE, inferenceCall(model, [1, 2, 3, 4]))
    expect(failure).toEqual({ kind: 'reverted' })
    expect(returnData).toHaveLength(36)
  })
})

describe('activation fails, and the chain goes on', () => {
  async function failureOf(registry: Registry, call: Omit<Call, 'abi'>): Promise<string> {
    const { failure, returnData } = await registry.call(MODEL_REGISTRY, hexToBytes(encode(call)))
    expect(failure).toEqual({ kind: 'reverted' })
    return decodeErrorResult({ abi: modelRegistryAbi, data: bytesToHex(returnData) }).errorName
  }

  test('when the chunks are those of no model', async () => {
    const registry = await Registry.open()
    await registry.execute(commit)
    await registry.execute({ functionName: 'uploadChunk', args: [model.modelId, 0n, '0x010203'] })
    const bad = { functionName: 'activate', args: [model.modelId, SALT, 1n, 3n, ''] } as const
    expect(await failureOf(registry, bad)).toBe('ModelInvalid')
    expect((await registry.execute(bad)).transactions[1]?.success).toBe(false)
  })

  test('when the graph is another model', async () => {
    const registry = await Registry.open()
    const other = affineModel(9)
    await registry.execute(commit)
    await registry.execute({ functionName: 'uploadChunk', args: [model.modelId, 0n, bytesToHex(other.graphBytes)] })
    const args = [model.modelId, SALT, 1n, BigInt(other.graphBytes.length), ''] as const
    expect(await failureOf(registry, { functionName: 'activate', args })).toBe('ModelMismatch')
  })

  test('when a chunk was never uploaded', async () => {
    const registry = await Registry.open()
    await registry.execute(commit)
    await registry.execute(...uploads.slice(1))
    expect(await failureOf(registry, activate)).toBe('ModelRegistry_ChunkNotUploaded')
  })

  test('when the store is called around the registry', async () => {
    const registry = await Registry.open()
    const { failure } = await registry.call(MODEL_STORE_PRECOMPILE, Uint8Array.of(1, 2, 3, 4))
    expect(failure).toEqual({ kind: 'reverted' })
  })
})

test('chunks of a block that is given up never reach the store', async () => {
  const { chain } = await Registry.open()
  const chunk = `0x${'ab'.repeat(40)}` as const
  const data = encode({ functionName: 'uploadChunk', args: [model.modelId, 0n, chunk] })
  const upload = signed(alice, { nonce: 0n, to: MODEL_REGISTRY, data })
  const builder = await createBlockBuilder(chain.spec, chain.deps, chain.head, chain.attributes())
  expect(await builder.tryTransaction(upload)).toMatchObject({ included: true, transaction: { success: true } })
  expect(chain.content.entries.has(keccak256(chunk))).toBe(false)
  await chain.execute([upload])
  expect(chain.content.entries.has(keccak256(chunk))).toBe(true)
})
