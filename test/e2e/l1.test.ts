import { randomBytes } from 'node:crypto'
import { createPublicClient, createWalletClient, type Hex, http, parseEther, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { optimismPortalAbi } from '../../contracts/generated/optimism-portal.ts'
import { BATCHER, type DevnetAccount, FUNDED_ACCOUNTS } from '../../devnet/accounts.ts'
import { l1Chain } from '../../devnet/deploy-l1.ts'
import { readDevnetRecord } from '../../devnet/devnet-record.ts'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { type L2Reader, l2Reader } from '../../devnet/transaction-sender.ts'
import { createKzg, type Kzg } from '../../node/l1/kzg.ts'
import { bytesToHex } from '../../node/protocol/bytes.ts'
import type { ChainSpec } from '../../node/protocol/chain-spec.ts'
import { createDevnetProcess, type DevnetProcess } from '../support/devnet-process.ts'
import { until } from '../support/processes.ts'

const [DEPOSITOR, STRANGER] = FUNDED_ACCOUNTS.slice(3) as unknown as readonly [DevnetAccount, DevnetAccount]
/** An address that nobody used. */
const FRESH: Hex = `0x${'d0'.repeat(20)}`

let devnet: DevnetProcess
let summary: DevnetSummary
let spec: ChainSpec
let kzg: Kzg
let sequencer: L2Reader
let verifier: L2Reader

beforeAll(async () => {
  devnet = await createDevnetProcess()
  kzg = createKzg()
  summary = await devnet.start()
  spec = (readDevnetRecord(devnet.dataDir) as { spec: ChainSpec }).spec
  sequencer = l2Reader(summary.endpoints.l2Rpc)
  verifier = l2Reader(summary.endpoints.verifierRpc)
}, 120_000)

afterAll(async () => {
  await kzg?.close()
  await devnet?.destroy()
})

const l1Reader = () =>
  createPublicClient({ chain: l1Chain(summary.endpoints.l1Rpc), transport: http(), pollingInterval: 100, cacheTime: 0 })
const l1Wallet = (account: DevnetAccount) =>
  createWalletClient({
    account: privateKeyToAccount(account.privateKey),
    chain: l1Chain(summary.endpoints.l1Rpc),
    transport: http(),
  })

/** Waits until the verifier has derived the sequencer's present head, and holds both chains equal up to it. */
async function expectConverged(): Promise<void> {
  const head = await sequencer.getBlockNumber()
  await until(`block ${head} is derived`, async () => (await verifier.getBlockNumber()) >= head, 180_000)
  const top = (await verifier.getBlock({ blockTag: 'safe' })).number
  for (let number = top > 30n ? top - 30n : 0n; number <= top; number++) {
    const [ours, theirs] = await Promise.all(
      [sequencer, verifier].map((node) => node.getBlock({ blockNumber: number })),
    )
    expect(theirs?.hash).toBe(ours?.hash)
  }
}

describe('deposits', () => {
  const deposit = async (to: Hex, value: bigint, data: Hex = '0x', mint = value) => {
    const hash = await l1Wallet(DEPOSITOR).writeContract({
      address: spec.depositContractAddress,
      abi: optimismPortalAbi,
      functionName: 'depositTransaction',
      args: [to, value, 200_000n, false, data],
      value: mint,
    })
    const { status } = await l1Reader().waitForTransactionReceipt({ hash })
    expect(status).toBe('success')
  }

  test('of ether arrive on both nodes', async () => {
    await deposit(FRESH, parseEther('3'))
    for (const node of [sequencer, verifier]) {
      const arrived = async () => (await node.getBalance({ address: FRESH })) === parseEther('3')
      await until('the deposit arrived', arrived, 60_000)
    }
    await expectConverged()
  })

  test('that fail on L2 mint to their sender and leave a failed receipt', async () => {
    const before = await sequencer.getBalance({ address: DEPOSITOR.address })
    // The loan desk takes no ether: the deposit's call reverts, its mint stays.
    await deposit(summary.contracts.loanDesk as Hex, parseEther('1'), stringToHex('no such function'))
    const arrived = async () =>
      (await sequencer.getBalance({ address: DEPOSITOR.address })) === before + parseEther('1')
    await until('the mint arrived', arrived)
    await expectConverged()
  })
})

describe('garbage in the batch inbox', () => {
  /** Sends calldata or a blob to the inbox, again when the batcher took the nonce meanwhile. */
  const sendGarbage = (account: DevnetAccount, blob: boolean) =>
    until('the garbage is on L1', async () => {
      const fields = { to: spec.batchInboxAddress, nonce: await nonceOf(account) } as const
      const wallet = l1Wallet(account)
      const hash = blob
        ? await wallet.sendTransaction({ ...fields, ...(await randomBlob()) })
        : await wallet.sendTransaction({ ...fields, data: `0x00${randomBytes(2_000).toString('hex')}` })
      return (await l1Reader().waitForTransactionReceipt({ hash, timeout: 5_000 })).status === 'success'
    })
  const nonceOf = ({ address }: DevnetAccount) => l1Reader().getTransactionCount({ address, blockTag: 'pending' })
  const randomBlob = async () => {
    // Field elements below the modulus: a first byte of 0, the rest random.
    const blob = Uint8Array.from(randomBytes(131_072), (byte, i) => (i % 32 === 0 ? 0 : byte))
    const { versionedHash, commitment, proofs } = await kzg.blobProof(blob)
    const proof = bytesToHex(proofs[0] as Uint8Array)
    const sidecars = [{ blob: bytesToHex(blob), commitment: bytesToHex(commitment), proof }]
    return { type: 'eip4844', maxFeePerBlobGas: 10n ** 9n, blobVersionedHashes: [versionedHash], sidecars } as const
  }

  test.each([
    ['a stranger', STRANGER, false],
    ['a stranger', STRANGER, true],
    ["the batcher's key", BATCHER, false],
    ["the batcher's key", BATCHER, true],
  ])(
    'of %s is skipped',
    async (_, account, blob) => {
      await sendGarbage(account, blob)
      await expectConverged()
    },
    90_000,
  )
})

describe('a reorganisation of L1', () => {
  test.each([1, 2, 5])(
    'by %i blocks: both nodes converge',
    async (depth) => {
      const before = await l1Reader().getBlock()
      await l1Reader().request({ method: 'anvil_reorg', params: [depth, []] } as never)
      expect((await l1Reader().getBlock({ blockNumber: before.number })).hash).not.toBe(before.hash)
      await expectConverged()
      const head = await sequencer.getBlockNumber()
      await until('the chain goes on', async () => (await sequencer.getBlockNumber()) > head + 2n)
      await expectConverged()
    },
    120_000,
  )
})
