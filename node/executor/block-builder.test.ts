import { createBlockFromRLP } from '@ethereumjs/block'
import { createTx, type TypedTxData } from '@ethereumjs/tx'
import { ecrecover } from '@ethereumjs/util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assemble, deployer } from '../../test/support/bytecode.ts'
import {
  l1AttributesDeposit,
  signed,
  TEST_CHAIN_ID,
  TestChain,
  testAccount,
  testSpec,
  userDeposit,
} from '../../test/support/execution.ts'
import { MemoryContent, RecordingContent } from '../../test/support/memory-content.ts'
import { bytesEqual, bytesToHex, concatBytes, type Hex } from '../protocol/bytes.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { createBlockBuilder } from './block-builder.ts'
import { decodeBlock, encodeBlock } from './block-codec.ts'
import { chainRules } from './chain-rules.ts'
import { executeBlock } from './execute-block.ts'
import type { BlockBuilder } from './execution.ts'
import { readAccount, readStorage } from './read-state.ts'

const alice = testAccount(0)
const bob = testAccount(1)
const poor = testAccount(40)
const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const GWEI = 10n ** 9n

async function openBuilder(chain?: TestChain): Promise<BlockBuilder> {
  const on =
    chain ?? (await TestChain.create(testSpec({ [CONTRACT]: { code: '0xfe', balance: '1000000000000000000000' } })))
  return createBlockBuilder(on.spec, on.deps, on.head, on.attributes())
}

const transfer = (fields: Partial<TypedTxData> = {}) =>
  signed(alice, { nonce: 0n, to: bob.address, value: 1n, ...fields } as TypedTxData)

describe('a transaction is refused', () => {
  const rules = chainRules(TEST_CHAIN_ID)
  const unsigned = createTx(
    { type: 2, nonce: 0n, to: bob.address, gasLimit: 21_000n, chainId: TEST_CHAIN_ID, maxFeePerGas: GWEI },
    { common: rules },
  )
  const otherChain = createTx(
    { type: 2, nonce: 0n, to: bob.address, gasLimit: 21_000n, chainId: 1, maxFeePerGas: GWEI },
    { common: chainRules(1) },
  ).sign(alice.key)
  const blob = concatBytes(Uint8Array.of(3), Uint8Array.of(0xc0))
  test.each<[string, Uint8Array, string]>([
    ['with a nonce too high', transfer({ nonce: 1n }), 'NonceTooHigh'],
    [
      'with a fee cap below the base fee',
      transfer({ maxFeePerGas: 1n, maxPriorityFeePerGas: 0n } as TypedTxData),
      'FeeCapTooLow',
    ],
    ['with too little gas', transfer({ gasLimit: 20_999n }), 'IntrinsicGasTooLow'],
    ['below the calldata floor', transfer({ gasLimit: 25_000n, data: `0x${'01'.repeat(200)}` }), 'IntrinsicGasTooLow'],
    ['with more gas than any block', transfer({ gasLimit: 30_000_001n }), 'GasLimitExceedsBlock'],
    ['with more value than balance', transfer({ value: 10n ** 22n }), 'InsufficientFunds'],
    ['from an empty account', signed(poor, { nonce: 0n, to: bob.address }), 'InsufficientFunds'],
    ['when it is a blob transaction', blob, 'BlobTransaction'],
    ['when it is a deposit', userDeposit(), 'DepositNotForced'],
    ['when it is not signed', unsigned.serialize(), 'SignatureInvalid'],
    ['when it is for another chain', otherChain.serialize(), 'TransactionMalformed'],
    ['of unknown type', Uint8Array.of(0x7d, 0xc0), 'TransactionMalformed'],
    ['when it is empty', new Uint8Array(0), 'TransactionMalformed'],
    ['with bytes appended', concatBytes(transfer(), Uint8Array.of(0)), 'TransactionMalformed'],
    ['when it is too large', new Uint8Array(131_073).fill(0xc0), 'TransactionTooLarge'],
  ])('%s', async (_, raw, code) => {
    const builder = await openBuilder()
    const verdict = await builder.tryTransaction(raw)
    expect(verdict).toMatchObject({ included: false, reason: { kind: 'Invalid', code } })
  })

  test('with a nonce that was used', async () => {
    const builder = await openBuilder()
    await builder.tryTransaction(transfer())
    expect(await builder.tryTransaction(transfer({ value: 2n }))).toMatchObject({ reason: { code: 'NonceTooLow' } })
  })

  test('whatever its bytes, without a crash', async () => {
    const builder = await openBuilder()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 150 }), fc.constantFrom(0, 1, 2, 4, 0xf8), async (bytes, first) => {
        const verdict = await builder.tryTransaction(concatBytes(Uint8Array.of(first), bytes))
        expect(verdict.included).toBe(false)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 200) },
    )
  })
})

