import { RLP } from '@ethereumjs/rlp'
import { describe, expect, test } from 'vitest'
import { assemble, deployer, forwarder } from '../../test/support/bytecode.ts'
import { signed, TestChain, testAccount, testSpec, userDeposit } from '../../test/support/execution.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { DepositTransaction } from '../protocol/deposit-transaction.ts'
import type { ExecutedBlock, ExecutedTransaction } from './execution.ts'
import { readAccount, readCode, readStorage } from './read-state.ts'
import { encodeReceipt } from './receipt.ts'
import { listRoot } from './trie.ts'

const depositor = testAccount(20).address
const receiver = testAccount(21).address
const ETHER = 10n ** 18n
const SLOT_0: Hex = `0x${'00'.repeat(32)}`
const REVERTER: Hex = '0x00000000000000000000000000000000000c0001'
const CONTEXT: Hex = '0x00000000000000000000000000000000000c0002'
const CLEARER: Hex = '0x00000000000000000000000000000000000c0003'
const BURNER: Hex = '0x00000000000000000000000000000000000c0004'

async function openChain(): Promise<TestChain> {
  const code = (bytes: Uint8Array) => ({ code: bytesToHex(bytes) })
  return TestChain.create(
    testSpec({
      [REVERTER]: code(assemble(0, 0, 'REVERT')),
      [CONTEXT]: code(assemble('GASPRICE', 'ISZERO', 0, 'SSTORE', 'ORIGIN', 1, 'SSTORE', 'CALLVALUE', 2, 'SSTORE')),
      [CLEARER]: { ...code(assemble(0, 0, 'SSTORE')), storage: { [SLOT_0]: `0x${'01'.padStart(64, '0')}` } },
      [BURNER]: code(assemble('INVALID')),
    }),
  )
}

function depositOf(block: ExecutedBlock, index = 1): ExecutedTransaction {
  return block.transactions[index] as ExecutedTransaction
}

const accountIn = (chain: TestChain, address: Hex) => readAccount(chain.content, chain.head.stateRoot, address)

