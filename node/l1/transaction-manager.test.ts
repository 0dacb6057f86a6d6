import { parseGwei } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ANVIL_KEYS, startTestAnvil, TEST_L1_CHAIN_ID, type TestAnvil } from '../../test/support/test-anvil.ts'
import { encodeBlob } from '../derivation/blob-codec.ts'
import type { Hex } from '../protocol/bytes.ts'
import { createKzg } from './kzg.ts'
import { sleep } from './retry.ts'
import { createTransactionManager, type TransactionManager, type TransactionSettings } from './transaction-manager.ts'

const to: Hex = `0x${'b1'.repeat(20)}`
const account = privateKeyToAccount(ANVIL_KEYS[0])
const kzg = createKzg()
const signal = new AbortController().signal

let anvil: TestAnvil
let snapshot: unknown

function manager(changes: Partial<TransactionSettings> = {}): TransactionManager {
  const settings: TransactionSettings = {
    chainId: TEST_L1_CHAIN_ID,
    privateKey: ANVIL_KEYS[0],
    blobProofs: 'blob',
    confirmations: 1,
    pollMs: 20,
    resubmitMs: 150,
    feeLimit: 100n,
    ...changes,
  }
  return createTransactionManager(settings, { client: anvil.client, kzg })
}

/** A transaction of the account that this test's manager knows nothing of. */
async function sendForeign(maxFeePerGas: bigint): Promise<Hex> {
  const nonce = await anvil.client.getTransactionCount({ address: account.address })
  const fees = { maxFeePerGas, maxPriorityFeePerGas: 1n, gas: 21_000n }
  const serializedTransaction = await account.signTransaction({ chainId: TEST_L1_CHAIN_ID, nonce, to, ...fees })
  return anvil.client.sendRawTransaction({ serializedTransaction })
}

const mine = (blocks = 1) => anvil.rpc('anvil_mine', `0x${blocks.toString(16)}`)
const nonceOf = () => anvil.client.getTransactionCount({ address: account.address })
const poolSize = async () => Number(((await anvil.rpc('txpool_status')) as { pending: Hex }).pending)

async function untilPooled(): Promise<void> {
  while ((await poolSize()) === 0) await sleep(20)
}

beforeAll(async () => {
  anvil = await startTestAnvil()
  await mine()
})
beforeEach(async () => {
  snapshot = await anvil.rpc('evm_snapshot')
})
afterEach(async () => {
  await anvil.rpc('anvil_dropAllTransactions')
  await anvil.rpc('evm_revert', snapshot)
})
afterAll(async () => {
  await kzg.close()
  await anvil.close()
})

describe('transaction manager', () => {
  it('brings call data into L1', async () => {
    const sending = manager().send({ to, data: Uint8Array.of(1, 2, 3) }, signal)
    await untilPooled()
    await mine()
    const sent = await sending
    const receipt = await anvil.client.getTransactionReceipt({ hash: sent.hash })
    expect(receipt).toMatchObject({ status: 'success', blockHash: sent.l1Block.hash })
    const transaction = await anvil.client.getTransaction({ hash: sent.hash })
    expect(transaction).toMatchObject({ input: '0x010203', nonce: sent.nonce, type: 'eip1559' })
  })

  it('brings blobs into L1, and replaces them with higher fees until they are mined', async () => {
    const sending = manager({ resubmitMs: 400 }).send({ to, blobs: [encodeBlob(Uint8Array.of(7))] }, signal)
    await untilPooled()
    await sleep(1_500)
    expect(await poolSize()).toBe(1)
    await mine()
    const sent = await sending
    const { maxFeePerBlobGas, blobVersionedHashes, nonce } = await anvil.client.getTransaction({ hash: sent.hash })
    expect(blobVersionedHashes).toHaveLength(1)
    expect(maxFeePerBlobGas).toBeGreaterThan(parseGwei('1'))
    expect(await nonceOf()).toBe((nonce as number) + 1)
  })

  it('sends one after the other', async () => {
    const one = manager()
    const sending = [1, 2, 3].map((byte) => one.send({ to, data: Uint8Array.of(byte) }, signal))
    const all = Promise.all(sending)
    let done = false
    void all.then(() => {
      done = true
    })
    while (!done) {
      await mine()
      await sleep(30)
    }
    const nonces = (await all).map(({ nonce }) => nonce)
    expect(nonces).toEqual([0, 1, 2].map((i) => (nonces[0] as number) + i))
  })

  it('replaces what an earlier run left pending', async () => {
    await sendForeign(parseGwei('4'))
    const first = await nonceOf()
    const sending = manager().send({ to, data: Uint8Array.of(9) }, signal)
    await sleep(600)
    await mine()
    expect(await sending).toMatchObject({ nonce: first })
    expect(await nonceOf()).toBe(first + 1)
  })

  it('says so when another transaction took the nonce', async () => {
    const sending = manager({ feeLimit: 1n }).send({ to, data: Uint8Array.of(9) }, signal)
    await untilPooled()
    await anvil.rpc('anvil_dropAllTransactions')
    await sendForeign(parseGwei('50'))
    await Promise.all([expect(sending).rejects.toMatchObject({ kind: 'Unavailable', code: 'NonceTaken' }), mine()])
  })

  it('says so when L1 dropped the transactions before it', async () => {
    const one = manager()
    const first = one.send({ to, data: Uint8Array.of(1) }, signal)
    await untilPooled()
    await mine()
    const { nonce } = await first
    const second = one.send({ to, data: Uint8Array.of(2) }, signal)
    await untilPooled()
    await anvil.rpc('anvil_reorg', 1, [])
    await expect(second).rejects.toMatchObject({ kind: 'Unavailable', code: 'NonceGap' })

    await anvil.rpc('anvil_dropAllTransactions')
    const third = one.send({ to, data: Uint8Array.of(2) }, signal)
    await untilPooled()
    await mine()
    expect((await third).nonce).toBe(nonce)
  })

  it('waits for confirmations, and again when L1 drops the block', async () => {
    const sending = manager({ confirmations: 3 }).send({ to, data: Uint8Array.of(5) }, signal)
    await untilPooled()
    await mine(2)
    await sleep(100)
    await anvil.rpc('anvil_reorg', 2, [])
    let done = false
    void sending.then(() => {
      done = true
    })
    while (!done) {
      await mine()
      await sleep(100)
    }
    const sent = await sending
    const receipt = await anvil.client.getTransactionReceipt({ hash: sent.hash })
    expect(receipt.blockHash).toBe(sent.l1Block.hash)
    expect(Number(await anvil.client.getBlockNumber())).toBeGreaterThanOrEqual(sent.l1Block.number + 2)
  })

  it('names the account that lacks ether', async () => {
    await anvil.rpc('anvil_setBalance', account.address, '0x1')
    const failure = { kind: 'Unavailable', code: 'L1Funds', meta: { balanceWei: '1' } }
    await expect(manager().send({ to, data: Uint8Array.of(1) }, signal)).rejects.toMatchObject(failure)
  })

  it('stops when it is told to', async () => {
    const abort = new AbortController()
    const sending = manager().send({ to, data: Uint8Array.of(1) }, abort.signal)
    await untilPooled()
    abort.abort()
    await expect(sending).rejects.toMatchObject({ kind: 'Unavailable', code: 'Aborted' })
  })
})
