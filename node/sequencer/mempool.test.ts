import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Account,
  alice,
  bob,
  carol,
  common,
  type Fields,
  sign,
  signUnchecked,
} from '../../test/support/signed-transactions.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { PoolHead, SenderState } from './admission.ts'
import { Mempool } from './mempool.ts'
import { DEFAULT_POOL_LIMITS, type PoolLimits } from './pool-limits.ts'

const HEAD: PoolHead = { number: 1, stateRoot: '0x01', nextBaseFee: 100n, gasLimit: 30_000_000n }
const RICH = 10n ** 20n
const states = new Map<string, SenderState>()

function setState(account: Account, state: Partial<SenderState>): void {
  states.set(account.address.toLowerCase(), { nonce: 0n, balance: RICH, code: 'none', ...state })
}

function createPool(limits: Partial<PoolLimits> = {}, head = HEAD): Mempool {
  const senderState = async (address: Hex): Promise<SenderState> =>
    states.get(address) ?? { nonce: 0n, balance: 0n, code: 'none' }
  return new Mempool({ rules: common, limits: { ...DEFAULT_POOL_LIMITS, ...limits }, senderState }, head)
}

function order(pool: Mempool): Hex[] {
  const best = pool.best(HEAD.nextBaseFee)
  const hashes: Hex[] = []
  for (let next = best.peek(); next !== undefined; next = best.peek()) {
    hashes.push(next.hash)
    best.advance()
  }
  return hashes
}

beforeEach(() => {
  states.clear()
  for (const account of [alice, bob, carol]) setState(account, {})
})

describe('admission', () => {
  test.each<[string, Fields, string, RegExp]>([
    ['a past nonce', { nonce: 4 }, 'NonceTooLow', /^nonce too low: next nonce 5, tx nonce 4$/],
    ['a far nonce', { nonce: 5000 }, 'NonceTooHigh', /^nonce too high/],
    ['too little gas', { nonce: 5, gas: 20_999n }, 'IntrinsicGasTooLow', /^intrinsic gas too low: gas 20999, minimum/],
    ['more gas than a block has', { nonce: 5, gas: 30_000_001n }, 'GasLimitExceeded', /^exceeds block gas limit/],
    ['a cap below the base fee', { nonce: 5, cap: 99n }, 'FeeCapTooLow', /^max fee per gas less than block base fee/],
    [
      'a tip above the cap',
      { nonce: 5, cap: 200n, tip: 201n },
      'TipAboveFeeCap',
      /^max priority fee per gas higher than/,
    ],
    ['another chain', { nonce: 5, chainId: 1 }, 'ChainIdMismatch', /^invalid chain id for signer: have 1 want 901$/],
    [
      'more value than the balance',
      { nonce: 5, value: RICH },
      'InsufficientFunds',
      /^insufficient funds for gas \* price \+ value: balance \d+, tx cost \d+, overshot 21000000$/,
    ],
  ])('refuses %s', async (_name, fields, code, message) => {
    setState(alice, { nonce: 5n })
    const raw = await signUnchecked(alice, fields)
    await expect(createPool().add(raw)).rejects.toMatchObject({
      kind: 'Invalid',
      code,
      message: expect.stringMatching(message),
    })
  })

  test('refuses what is already known', async () => {
    const pool = createPool()
    const raw = await sign(alice)
    await pool.add(raw)
    await expect(pool.add(raw)).rejects.toThrow('already known')
  })

  test('counts pooled transactions against the balance', async () => {
    setState(alice, { balance: 21_000_000n * 2n - 1n })
    const pool = createPool()
    await pool.add(await sign(alice))
    await expect(pool.add(await sign(alice, { nonce: 1 }))).rejects.toThrow(
      /insufficient funds .* queued cost 21000000/,
    )
  })

  test('refuses senders that are contracts; delegated accounts get one transaction in flight', async () => {
    const pool = createPool()
    setState(alice, { code: 'contract' })
    await expect(pool.add(await sign(alice))).rejects.toThrow('sender not an eoa')
    setState(bob, { code: 'delegation' })
    await pool.add(await sign(bob))
    await expect(pool.add(await sign(bob, { nonce: 1 }))).rejects.toThrow('in-flight transaction limit reached')
    await pool.add(await sign(bob, { tip: 20n, cap: 2000n }))
  })

  test('refuses as busy, without a verdict, when too many admissions are in progress', async () => {
    const pool = createPool({ maxConcurrentAdmissions: 1 })
    const [one, other] = [await sign(alice), await sign(bob)]
    const first = pool.add(one)
    await expect(pool.add(other)).rejects.toMatchObject({ kind: 'Unavailable', code: 'PoolBusy' })
    await first
  })
})

