import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelRegistryAbi } from '../../contracts/generated/model-registry.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { affineModel, inferenceCall, referenceInfer } from '../../test/support/models.ts'
import { POOR, publicClientFor, RICH, rawCall, walletClientFor } from '../../test/support/viem-clients.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import {
  INFERENCE_PRECOMPILE,
  L1_BLOCK,
  L2_TO_L1_MESSAGE_PASSER,
  MODEL_REGISTRY,
  MULTICALL3,
} from '../protocol/constants.ts'

const model = affineModel()
let local: LocalChain
let client: ReturnType<typeof publicClientFor>
let wallet: ReturnType<typeof walletClientFor>

beforeAll(async () => {
  const alloc = { [RICH.address.toLowerCase() as Hex]: { balance: parseEther('1000').toString() } }
  local = await startLocalChain({ alloc, infer: referenceInfer([model]) })
  client = publicClientFor(local.url)
  wallet = walletClientFor(local.url, RICH)
  await local.until(() => local.blocks.length > 6)
})
afterAll(() => local.close())

const raw = (method: string, params: readonly unknown[] = []) => rawCall(local.url, method, params)

describe('blocks and state', () => {
  test('every way to name a block', async () => {
    const latest = await client.getBlock({ includeTransactions: true })
    expect(latest.transactions[0]).toMatchObject({ type: 'deposit', typeHex: '0x7e', isSystemTx: false, to: L1_BLOCK })
    expect(await client.getBlock({ blockHash: latest.hash })).toMatchObject({
      hash: latest.hash,
      stateRoot: latest.stateRoot,
    })
    expect((await client.getBlock({ blockTag: 'earliest' })).number).toBe(0n)
    expect((await client.getBlock({ blockTag: 'finalized' })).number).toBe(0n)
    expect((await client.getBlock({ blockTag: 'safe' })).number).toBe(0n)
    expect((await client.getBlock({ blockTag: 'pending' })).number).toBeGreaterThanOrEqual(latest.number)
    expect(await raw('eth_getBlockByNumber', ['0xffffff', false])).toMatchObject({ result: null })
    expect((await raw('eth_getBalance', [RICH.address, '0xffffff'])).error?.code).toBe(-32001)
    const eip1898 = { blockHash: latest.hash, requireCanonical: true }
    expect(await raw('eth_getBalance', [POOR.address, eip1898])).toHaveProperty('result')
    expect(await raw('eth_getBalance', [RICH.address, '0x0'])).toMatchObject({ result: '0x3635c9adc5dea00000' })
  })

  test('counts, receipts and uncles', async () => {
    const { number, hash } = await client.getBlock()
    const at = `0x${number.toString(16)}`
    const receipts = (await raw('eth_getBlockReceipts', [at])) as { result?: { transactionHash: Hex; type: string }[] }
    expect(receipts.result?.[0]).toMatchObject({ type: '0x7e', depositNonce: expect.any(String), status: '0x1' })
    expect(await raw('eth_getBlockTransactionCountByHash', [hash])).toMatchObject({
      result: `0x${receipts.result?.length.toString(16)}`,
    })
    expect(await raw('eth_getUncleCountByBlockNumber', [at])).toMatchObject({ result: '0x0' })
    const first = await client.getTransaction({ blockNumber: number, index: 0 })
    expect(first.hash).toBe(receipts.result?.[0]?.transactionHash)
  })

  test('fee history and suggestions', async () => {
    const history = await client.getFeeHistory({ blockCount: 5, rewardPercentiles: [10, 50, 90] })
    expect(history.baseFeePerGas).toHaveLength(6)
    expect(history.reward).toHaveLength(5)
    expect(history.gasUsedRatio).toHaveLength(5)
    const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas()
    expect(maxFeePerGas).toBeGreaterThan(maxPriorityFeePerGas)
    expect(await client.getGasPrice()).toBeGreaterThan(0n)
    expect((await raw('eth_feeHistory', ['0x2', 'latest', [50, 10]])).error?.code).toBe(-32602)
    expect((await raw('eth_feeHistory', ['0x2', 'latest', ['x']])).error?.code).toBe(-32602)
  })

  test('proofs', async () => {
    const proof = await client.getProof({ address: L2_TO_L1_MESSAGE_PASSER, storageKeys: [`0x${'00'.repeat(32)}`] })
    expect(proof.accountProof.length).toBeGreaterThan(0)
    expect(proof.storageProof[0]).toMatchObject({ value: 0n })
  })
})