describe('a deposit', () => {
  test('mints, transfers, pays no fee and raises the nonce', async () => {
    const chain = await openChain()
    const block = await chain.execute([], [userDeposit({ mint: 3n * ETHER, value: ETHER })])
    expect(depositOf(block)).toMatchObject({
      success: true,
      depositNonce: 0n,
      gasUsed: 21_000n,
      effectiveGasPriceWei: 0n,
    })
    expect(await accountIn(chain, depositor)).toMatchObject({ balanceWei: 2n * ETHER, nonce: 1n })
    expect(await accountIn(chain, receiver)).toMatchObject({ balanceWei: ETHER })
    expect(await accountIn(chain, chain.attributes().feeRecipient)).toMatchObject({ balanceWei: 0n })
  })

  test('keeps the mint and the nonce when its call reverts', async () => {
    const chain = await openChain()
    const block = await chain.execute([], [userDeposit({ to: REVERTER, mint: ETHER, value: ETHER })])
    expect(depositOf(block)).toMatchObject({ success: false, depositNonce: 0n })
    expect(await accountIn(chain, depositor)).toMatchObject({ balanceWei: ETHER, nonce: 1n })
    expect(await accountIn(chain, REVERTER)).toMatchObject({ balanceWei: 0n })
  })

  test('uses all its gas when its call halts', async () => {
    const chain = await openChain()
    const block = await chain.execute([], [userDeposit({ to: BURNER, mint: 5n, gas: 77_777n })])
    expect(depositOf(block)).toMatchObject({ success: false, gasUsed: 77_777n })
    expect(await accountIn(chain, depositor)).toMatchObject({ balanceWei: 5n, nonce: 1n })
  })

  test.each<[string, Partial<DepositTransaction>]>([
    ['its value is above its balance', { mint: 5n, value: 6n }],
    ['its gas is below the intrinsic gas', { mint: 5n, gas: 20_999n }],
    ['its gas is below the calldata floor', { mint: 5n, gas: 60_000n, data: new Uint8Array(1_000).fill(1) }],
    ['its creation code is too large', { mint: 5n, to: null, gas: 5_000_000n, data: new Uint8Array(49_153) }],
  ])('is included and uses all its gas when it cannot start: %s', async (_, fields) => {
    const chain = await openChain()
    const deposit = userDeposit(fields)
    const block = await chain.execute([], [deposit])
    expect(depositOf(block)).toMatchObject({ success: false, gasUsed: fields.gas ?? 100_000n, depositNonce: 0n })
    expect(await accountIn(chain, depositor)).toMatchObject({ balanceWei: 5n, nonce: 1n })
    expect((await chain.execute([])).number).toBe(2)
  })

  test('that asks for more gas than the block has left fails and uses none', async () => {
    const chain = await openChain()
    const deposits = [userDeposit({ mint: 5n, gas: 30_000_000n }), userDeposit({ mint: 5n })]
    const block = await chain.execute([], deposits)
    expect(depositOf(block)).toMatchObject({ success: false, gasUsed: 0n, depositNonce: 0n })
    expect(depositOf(block, 2)).toMatchObject({ success: true, depositNonce: 1n })
    expect(await accountIn(chain, depositor)).toMatchObject({ balanceWei: 10n, nonce: 2n })
  })

  test('creates a contract at the address of its nonce', async () => {
    const chain = await openChain()
    const code = assemble('CALLVALUE', 0, 'SSTORE')
    const first = userDeposit({ to: null, data: deployer(code), gas: 500_000n })
    const failing = userDeposit({ to: null, data: assemble('INVALID'), gas: 500_000n })
    const block = await chain.execute(
      [],
      [first, failing, userDeposit({ to: null, data: deployer(code), gas: 500_000n })],
    )
    const created = [1, 2, 3].map((index) => depositOf(block, index).contractAddress as Hex)
    expect(new Set(created).size).toBe(3)
    const codes = await Promise.all(created.map((address) => readCode(chain.content, chain.head.stateRoot, address)))
    expect(codes).toEqual([code, new Uint8Array(0), code])
  })

  test('runs with a zero gas price and itself as origin', async () => {
    const chain = await openChain()
    await chain.execute([], [userDeposit({ to: CONTEXT, mint: 9n, value: 9n })])
    const slot = (n: number): Hex => `0x${n.toString().padStart(64, '0')}`
    const read = (n: number) => readStorage(chain.content, chain.head.stateRoot, CONTEXT, slot(n))
    expect((await read(0))[31]).toBe(1)
    expect((await read(1)).subarray(12)).toEqual(hexToBytes(depositor))
    expect((await read(2))[31]).toBe(9)
  })

  test('gets storage refunds in its gas used, up to a fifth', async () => {
    const chain = await openChain()
    const block = await chain.execute([], [userDeposit({ to: CLEARER })])
    const full = 21_000n + 3n + 3n + 5_000n
    expect(depositOf(block).gasUsed).toBe(full - 4_800n)
  })

  test('can be sent by a contract account', async () => {
    const chain = await openChain()
    const block = await chain.execute([], [userDeposit({ from: CONTEXT, mint: 4n, value: 4n })])
    expect(depositOf(block).success).toBe(true)
    expect(await accountIn(chain, receiver)).toMatchObject({ balanceWei: 4n })
  })

  test('touches nothing that a later transaction does not see', async () => {
    const chain = await openChain()
    const alice = testAccount(0)
    const deposit = userDeposit({ from: alice.address, mint: ETHER, value: 0n })
    const block = await chain.execute([signed(alice, { nonce: 1n, to: receiver, value: 1n })], [deposit])
    expect(block.transactions.map(({ success }) => success)).toEqual([true, true, true])
  })
})

describe('receipts', () => {
  test('of deposits commit to nonce and version, and the receipts root to all of them', async () => {
    const chain = await openChain()
    const alice = testAccount(0)
    const block = await chain.execute(
      [
        signed(alice, { nonce: 0n, to: receiver, value: 1n }),
        signed(alice, { nonce: 1n, to: receiver, gasPrice: 10n ** 10n }),
      ],
      [userDeposit()],
    )
    const receipts = block.transactions.map(encodeReceipt)
    expect(receipts.map((receipt) => ((receipt[0] as number) >= 0xc0 ? 0 : receipt[0]))).toEqual([0x7e, 0x7e, 2, 0])
    expect(bytesToHex(await listRoot(receipts))).toBe(bytesToHex(block.header.receiptTrie))
    const deposit = receipts[1] as Uint8Array
    const { cumulativeGasUsed } = depositOf(block)
    const expected = RLP.encode([1, cumulativeGasUsed, new Uint8Array(256), [], 0n, 1])
    expect(deposit).toEqual(concatBytes(Uint8Array.of(0x7e), expected))
  })
})

test('a forwarder that a deposit calls sees the deposit as its caller', async () => {
  const chain = await openChain()
  const code = forwarder(CONTEXT, 'CALL')
  const block = await chain.execute([], [userDeposit({ to: null, data: deployer(code), gas: 500_000n })])
  const address = depositOf(block).contractAddress as Hex
  await chain.execute([], [userDeposit({ to: address, gas: 500_000n })])
  const origin = await readStorage(chain.content, chain.head.stateRoot, CONTEXT, `0x${'1'.padStart(64, '0')}`)
  expect(origin.subarray(12)).toEqual(hexToBytes(depositor))
})