describe('building', () => {
  test('charges what the sender offers and gives the tip to the fee recipient', async () => {
    const chain = await TestChain.create()
    const recipient = chain.attributes().feeRecipient
    const before = await readAccount(chain.content, chain.head.stateRoot, alice.address)
    const block = await chain.execute([
      transfer({ maxFeePerGas: 5n * GWEI, maxPriorityFeePerGas: 2n * GWEI } as TypedTxData),
    ])
    const baseFee = block.header.baseFeePerGas ?? 0n
    const price = baseFee + 2n * GWEI
    expect(block.transactions[1]).toMatchObject({ effectiveGasPriceWei: price, gasUsed: 21_000n })
    const after = await readAccount(chain.content, chain.head.stateRoot, alice.address)
    expect(before.balanceWei - after.balanceWei).toBe(1n + 21_000n * price)
    expect((await readAccount(chain.content, chain.head.stateRoot, recipient)).balanceWei).toBe(21_000n * 2n * GWEI)
  })

  test('says block-full when a transaction fits a block but not the rest of this one', async () => {
    const builder = await openBuilder()
    const creation = signed(bob, { nonce: 0n, data: bytesToHex(assemble('INVALID')), gasLimit: 29_000_000n })
    expect((await builder.tryTransaction(creation)).included).toBe(true)
    expect(builder.gasLeft).toBeLessThan(1_000_000n)
    expect(await builder.tryTransaction(transfer({ gasLimit: 2_000_000n }))).toEqual({
      included: false,
      reason: 'block-full',
    })
    expect((await builder.tryTransaction(transfer({ gasLimit: 21_000n }))).included).toBe(true)
  })

  test('leaves nothing of refused transactions: replaying the included ones gives the same block', async () => {
    const chain = await TestChain.create()
    const builder = await openBuilder(chain)
    await builder.tryTransaction(transfer({ nonce: 5n }))
    await builder.tryTransaction(transfer())
    await builder.tryTransaction(signed(poor, { nonce: 0n, to: CONTRACT, value: 1n }))
    await builder.tryTransaction(signed(bob, { nonce: 0n, data: bytesToHex(deployer(assemble('STOP'))) }))
    await builder.tryTransaction(transfer())
    const block = await builder.seal()
    expect(block.transactions).toHaveLength(3)
    const again = await TestChain.create()
    expect((await again.execute(block.transactions.slice(1).map(({ raw }) => raw))).hash).toBe(block.hash)
  })

  test('writes nothing before it seals, and nothing at all when it is given up', async () => {
    const chain = await TestChain.create()
    const before = new Map(chain.content.entries)
    const builder = await openBuilder(chain)
    await builder.tryTransaction(transfer())
    expect(chain.content.entries).toEqual(before)
    const block = await builder.seal()
    expect(chain.content.entries.get(block.hash)).toBeDefined()
  })

  test('stores everything under its keccak256', async () => {
    const chain = await TestChain.create()
    await chain.execute([transfer(), signed(bob, { nonce: 0n, data: bytesToHex(deployer(assemble('STOP'))) })])
    for (const [hash, bytes] of chain.content.entries) expect(bytesToHex(keccak256(bytes))).toBe(hash)
  })

  test('takes no transaction after the seal', async () => {
    const builder = await openBuilder()
    await builder.seal()
    await expect(builder.tryTransaction(transfer())).rejects.toBeInstanceOf(BugError)
    await expect(builder.seal()).rejects.toBeInstanceOf(BugError)
  })
})

test('injected cryptography is used and changes nothing', async () => {
  const plain = await TestChain.create()
  const block = await plain.execute([transfer()])
  const chain = await TestChain.create()
  let recoveries = 0
  const crypto = {
    ecrecover: (...args: Parameters<typeof ecrecover>) => {
      recoveries++
      return ecrecover(...args)
    },
  }
  const same = await executeBlock(chain.spec, { ...chain.deps, crypto }, chain.head, chain.attributes(), [transfer()])
  expect(same.hash).toBe(block.hash)
  expect(recoveries).toBe(1)
})