describe('logs', () => {
  const contract = { address: MODEL_REGISTRY, abi: modelRegistryAbi } as const

  test('by range, topic and block, and by filters', async () => {
    const filter = await client.createContractEventFilter({ ...contract, eventName: 'Committed', fromBlock: 0n })
    const blockFilter = await client.createBlockFilter()
    const pendingFilter = await client.createPendingTransactionFilter()
    const commitment: Hex = `0x${'99'.repeat(32)}`
    const hash = await wallet.writeContract({ ...contract, functionName: 'commit', args: [commitment] })
    const { blockNumber, blockHash } = await client.waitForTransactionReceipt({ hash })
    const [log, ...others] = await client.getContractEvents({
      ...contract,
      eventName: 'Committed',
      args: { commitment },
      fromBlock: 0n,
    })
    expect(others).toEqual([])
    expect(log).toMatchObject({ blockNumber, blockHash, transactionHash: hash, logIndex: 0, removed: false })
    expect(await client.getLogs({ blockHash, event: undefined, address: MODEL_REGISTRY })).toHaveLength(1)
    expect(await client.getLogs({ blockHash, address: MULTICALL3 })).toEqual([])
    const changes = await client.getFilterChanges({ filter })
    expect(changes.map(({ transactionHash }) => transactionHash)).toEqual([hash])
    expect((await client.getFilterLogs({ filter })).length).toBeGreaterThanOrEqual(1)
    expect(await client.getFilterChanges({ filter: blockFilter })).toContain(blockHash)
    expect(await client.getFilterChanges({ filter: pendingFilter })).toEqual([hash])
    expect(await client.uninstallFilter({ filter })).toBe(true)
    await expect(client.getFilterChanges({ filter })).rejects.toThrow(/filter not found/)
  })

  test('searches are bounded', async () => {
    const wide = await raw('eth_getLogs', [{ fromBlock: '0x5', toBlock: '0x1' }])
    expect(wide.error).toMatchObject({ code: -32602 })
    expect(await raw('eth_getLogs', [{ fromBlock: '0x0', toBlock: '0xfffffffff' }])).toHaveProperty('result')
  })
})

describe('models', () => {
  const contract = { address: MODEL_REGISTRY, abi: modelRegistryAbi } as const
  const salt: Hex = `0x${'5a'.repeat(32)}`
  const send = async (functionName: string, args: readonly unknown[]) => {
    const hash = await wallet.writeContract({ ...contract, functionName, args } as never)
    expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
  }

  test('publishing through ordinary transactions', async () => {
    expect((await raw('ai_listModels')).result).toEqual({ total: 0, models: [] })
    expect((await raw('ai_getModel', [model.modelId])).result).toBeNull()
    const commitment = await client.readContract({
      ...contract,
      functionName: 'commitmentHash',
      args: [RICH.address, model.modelId, salt],
    })
    await send('commit', [commitment])
    await send('uploadChunk', [model.modelId, 0n, bytesToHex(model.graphBytes)])
    await send('activate', [model.modelId, salt, 1n, BigInt(model.graphBytes.length), 'ipfs://affine'])
    const listed = (await raw('ai_listModels')) as { result?: { total: number; models: object[] } }
    expect(listed.result).toMatchObject({
      total: 1,
      models: [{ modelId: model.modelId, metadataURI: 'ipfs://affine' }],
    })
    expect((await raw('ai_getModel', [model.modelId])).result).toMatchObject({
      owner: RICH.address.toLowerCase(),
      inputBytes: 4,
      outputBytes: 8,
      inputs: [{ shape: [4], lo: -100, hi: 100 }],
    })
  })

  test('inference outside of a transaction, with its cost', async () => {
    const answer = await raw('ai_infer', [model.modelId, '0x01020364'])
    expect(answer.result).toMatchObject({ outputs: [{ shape: [4], values: [8, 11, 14, 305] }] })
    const wrong = await raw('ai_infer', [model.modelId, '0x01'])
    expect(wrong.error).toMatchObject({ code: 3, message: 'execution reverted: InputLength(4, 1)' })
    expect((await raw('ai_infer', [model.modelId, '0x7f000000'])).error?.message).toContain('InputOutOfRange(0)')
    expect((await raw('ai_infer', [`0x${'00'.repeat(32)}`, '0x'])).error?.code).toBe(-32001)
  })

  test('inference inside a transaction shows in the log of its block', async () => {
    const data = bytesToHex(inferenceCall(model, [1, 2, 3, 4]))
    const hash = await wallet.sendTransaction({ to: INFERENCE_PRECOMPILE, data })
    const { blockHash, status } = await client.waitForTransactionReceipt({ hash })
    expect(status).toBe('success')
    const log = await raw('ai_getInferences', [blockHash])
    expect(log.result).toMatchObject({ logCount: 1, inferences: [{ modelId: model.modelId }] })
    expect((await raw('ai_getInferences', ['0xffffff'])).result).toBeNull()
  })
})

describe('rollup', () => {
  test('sync status, outputs, configuration', async () => {
    const status = (await raw('optimism_syncStatus')) as { result?: Record<string, { number: number; hash: Hex }> }
    expect(status.result).toMatchObject({ head_l1: { number: expect.any(Number) }, safe_l2: { number: 0 } })
    const { number = 0 } = status.result?.unsafe_l2 ?? {}
    const output = await raw('optimism_outputAtBlock', [`0x${number.toString(16)}`])
    expect(output.result).toMatchObject({
      version: `0x${'00'.repeat(32)}`,
      outputRoot: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      blockRef: { number, l1origin: { number: expect.any(Number) } },
    })
    expect((await raw('optimism_rollupConfig')).result).toMatchObject({ l2_chain_id: LOCAL_CHAIN_ID, block_time: 1 })
  })
})
