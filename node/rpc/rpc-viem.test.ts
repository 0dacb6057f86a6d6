import {
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeErrorResult,
  encodeFunctionData,
  getContractAddress,
  http,
  parseAbi,
  parseEther,
  parseGwei,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { chainConfig, publicActionsL2 } from 'viem/op-stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelRegistryAbi } from '../../contracts/generated/model-registry.ts'
import { multicall3Abi, multicall3Bytecode } from '../../contracts/generated/multicall3.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { affineModel, inferenceCall, referenceInfer } from '../../test/support/models.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import {
  INFERENCE_PRECOMPILE,
  L1_BLOCK,
  L2_TO_L1_MESSAGE_PASSER,
  MODEL_REGISTRY,
  MULTICALL3,
} from '../protocol/constants.ts'

const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
const poor = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
const model = affineModel()
let local: LocalChain
let chain: Chain

function publicClientOf(of: Chain) {
  return createPublicClient({ chain: of, transport: http(), pollingInterval: 30 }).extend(publicActionsL2())
}
let client: ReturnType<typeof publicClientOf>
let wallet: ReturnType<typeof createWallet>

function createWallet(of: Chain) {
  return createWalletClient({ account, chain: of, transport: http() })
}

beforeAll(async () => {
  const alloc = { [account.address.toLowerCase() as Hex]: { balance: parseEther('1000').toString() } }
  local = await startLocalChain({ alloc, infer: referenceInfer([model]) })
  chain = defineChain({
    ...chainConfig,
    id: LOCAL_CHAIN_ID,
    name: 'local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [local.url] } },
  })
  client = publicClientOf(chain)
  wallet = createWallet(chain)
})
afterAll(() => local.close())

const raw = async (method: string, params: unknown[] = []) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(local.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return (await response.json()) as { result?: never; error?: { code: number; message: string; data?: unknown } }
}

const REASON = parseAbi(['error Error(string reason)'])

/** Code that reverts with its own tail: CODECOPY from byte 10 on, REVERT. */
function revertingWith(data: Hex): Hex {
  const size = ((data.length - 2) / 2).toString(16).padStart(2, '0')
  return `0x60${size}600a5f3960${size}5ffd${data.slice(2)}`
}

describe('transactions', () => {
  test('a transfer is prepared, sent, mined and read back', async () => {
    const hash = await wallet.sendTransaction({ to: poor.address, value: 5n })
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', gasUsed: 21_000n, type: 'eip1559' })
    const transaction = await client.getTransaction({ hash })
    expect(transaction).toMatchObject({ value: 5n, blockHash: receipt.blockHash, chainId: LOCAL_CHAIN_ID })
    expect(transaction.from).toBe(account.address.toLowerCase())
    expect(await client.getBalance({ address: poor.address })).toBe(5n)
    expect(await client.getTransactionCount({ address: account.address })).toBe(1)
  })

  test.each(['legacy', 'eip2930', 'eip1559'] as const)('type %s', async (type) => {
    const hash = await wallet.sendTransaction({ to: poor.address, type } as never)
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', type })
    expect(await client.getTransaction({ hash })).toMatchObject({ type })
  })

  test('a type 4 transaction delegates', async () => {
    const authorization = await wallet.signAuthorization({ contractAddress: MULTICALL3, executor: 'self' })
    const hash = await wallet.sendTransaction({ authorizationList: [authorization], to: poor.address })
    await client.waitForTransactionReceipt({ hash })
    const transaction = await client.getTransaction({ hash })
    expect(transaction.type).toBe('eip7702')
    expect(transaction).toMatchObject({ authorizationList: [{ address: MULTICALL3, nonce: authorization.nonce }] })
    expect(await client.getCode({ address: account.address })).toBe(`0xef0100${MULTICALL3.slice(2)}`)
    const undo = await wallet.signAuthorization({ contractAddress: `0x${'00'.repeat(20)}`, executor: 'self' })
    await client.waitForTransactionReceipt({
      hash: await wallet.sendTransaction({ authorizationList: [undo], to: account.address }),
    })
    expect(await client.getCode({ address: account.address })).toBeUndefined()
  })

  test('refusals have the words that wallets know', async () => {
    const request = {
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: parseGwei('10'),
      maxPriorityFeePerGas: 1n,
    } as const
    const send = (changes: object, from = account) =>
      createWalletClient({ account: from, chain, transport: http() }).sendTransaction({
        ...request,
        nonce: 0,
        ...changes,
      })
    await expect(send({})).rejects.toThrow(/[Nn]once provided for the transaction is lower/)
    await expect(send({ value: parseEther('1') }, poor)).rejects.toThrow(/exceeds the balance of the account/)
    const nonce = await client.getTransactionCount({ address: account.address })
    await expect(send({ nonce, gas: 20_000n })).rejects.toThrow(/too low/)
    await expect(send({ nonce, maxFeePerGas: 1n })).rejects.toThrow(/cannot be lower than the block base fee/)
    expect((await raw('eth_sendRawTransaction', ['0x02c0'])).error?.message).toMatch(/^malformed transaction/)
    expect((await raw('eth_sendRawTransaction', ['0x03c0'])).error?.message).toMatch(/^transaction type not supported/)
  })

  test('pending and queued transactions show in the pool', async () => {
    const nonce = await client.getTransactionCount({ address: account.address })
    const hash = await wallet.sendTransaction({ to: poor.address, nonce: nonce + 5, gas: 21_000n })
    expect(await raw('txpool_status')).toMatchObject({ result: { pending: '0x0', queued: '0x1' } })
    const sender = account.address.toLowerCase()
    const content = await raw('txpool_contentFrom', [sender])
    expect(content.result).toMatchObject({ queued: { [nonce + 5]: { hash, blockHash: null, from: sender } } })
    expect(await raw('txpool_content')).toMatchObject({ result: { queued: { [sender]: { [nonce + 5]: { hash } } } } })
    expect((await client.getTransaction({ hash })).blockNumber).toBeNull()
    expect(await client.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(nonce)
    for (let n = nonce; n < nonce + 5; n++) await wallet.sendTransaction({ to: poor.address, nonce: n, gas: 21_000n })
    await client.waitForTransactionReceipt({ hash })
  })
})

describe('contracts', () => {
  let address: Hex

  test('deployment', async () => {
    const nonce = await client.getTransactionCount({ address: account.address })
    address = getContractAddress({ from: account.address, nonce: BigInt(nonce) })
    const hash = await wallet.deployContract({ abi: multicall3Abi, bytecode: multicall3Bytecode })
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', to: null, contractAddress: address.toLowerCase() })
    expect((await client.getCode({ address }))?.length).toBeGreaterThan(1000)
  })

  test('reads, also many at once', async () => {
    const contract = { address: MULTICALL3, abi: multicall3Abi } as const
    const number = await client.readContract({ ...contract, functionName: 'getBlockNumber' })
    expect(number).toBeLessThanOrEqual(await client.getBlockNumber({ cacheTime: 0 }))
    expect(await client.readContract({ ...contract, functionName: 'getChainId' })).toBe(BigInt(LOCAL_CHAIN_ID))
    const results = await client.multicall({
      contracts: [
        { ...contract, functionName: 'getChainId' },
        { ...contract, functionName: 'getEthBalance', args: [poor.address] },
      ],
      multicallAddress: MULTICALL3,
      allowFailure: false,
    })
    expect(results[0]).toBe(BigInt(LOCAL_CHAIN_ID))
  })

  test('reverts carry reason and data, in calls, estimates and receipts', async () => {
    const failing = { target: MODEL_REGISTRY, callData: '0xffffffff' } as const
    const data = encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate', args: [[failing]] })
    const call = await raw('eth_call', [{ to: address, data }, 'latest'])
    expect(call.error).toMatchObject({
      code: 3,
      message: 'execution reverted',
      data: expect.stringMatching(/^0xc235e7ae/),
    })
    const override = { [address]: { code: revertingWith(encodeErrorResult({ abi: REASON, args: ['no loan today'] })) } }
    const reason = await raw('eth_call', [{ to: address }, 'latest', override])
    expect(reason.error).toMatchObject({ code: 3, message: 'execution reverted: no loan today' })
    expect((await raw('eth_estimateGas', [{ to: address, data }])).error).toMatchObject({ code: 3 })
    const unknown = client.readContract({
      address: MODEL_REGISTRY,
      abi: modelRegistryAbi,
      functionName: 'getModel',
      args: [`0x${'12'.repeat(32)}`],
    })
    await expect(unknown).rejects.toThrow(/ModelRegistry_NotActive/)
    const hash = await wallet.sendTransaction({ to: address, data, gas: 100_000n })
    expect((await client.waitForTransactionReceipt({ hash })).status).toBe('reverted')
  })

  test('estimates suffice; a call that cannot succeed says so', async () => {
    const salt: Hex = `0x${'77'.repeat(32)}`
    const gas = await client.estimateContractGas({
      address: MODEL_REGISTRY,
      abi: modelRegistryAbi,
      functionName: 'commit',
      args: [salt],
      account,
    })
    const hash = await wallet.writeContract({
      address: MODEL_REGISTRY,
      abi: modelRegistryAbi,
      functionName: 'commit',
      args: [salt],
      gas,
    })
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('success')
    expect(receipt.gasUsed).toBeLessThanOrEqual(gas)
    const tooLittle = await raw('eth_estimateGas', [{ to: MULTICALL3, gas: '0x5000' }])
    expect(tooLittle.error?.message).toMatch(/^gas required exceeds allowance/)
    const broke = await raw('eth_estimateGas', [{ from: `0x${'aa'.repeat(20)}`, to: poor.address, value: '0x1' }])
    expect(broke.error?.message).toMatch(/^insufficient funds for gas \* price \+ value/)
  })

  test('state and block overrides', async () => {
    const who = `0x${'ee'.repeat(20)}`
    const balanceOf = encodeFunctionData({ abi: multicall3Abi, functionName: 'getEthBalance', args: [who as Hex] })
    const answer = await raw('eth_call', [
      { to: MULTICALL3, input: balanceOf },
      'latest',
      { [who]: { balance: '0x2a' } },
    ])
    expect(answer).toMatchObject({ result: `0x${'2a'.padStart(64, '0')}` })
    const numberCall = encodeFunctionData({ abi: multicall3Abi, functionName: 'getBlockNumber' })
    const params = [{ to: MULTICALL3, data: numberCall }, 'latest', {}, { number: '0x99' }]
    expect(await raw('eth_call', params)).toMatchObject({ result: `0x${'99'.padStart(64, '0')}` })
  })

  test('access lists', async () => {
    const modelCount = encodeFunctionData({ abi: modelRegistryAbi, functionName: 'modelCount' })
    const call = { target: MODEL_REGISTRY, callData: modelCount }
    const data = encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate', args: [[call]] })
    const { accessList, gasUsed } = await client.createAccessList({ to: MULTICALL3, data })
    expect(accessList).toEqual([{ address: MODEL_REGISTRY, storageKeys: [`0x${'2'.padStart(64, '0')}`] }])
    expect(gasUsed).toBeGreaterThan(21_000n)
  })
})

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
    expect((await raw('eth_getBalance', [account.address, '0xffffff'])).error?.code).toBe(-32001)
    const eip1898 = { blockHash: latest.hash, requireCanonical: true }
    expect(await raw('eth_getBalance', [poor.address, eip1898])).toHaveProperty('result')
    expect(await raw('eth_getBalance', [account.address, '0x0'])).toMatchObject({ result: '0x3635c9adc5dea00000' })
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
      args: [account.address, model.modelId, salt],
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
      owner: account.address.toLowerCase(),
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