describe('executeBlock', () => {
  test('refuses a block with a transaction that has no place in it, by its index', async () => {
    const chain = await TestChain.create()
    const run = chain.execute([transfer(), transfer({ nonce: 7n })])
    await expect(run).rejects.toMatchObject({
      code: 'BlockInvalid',
      meta: { index: 1, number: 1 },
      cause: { code: 'NonceTooHigh' },
    })
  })

  test('needs nothing but what it reads: the recorded reads are a complete witness', async () => {
    const chain = await TestChain.create(
      testSpec({ [CONTRACT]: { code: bytesToHex(assemble(7, 'NUMBER', 'SSTORE')) } }),
    )
    await chain.execute([signed(alice, { nonce: 0n, to: CONTRACT })])
    const parent = chain.head
    const attributes = chain.attributes([userDeposit({ mint: 5n })])
    const transactions = [
      signed(alice, { nonce: 1n, to: CONTRACT }),
      signed(bob, { nonce: 0n, data: bytesToHex(deployer(assemble('STOP'))) }),
    ]
    const recording = new RecordingContent(chain.content)
    const block = await executeBlock(
      chain.spec,
      { ...chain.deps, content: recording },
      parent,
      attributes,
      transactions,
    )
    const witness = new MemoryContent(recording.reads)
    const again = await executeBlock(chain.spec, { ...chain.deps, content: witness }, parent, attributes, transactions)
    expect(again.hash).toBe(block.hash)
    for (const hash of recording.reads.keys()) {
      const incomplete = new MemoryContent([...recording.reads].filter(([other]) => other !== hash))
      const deps = { ...chain.deps, content: incomplete }
      const run = executeBlock(chain.spec, deps, parent, attributes, transactions)
      await expect(run).rejects.toMatchObject({ kind: 'Unavailable' })
    }
  })

  test('lets BLOCKHASH reach ancestors through their headers', async () => {
    const code = assemble(4, 'NUMBER', 'SUB', 'BLOCKHASH', 0, 'SSTORE')
    const chain = await TestChain.create(testSpec({ [CONTRACT]: { code: bytesToHex(code) } }))
    const hashes: Hex[] = [bytesToHex(chain.head.hash())]
    for (let i = 0; i < 5; i++) hashes.push((await chain.execute([])).hash)
    await chain.execute([signed(alice, { nonce: 0n, to: CONTRACT })])
    const stored = await readStorage(chain.content, chain.head.stateRoot, CONTRACT, `0x${'00'.repeat(32)}`)
    expect(bytesToHex(stored)).toBe(hashes[2])
  })
})

describe('block bytes', () => {
  test('round-trip with deposits, and hash to the header', async () => {
    const chain = await TestChain.create()
    const legacy = transfer({ gasPrice: 10n * GWEI } as TypedTxData)
    const block = await chain.execute([legacy, transfer({ nonce: 1n })], [userDeposit()])
    const decoded = decodeBlock(block.rlp, TEST_CHAIN_ID)
    expect(bytesToHex(decoded.header.hash())).toBe(block.hash)
    expect(decoded.transactions).toEqual(block.transactions.map(({ raw }) => raw))
    expect(decoded.transactions[0]).toEqual(l1AttributesDeposit(0))
    expect(encodeBlock(decoded.header, decoded.transactions)).toEqual(block.rlp)
  })

  test('are standard: the library reads a block without deposits', async () => {
    const chain = await TestChain.create()
    const attributes = { ...chain.attributes(), forcedTransactions: [] }
    const block = await executeBlock(chain.spec, chain.deps, chain.head, attributes, [transfer()])
    const parsed = createBlockFromRLP(block.rlp, { common: chainRules(TEST_CHAIN_ID) })
    expect(bytesToHex(parsed.hash())).toBe(block.hash)
    expect(await parsed.transactionsTrieIsValid()).toBe(true)
    expect(parsed.getTransactionsValidationErrors()).toEqual([])
  })

  test('have one encoding: a zero is an empty string, never a zero byte', async () => {
    const chain = await TestChain.create()
    const { rlp } = await chain.execute([transfer()])
    for (const [at, byte] of rlp.entries()) {
      if (byte !== 0x80) continue
      const bytes = rlp.with(at, 0)
      try {
        const { header, transactions } = decodeBlock(bytes, TEST_CHAIN_ID)
        expect(bytesEqual(encodeBlock(header, transactions), bytes)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidError)
      }
    }
  })

  test('are refused when corrupted, or decode to what they say', async () => {
    const chain = await TestChain.create()
    const { rlp } = await chain.execute([transfer()])
    fc.assert(
      fc.property(fc.nat({ max: rlp.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Uint8Array.from(rlp)
        bytes[at] = (bytes[at] as number) ^ flip
        try {
          const { header, transactions } = decodeBlock(bytes, TEST_CHAIN_ID)
          expect(bytesEqual(encodeBlock(header, transactions), rlp)).toBe(false)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 200) },
    )
  })
})
