import { encodeErrorResult, encodeFunctionData, getContractAddress, parseAbi, parseEther, parseGwei } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelRegistryAbi } from '../../contracts/generated/model-registry.ts'
import { multicall3Abi, multicall3Bytecode } from '../../contracts/generated/multicall3.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { POOR, publicClientFor, RICH, rawCall, walletClientFor } from '../../test/support/viem-clients.ts'
import type { Hex } from '../protocol/bytes.ts'
import { MODEL_REGISTRY, MULTICALL3 } from '../protocol/constants.ts'

let local: LocalChain
let client: ReturnType<typeof publicClientFor>
let wallet: ReturnType<typeof walletClientFor>

beforeAll(async () => {
  const alloc = { [RICH.address.toLowerCase() as Hex]: { balance: parseEther('1000').toString() } }
  local = await startLocalChain({ alloc })
  client = publicClientFor(local.url)
  wallet = walletClientFor(local.url, RICH)
})
afterAll(() => local.close())

const raw = (method: string, params: readonly unknown[] = []) => rawCall(local.url, method, params)

const REASON = parseAbi(['error Error(string reason)'])

/** Code that reverts with its own tail: CODECOPY from byte 10 on, REVERT. */
function revertingWith(data: Hex): Hex {
  const size = ((data.length - 2) / 2).toString(16).padStart(2, '0')
  return `0x60${size}600a5f3960${size}5ffd${data.slice(2)}`
}

describe('transactions', () => {
  test('a transfer is prepared, sent, mined and read back', async () => {
    const hash = await wallet.sendTransaction({ to: POOR.address, value: 5n })
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', gasUsed: 21_000n, type: 'eip1559' })
    const transaction = await client.getTransaction({ hash })
    expect(transaction).toMatchObject({ value: 5n, blockHash: receipt.blockHash, chainId: LOCAL_CHAIN_ID })
    expect(transaction.from).toBe(RICH.address.toLowerCase())
    expect(await client.getBalance({ address: POOR.address })).toBe(5n)
    expect(await client.getTransactionCount({ address: RICH.address })).toBe(1)
  })

  test.each(['legacy', 'eip2930', 'eip1559'] as const)('type %s', async (type) => {
    const hash = await wallet.sendTransaction({ to: POOR.address, type } as never)
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', type })
    expect(await client.getTransaction({ hash })).toMatchObject({ type })
  })

  test('a type 4 transaction delegates', async () => {
    const authorization = await wallet.signAuthorization({ contractAddress: MULTICALL3, executor: 'self' })
    const hash = await wallet.sendTransaction({ authorizationList: [authorization], to: POOR.address })
    await client.waitForTransactionReceipt({ hash })
    const transaction = await client.getTransaction({ hash })
    expect(transaction.type).toBe('eip7702')
    expect(transaction).toMatchObject({ authorizationList: [{ address: MULTICALL3, nonce: authorization.nonce }] })
    expect(await client.getCode({ address: RICH.address })).toBe(`0xef0100${MULTICALL3.slice(2)}`)
    const undo = await wallet.signAuthorization({ contractAddress: `0x${'00'.repeat(20)}`, executor: 'self' })
    await client.waitForTransactionReceipt({
      hash: await wallet.sendTransaction({ authorizationList: [undo], to: RICH.address }),
    })
    expect(await client.getCode({ address: RICH.address })).toBeUndefined()
  })

  test('refusals have the words that wallets know', async () => {
    const request = {
      to: RICH.address,
      gas: 21_000n,
      maxFeePerGas: parseGwei('10'),
      maxPriorityFeePerGas: 1n,
    } as const
    const send = (changes: object, from = RICH) =>
      walletClientFor(local.url, from).sendTransaction({
        ...request,
        nonce: 0,
        ...changes,
      })
    await expect(send({})).rejects.toThrow(/[Nn]once provided for the transaction is lower/)
    await expect(send({ value: parseEther('1') }, POOR)).rejects.toThrow(/exceeds the balance of the account/)
    const nonce = await client.getTransactionCount({ address: RICH.address })
    await expect(send({ nonce, gas: 20_000n })).rejects.toThrow(/too low/)
    await expect(send({ nonce, maxFeePerGas: 1n })).rejects.toThrow(/cannot be lower than the block base fee/)
    expect((await raw('eth_sendRawTransaction', ['0x02c0'])).error?.message).toMatch(/^malformed transaction/)
    expect((await raw('eth_sendRawTransaction', ['0x03c0'])).error?.message).toMatch(/^transaction type not supported/)
  })

  test('pending and queued transactions show in the pool', async () => {
    const nonce = await client.getTransactionCount({ address: RICH.address })
    const hash = await wallet.sendTransaction({ to: POOR.address, nonce: nonce + 5, gas: 21_000n })
    expect(await raw('txpool_status')).toMatchObject({ result: { pending: '0x0', queued: '0x1' } })
    const sender = RICH.address.toLowerCase()
    const content = await raw('txpool_contentFrom', [sender])
    expect(content.result).toMatchObject({ queued: { [nonce + 5]: { hash, blockHash: null, from: sender } } })
    expect(await raw('txpool_content')).toMatchObject({ result: { queued: { [sender]: { [nonce + 5]: { hash } } } } })
    expect((await client.getTransaction({ hash })).blockNumber).toBeNull()
    expect(await client.getTransactionCount({ address: RICH.address, blockTag: 'pending' })).toBe(nonce)
    for (let n = nonce; n < nonce + 5; n++) await wallet.sendTransaction({ to: POOR.address, nonce: n, gas: 21_000n })
    await client.waitForTransactionReceipt({ hash })
  })
})

describe('contracts', () => {
  let address: Hex

  test('deployment', async () => {
    const nonce = await client.getTransactionCount({ address: RICH.address })
    address = getContractAddress({ from: RICH.address, nonce: BigInt(nonce) })
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
        { ...contract, functionName: 'getEthBalance', args: [POOR.address] },
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
      account: RICH,
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
    const broke = await raw('eth_estimateGas', [{ from: `0x${'aa'.repeat(20)}`, to: POOR.address, value: '0x1' }])
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
