import {
  Contract,
  ContractFactory,
  type ContractTransactionResponse,
  JsonRpcProvider,
  parseEther,
  Wallet,
} from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelRegistryAbi } from '../../contracts/generated/model-registry.ts'
import { multicall3Abi, multicall3Bytecode } from '../../contracts/generated/multicall3.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { MODEL_REGISTRY } from '../protocol/constants.ts'

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
let local: LocalChain
let provider: JsonRpcProvider
let wallet: Wallet

beforeAll(async () => {
  const { address } = new Wallet(KEY)
  local = await startLocalChain({ alloc: { [address.toLowerCase()]: { balance: parseEther('1000').toString() } } })
  provider = new JsonRpcProvider(local.url, undefined, { pollingInterval: 30, cacheTimeout: -1 })
  wallet = new Wallet(KEY, provider)
})
afterAll(async () => {
  provider.destroy()
  await local.close()
})

test('finds the network and reads several things in one batch', async () => {
  const [network, block, balance, fees] = await Promise.all([
    provider.getNetwork(),
    provider.getBlock('latest'),
    provider.getBalance(wallet.address),
    provider.getFeeData(),
  ])
  expect(network.chainId).toBe(BigInt(LOCAL_CHAIN_ID))
  expect(block?.transactions.length).toBeGreaterThanOrEqual(0)
  expect(balance).toBe(parseEther('1000'))
  expect(fees.maxFeePerGas).toBeGreaterThan(0n)
})

test('sends and waits for a receipt', async () => {
  const response = await wallet.sendTransaction({ to: `0x${'ee'.repeat(20)}`, value: 7n })
  const receipt = await response.wait()
  expect(receipt).toMatchObject({ status: 1, gasUsed: 21_000n, from: wallet.address })
  expect((await provider.getTransaction(response.hash))?.value).toBe(7n)
  expect(await provider.getTransactionReceipt(`0x${'00'.repeat(32)}`)).toBeNull()
})

test('deploys, calls, and reads events', async () => {
  const factory = new ContractFactory(multicall3Abi, multicall3Bytecode, wallet)
  const deployed = await factory.deploy()
  await deployed.waitForDeployment()
  const contract = new Contract(await deployed.getAddress(), multicall3Abi, provider)
  expect(await contract.getFunction('getChainId').staticCall()).toBe(BigInt(LOCAL_CHAIN_ID))
  const registry = new Contract(MODEL_REGISTRY, modelRegistryAbi, wallet)
  const sent = (await registry.getFunction('commit')(`0x${'42'.repeat(32)}`)) as ContractTransactionResponse
  const receipt = await sent.wait()
  expect(receipt?.logs).toHaveLength(1)
  const [event] = await registry.queryFilter('Committed', receipt?.blockNumber, receipt?.blockNumber)
  expect(event).toMatchObject({ transactionHash: sent.hash, index: 0 })
})

test('decodes custom errors and knows the refusals of the pool', async () => {
  const registry = new Contract(MODEL_REGISTRY, modelRegistryAbi, wallet)
  const missing = registry.getFunction('getModel').staticCall(`0x${'11'.repeat(32)}`)
  await expect(missing).rejects.toMatchObject({ code: 'CALL_EXCEPTION', revert: { name: 'ModelRegistry_NotActive' } })
  const poor = Wallet.createRandom().connect(provider)
  await expect(poor.sendTransaction({ to: wallet.address, value: 1n })).rejects.toMatchObject({
    code: 'INSUFFICIENT_FUNDS',
  })
  const request = { to: wallet.address, gasLimit: 21_000n }
  await expect(wallet.sendTransaction({ ...request, nonce: 0 })).rejects.toMatchObject({ code: 'NONCE_EXPIRED' })
  const nonce = await wallet.getNonce('pending')
  const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n }
  await wallet.sendTransaction({ ...request, ...fees, nonce: nonce + 1 })
  const cheaper = wallet.sendTransaction({ ...request, ...fees, nonce: nonce + 1, value: 1n })
  await expect(cheaper).rejects.toMatchObject({ code: 'REPLACEMENT_UNDERPRICED' })
})

test('follows new blocks', async () => {
  const first = await new Promise<number>((resolve) => provider.once('block', resolve))
  expect(first).toBeGreaterThan(0)
})
