import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { multicall3Bytecode } from '../../contracts/generated/multicall3.ts'
import { LOCAL_CHAIN_ID, type LocalChain, startLocalChain } from '../../test/support/local-chain.ts'
import { affineModel, putModels, referenceInfer, registryWith } from '../../test/support/models.ts'
import { CREATE2_DEPLOYER, INFERENCE_PRECOMPILE, MULTICALL3 } from '../protocol/constants.ts'
import type { ContentStore } from '../protocol/content-store.ts'

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const { address } = privateKeyToAccount(KEY)
const CAST = fileURLToPath(new URL('../../node_modules/.bin/cast', import.meta.url))
const model = affineModel()
let local: LocalChain

beforeAll(async () => {
  const alloc = { [address.toLowerCase()]: { balance: parseEther('1000').toString() }, ...registryWith([model]) }
  const prepare = (content: ContentStore) => putModels(content, [model])
  local = await startLocalChain({ alloc, infer: referenceInfer([model]), prepare })
})
afterAll(() => local.close())

/** What cast printed; its npm launcher ends with 0 even when it failed, so that an error is known by its words. */
async function cast(...args: string[]): Promise<string> {
  const environment = { ...process.env, ETH_RPC_URL: local.url, NO_COLOR: '1' }
  const { stdout, stderr } = await promisify(execFile)(CAST, args, { env: environment, timeout: 20_000 })
  return (stdout === '' ? stderr : stdout).trim()
}

const send = async (...args: string[]) => JSON.parse(await cast('send', '--json', '--private-key', KEY, ...args))

test('reads the chain', async () => {
  expect(await cast('chain-id')).toBe(String(LOCAL_CHAIN_ID))
  expect(Number(await cast('block-number'))).toBeGreaterThanOrEqual(0)
  expect(await cast('balance', address)).toBe(parseEther('1000').toString())
  expect(JSON.parse(await cast('block', 'finalized', '--json'))).toMatchObject({ number: '0x0' })
  expect((await cast('code', CREATE2_DEPLOYER)).length).toBeGreaterThan(10)
  expect(Number(await cast('gas-price'))).toBeGreaterThan(0)
})

test('sends, deploys and reads back', async () => {
  const receipt = await send('0x00000000000000000000000000000000000000ee', '--value', '5')
  expect(receipt).toMatchObject({ status: '0x1', gasUsed: '0x5208' })
  expect(JSON.parse(await cast('tx', receipt.transactionHash, '--json'))).toMatchObject({ value: '0x5' })
  const legacy = await send('0x00000000000000000000000000000000000000ee', '--legacy')
  expect(legacy).toMatchObject({ status: '0x1', type: '0x0' })
  const created = await send('--create', multicall3Bytecode)
  expect(created.contractAddress).toMatch(/^0x[0-9a-f]{40}$/)
  expect(await cast('call', created.contractAddress, 'getChainId()(uint256)')).toContain(String(LOCAL_CHAIN_ID))
})

test('proofs, access lists, estimates and receipts of blocks with deposits', async () => {
  expect(JSON.parse(await cast('proof', address, '--json'))).toHaveProperty('accountProof')
  expect(await cast('access-list', MULTICALL3, 'getChainId()')).toContain('gas used')
  expect(Number(await cast('estimate', MULTICALL3, 'getChainId()'))).toBeGreaterThan(21_000)
  const block = JSON.parse(await cast('block', '1', '--full', '--json'))
  expect(block.transactions[0]).toMatchObject({ type: '0x7e' })
  expect(JSON.parse(await cast('receipt', block.transactions[0].hash, '--json'))).toMatchObject({ status: '0x1' })
})

test('calls the inference precompile', async () => {
  const output = await cast('call', INFERENCE_PRECOMPILE, '--data', `${model.modelId}01020304`)
  expect(output).toBe('0x0008000b000e0011')
  const refusal = await cast('call', INFERENCE_PRECOMPILE, '--data', `${model.modelId}01`)
  expect(refusal).toContain('error code 3: execution reverted: InputLength(4, 1)')
})