describe('order', () => {
  test('the best tip first, each sender by nonce, gaps held back', async () => {
    const pool = createPool()
    const a0 = await pool.add(await sign(alice, { nonce: 0, tip: 5n }))
    const a1 = await pool.add(await sign(alice, { nonce: 1, tip: 90n }))
    await pool.add(await sign(alice, { nonce: 3, tip: 99n }))
    const b0 = await pool.add(await sign(bob, { nonce: 0, tip: 50n }))
    const c0 = await pool.add(await sign(carol, { nonce: 0, tip: 70n, cap: 110n }))
    expect(order(pool)).toEqual([b0, c0, a0, a1])
    expect(pool.facts()).toMatchObject({ pendingCount: 4, queuedCount: 1 })
    expect(pool.pendingNonce(alice.address.toLowerCase() as Hex)).toBe(2n)
  })

  test('equal tips go by arrival', async () => {
    const pool = createPool()
    const hashes = []
    for (const account of [carol, alice, bob]) hashes.push(await pool.add(await sign(account)))
    expect(order(pool)).toEqual(hashes)
  })

  test('filling a gap makes the queued ones pending', async () => {
    const pool = createPool()
    const second = await pool.add(await sign(alice, { nonce: 1 }))
    expect(order(pool)).toEqual([])
    const first = await pool.add(await sign(alice, { nonce: 0 }))
    expect(order(pool)).toEqual([first, second])
  })
})

describe('replacement and eviction', () => {
  test('a replacement must raise both fees by 10 %', async () => {
    const pool = createPool()
    await pool.add(await sign(alice, { tip: 100n, cap: 1000n }))
    for (const [tip, cap] of [
      [109n, 2000n],
      [200n, 1099n],
    ] as const) {
      await expect(pool.add(await sign(alice, { tip, cap }))).rejects.toThrow('replacement transaction underpriced')
    }
    const hash = await pool.add(await sign(alice, { tip: 110n, cap: 1100n }))
    expect(order(pool)).toEqual([hash])
  })

  test('a full pool evicts queued ones first, then the lowest tip, never for a lower one', async () => {
    const pool = createPool({ maxCount: 2 })
    await pool.add(await sign(alice, { nonce: 7, tip: 500n }))
    const b0 = await pool.add(await sign(bob, { tip: 20n }))
    const c0 = await pool.add(await sign(carol, { tip: 10n }))
    expect(order(pool)).toEqual([b0, c0])
    await expect(pool.add(await sign(alice, { tip: 10n }))).rejects.toThrow('txpool is full')
    const a0 = await pool.add(await sign(alice, { tip: 11n }))
    expect(order(pool)).toEqual([b0, a0])
  })

  test('limits in bytes hold for the pool and for one sender', async () => {
    const data: Hex = `0x${'00'.repeat(1000)}`
    const big = { data, gas: 100_000n }
    const pool = createPool({ maxBytes: 2500, maxBytesPerAccount: 1500 })
    await pool.add(await sign(alice, big))
    await expect(pool.add(await sign(alice, { ...big, nonce: 1 }))).rejects.toThrow('account limit exceeded')
    await pool.add(await sign(bob, big))
    await expect(pool.add(await sign(carol, big))).rejects.toThrow('txpool is full')
    await pool.add(await sign(carol, { ...big, tip: 11n }))
    expect(pool.facts().sizeBytes).toBeLessThanOrEqual(2500)
  })

  test('a sender may pool only so many', async () => {
    const pool = createPool({ maxCountPerAccount: 2 })
    await pool.add(await sign(alice, { nonce: 0 }))
    await pool.add(await sign(alice, { nonce: 1 }))
    await expect(pool.add(await sign(alice, { nonce: 2 }))).rejects.toThrow('account limit exceeded: at most 2')
  })
})

describe('following the chain', () => {
  test('included transactions leave, later ones stay pending', async () => {
    const pool = createPool()
    await pool.add(await sign(alice, { nonce: 0 }))
    const second = await pool.add(await sign(alice, { nonce: 1 }))
    setState(alice, { nonce: 1n })
    await pool.advance({ ...HEAD, number: 2, stateRoot: '0x02' }, [alice.address.toLowerCase() as Hex])
    expect(order(pool)).toEqual([second])
  })

  test('a roll-back takes undone transactions back, before the ones that followed them', async () => {
    const pool = createPool()
    const raw = await sign(alice, { nonce: 0 })
    setState(alice, { nonce: 1n })
    const second = await pool.add(await sign(alice, { nonce: 1 }))
    setState(alice, { nonce: 0n })
    await pool.reset({ ...HEAD, stateRoot: '0x02' }, [raw, Uint8Array.of(0x7e, 1), new Uint8Array()])
    expect(order(pool)).toHaveLength(2)
    expect(order(pool)[1]).toBe(second)
  })

  test('a rejected transaction leaves a gap that holds back its successors', async () => {
    const pool = createPool()
    const first = await pool.add(await sign(alice, { nonce: 0 }))
    await pool.add(await sign(alice, { nonce: 1 }))
    await pool.reject(first)
    expect(order(pool)).toEqual([])
    expect(pool.facts()).toMatchObject({ pendingCount: 0, queuedCount: 1 })
  })

  test('arrivals are told from a cursor on', async () => {
    const pool = createPool()
    const { cursor } = pool.arrivalsSince(0)
    const hash = await pool.add(await sign(alice))
    const after = pool.arrivalsSince(cursor)
    expect(after.hashes).toEqual([hash])
    expect(pool.arrivalsSince(after.cursor).hashes).toEqual([])
  })
})
