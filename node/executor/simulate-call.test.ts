import { describe, expect, test } from 'vitest'
import { assemble, deployer, type Instruction, relay } from '../../test/support/bytecode.ts'
import { signed, TestChain, testAccount, testSpec } from '../../test/support/execution.ts'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { affineModel, inferenceCall, putModels, referenceInfer, registryWith } from '../../test/support/models.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { INFERENCE_PRECOMPILE } from '../protocol/constants.ts'
import type { CallRequest } from './call-request.ts'
import { estimateGas } from './estimate-gas.ts'
import { simulateCall } from './simulate-call.ts'

const alice = testAccount(0)
const bob = testAccount(1)
const model = affineModel()
const input = inferenceCall(model, [1, 2, 3, 4])
const address = (n: number): Hex => `0x00000000000000000000000000000000000c00${n.toString(16).padStart(2, '0')}`
const RETURN_WORD: Instruction[] = [0, 'MSTORE', 32, 0, 'RETURN']
const SLOT_0: Hex = `0x${'00'.repeat(32)}`
const wordOf = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`

const CODE = {
  infers: [address(1), relay(INFERENCE_PRECOMPILE, 'STATICCALL')],
  nested: [address(2), relay(address(1), 'CALL')],
  reverts: [address(3), assemble(0x1234, 0, 'MSTORE', 32, 0, 'REVERT')],
  reads: [address(4), assemble(0, 'SLOAD', ...RETURN_WORD)],
  writes: [address(5), assemble(7, 0, 'SSTORE', 0, 0, 'LOG0')],
  baseFee: [address(6), assemble('BASEFEE', ...RETURN_WORD)],
  balance: [address(7), assemble('CALLER', 'BALANCE', ...RETURN_WORD)],
  clears: [address(8), assemble(0, 0, 'SSTORE')],
  deep: [address(9), relay(address(2), 'CALL')],
  number: [address(10), assemble('NUMBER', ...RETURN_WORD)],
  halts: [address(11), assemble('POP')],
} as const satisfies Record<string, readonly [Hex, Uint8Array]>

async function openChain(): Promise<TestChain> {
  const content = new MemoryContent()
  putModels(content, [model])
  const contracts = Object.fromEntries(Object.values(CODE).map(([at, code]) => [at, { code: bytesToHex(code) }]))
  const cleared = { [address(8)]: { code: bytesToHex(CODE.clears[1]), storage: { [SLOT_0]: wordOf(1) } } }
  const spec = testSpec({ ...registryWith([model]), ...contracts, ...cleared })
  return TestChain.create(spec, referenceInfer([model]), content)
}

const call = (chain: TestChain, request: CallRequest) => simulateCall(chain.spec, chain.deps, chain.head, request)
const estimate = (chain: TestChain, request: CallRequest) => estimateGas(chain.spec, chain.deps, chain.head, request)
const numberIn = (bytes: Uint8Array): bigint => BigInt(bytesToHex(bytes))

describe('simulateCall', () => {
  test('returns data, revert data and the kind of failure', async () => {
    const chain = await openChain()
    const good = await call(chain, { to: CODE.infers[0], data: input })
    expect(good).toMatchObject({ failure: null, inferences: [{ modelId: model.modelId }] })
    expect([...good.returnData]).toEqual([0, 8, 0, 11, 0, 14, 0, 17])
    const reverted = await call(chain, { to: CODE.reverts[0] })
    expect(reverted.failure).toEqual({ kind: 'reverted' })
    expect(numberIn(reverted.returnData)).toBe(0x1234n)
    expect((await call(chain, { to: CODE.halts[0] })).failure).toEqual({ kind: 'halted', reason: 'stack underflow' })
    expect((await call(chain, { to: INFERENCE_PRECOMPILE, data: input, gas: 30_000n })).failure).toEqual({
      kind: 'out-of-gas',
    })
    expect((await call(chain, { to: bob.address, gas: 20_000n })).failure).toMatchObject({ kind: 'intrinsic-gas' })
  })

  test('calls the precompile directly, without an account', async () => {
    const chain = await openChain()
    const { returnData } = await call(chain, { to: INFERENCE_PRECOMPILE, data: input })
    expect([...returnData]).toEqual([0, 8, 0, 11, 0, 14, 0, 17])
  })

  test('changes nothing', async () => {
    const chain = await openChain()
    const entries = new Map(chain.content.entries)
    const { logs } = await call(chain, { to: CODE.writes[0] })
    expect(logs).toHaveLength(1)
    expect(chain.content.entries).toEqual(entries)
    const read = await call(chain, { to: CODE.writes[0] })
    expect(read.logs).toHaveLength(1)
  })

  test('charges only at a price, and then sees the base fee', async () => {
    const chain = await openChain()
    const unfunded = testAccount(60).address
    expect(numberIn((await call(chain, { from: unfunded, to: CODE.baseFee[0] })).returnData)).toBe(0n)
    const priced = { from: alice.address, gas: 100_000n, maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 0n }
    expect(numberIn((await call(chain, { ...priced, to: CODE.baseFee[0] })).returnData)).toBe(chain.head.baseFeePerGas)
    const before = numberIn((await call(chain, { from: alice.address, to: CODE.balance[0] })).returnData)
    const during = numberIn((await call(chain, { ...priced, to: CODE.balance[0] })).returnData)
    expect(before - during).toBe(100_000n * (chain.head.baseFeePerGas ?? 0n))
    await expect(call(chain, { ...priced, from: unfunded, to: bob.address })).rejects.toMatchObject({
      code: 'InsufficientFunds',
    })
    await expect(call(chain, { from: unfunded, to: bob.address, value: 1n })).rejects.toMatchObject({
      code: 'InsufficientFunds',
    })
  })

  test('lets contracts be senders', async () => {
    const chain = await openChain()
    expect((await call(chain, { from: CODE.infers[0], to: bob.address })).failure).toBeNull()
  })

  test('applies overrides of accounts and block', async () => {
    const chain = await openChain()
    const read = async (request: CallRequest) => numberIn((await call(chain, request)).returnData)
    const to = CODE.reads[0]
    expect(await read({ to, stateOverrides: { [to]: { stateDiff: { [SLOT_0]: wordOf(9) } } } })).toBe(9n)
    const other = address(99)
    expect(
      await read({
        to: other,
        stateOverrides: { [other]: { code: CODE.baseFee[1] } },
        blockOverrides: { baseFeeWei: 77n },
      }),
    ).toBe(77n)
    const cleared = { [address(8)]: { code: CODE.reads[1], state: {} } }
    expect(await read({ to: address(8), stateOverrides: cleared })).toBe(0n)
    expect(await read({ to: address(8), stateOverrides: { [address(8)]: { code: CODE.reads[1] } } })).toBe(1n)
    expect(await read({ to: CODE.number[0], blockOverrides: { number: 1234n } })).toBe(1234n)
    const rich = testAccount(61).address
    const gift = { from: rich, to: CODE.balance[0], stateOverrides: { [rich]: { balanceWei: 5n } } }
    expect(await read(gift)).toBe(5n)
  })
})

describe('estimateGas', () => {
  /** The estimate works as a real transaction, and a little less does not. */
  async function expectTight(chain: TestChain, request: CallRequest): Promise<void> {
    const { gas } = await estimate(chain, { from: alice.address, ...request })
    if (gas === undefined) throw new Error('the estimate failed')
    const transaction = {
      nonce: 0n,
      gasLimit: gas,
      ...(request.to ? { to: request.to } : {}),
      data: bytesToHex(request.data ?? new Uint8Array(0)),
    }
    const block = await chain.execute([signed(alice, transaction)])
    expect(block.transactions[1]?.success).toBe(true)
    const less = { from: alice.address, ...request, gas: gas - gas / 50n - 1n }
    const fails = await estimate(await openChain(), less)
    expect(fails.gas === undefined || fails.gas < gas).toBe(true)
  }

  test.each<[string, CallRequest]>([
    ['a transfer', { to: bob.address }],
    ['an inference', { to: CODE.infers[0], data: input }],
    ['an inference two calls deep, where 63/64 count', { to: CODE.deep[0], data: input }],
    ['a call with a late refund', { to: CODE.clears[0] }],
    ['a deployment', { data: deployer(CODE.deep[1]) }],
    ['much calldata', { to: bob.address, data: new Uint8Array(5_000).fill(1) }],
  ])('is enough, and not much too much, for %s', async (_, request) => {
    await expectTight(await openChain(), request)
  })

  test('of a transfer is exact', async () => {
    expect(await estimate(await openChain(), { from: alice.address, to: bob.address })).toEqual({ gas: 21_000n })
  })

  test('reports the revert data of what no gas makes succeed', async () => {
    const { failure } = await estimate(await openChain(), { to: CODE.reverts[0] })
    expect(failure?.failure).toEqual({ kind: 'reverted' })
    expect(numberIn(failure?.returnData ?? new Uint8Array(1))).toBe(0x1234n)
  })

  test('is capped by what the sender can pay', async () => {
    const chain = await openChain()
    const sender = testAccount(62).address
    const request = { from: sender, to: INFERENCE_PRECOMPILE, data: input, maxFeePerGas: 10n ** 12n }
    const poor = await estimate(chain, {
      ...request,
      stateOverrides: { [sender]: { balanceWei: 30_000n * 10n ** 12n } },
    })
    expect(poor.failure?.failure).toEqual({ kind: 'out-of-gas' })
  })
})
