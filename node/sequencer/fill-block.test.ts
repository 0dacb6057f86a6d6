import { Registry } from 'prom-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { alice, bob, carol, common, sign } from '../../test/support/signed-transactions.ts'
import type { BlockBuilder, ExecutedTransaction, InclusionVerdict } from '../executor/execution.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { silentLog } from '../telemetry/logger.ts'
import { createSequencerMetrics } from '../telemetry/sequencer-metrics.ts'
import type { Clock } from './clock.ts'
import { fillBlock } from './fill-block.ts'
import { Mempool } from './mempool.ts'
import { DEFAULT_POOL_LIMITS } from './pool-limits.ts'
import { createPostponements } from './postponements.ts'

const HEAD = { number: 1, stateRoot: '0x01', nextBaseFee: 100n, gasLimit: 30_000_000n } as const
type Fate = InclusionVerdict | UnavailableError

/** A builder that includes everything, unless a fate was set for a transaction. */
class ScriptedBuilder implements BlockBuilder {
  gasLeft = 30_000_000n
  readonly included: Hex[] = []
  readonly tried: Hex[] = []
  readonly fates = new Map<Hex, Fate>()
  onTry: () => void | Promise<void> = () => {}

  async tryTransaction(raw: Uint8Array): Promise<InclusionVerdict> {
    const hash = bytesToHex(keccak256(raw))
    this.tried.push(hash)
    await this.onTry()
    const fate = this.fates.get(hash)
    if (fate instanceof UnavailableError) throw fate
    if (fate !== undefined) return fate
    this.included.push(hash)
    this.gasLeft -= 21_000n
    return { included: true, transaction: {} as ExecutedTransaction }
  }

  seal(): Promise<never> {
    throw new Error('not part of filling')
  }
}

/** Time that stands still until someone sleeps. */
class ManualClock implements Clock {
  now = 0
  onSleep: (ms: number) => Promise<number> = async (ms) => ms

  nowMs(): number {
    return this.now
  }

  async sleep(ms: number): Promise<void> {
    this.now += await this.onSleep(ms)
  }
}

let pool: Mempool
let builder: ScriptedBuilder
let clock: ManualClock
let postponements = createPostponements()

beforeEach(() => {
  const senderState = async () => ({ nonce: 0n, balance: 10n ** 20n, code: 'none' as const })
  pool = new Mempool({ rules: common, limits: DEFAULT_POOL_LIMITS, senderState }, HEAD)
  builder = new ScriptedBuilder()
  clock = new ManualClock()
  postponements = createPostponements()
})

async function fill(options: { number?: number; deadlineMs?: number; waitsForArrivals?: boolean } = {}): Promise<void> {
  const { number = 2, deadlineMs = 1000, waitsForArrivals = false } = options
  const task = { builder, number, baseFee: 100n, deadlineMs, waitsForArrivals, signal: new AbortController().signal }
  const metrics = createSequencerMetrics(new Registry())
  await fillBlock(task, { pool, postponements, clock, log: silentLog, metrics })
}

describe('filling a block', () => {
  test('takes the best paying first and each sender by nonce', async () => {
    const a0 = await pool.add(await sign(alice, { nonce: 0, tip: 5n }))
    const a1 = await pool.add(await sign(alice, { nonce: 1, tip: 50n }))
    const b0 = await pool.add(await sign(bob, { nonce: 0, tip: 20n }))
    await fill()
    expect(builder.included).toEqual([b0, a0, a1])
  })

  test('postpones what is unavailable, with growing delays, and keeps it pooled', async () => {
    const down = await pool.add(await sign(alice, { nonce: 0, tip: 90n }))
    await pool.add(await sign(alice, { nonce: 1, tip: 90n }))
    const b0 = await pool.add(await sign(bob))
    builder.fates.set(down, new UnavailableError('ModelMissing', 'not here yet'))
    const triedIn: number[] = []
    for (let number = 2; number < 12; number++) {
      const before = builder.tried.length
      await fill({ number })
      if (builder.tried.slice(before).includes(down)) triedIn.push(number)
    }
    expect(builder.included).toContain(b0)
    expect(triedIn).toEqual([2, 3, 5, 9])
    expect(pool.get(down)).toBeDefined()
  })

  test('drops what no block can take and holds its successors back', async () => {
    const bad = await pool.add(await sign(alice, { nonce: 0 }))
    const next = await pool.add(await sign(alice, { nonce: 1 }))
    builder.fates.set(bad, { included: false, reason: new InvalidError('InsufficientFunds', 'spent') })
    await fill()
    expect(pool.get(bad)).toBeUndefined()
    expect(pool.get(next)).toBeDefined()
    expect(builder.tried).toEqual([bad])
  })

  test('passes over what does not fit and takes smaller ones', async () => {
    const big = await pool.add(await sign(alice, { tip: 90n }))
    const small = await pool.add(await sign(bob, { tip: 10n }))
    builder.fates.set(big, { included: false, reason: 'block-full' })
    await fill()
    expect(builder.included).toEqual([small])
    expect(pool.get(big)).toBeDefined()
  })

  test('stops when the gas or the time is used up', async () => {
    for (const account of [alice, bob, carol]) await pool.add(await sign(account))
    builder.gasLeft = 21_000n
    await fill()
    expect(builder.included).toHaveLength(1)
    builder = new ScriptedBuilder()
    builder.onTry = () => clock.sleep(600)
    await fill()
    expect(builder.included).toHaveLength(2)
  })

  test('waits for arrivals until the deadline and includes them after what was there', async () => {
    const first = await pool.add(await sign(alice, { nonce: 0 }))
    const late = [await sign(bob), await sign(alice, { nonce: 1 })]
    clock.onSleep = async (ms) => {
      const raw = late.shift()
      if (raw === undefined) return ms
      await pool.add(raw)
      return 10
    }
    await fill({ waitsForArrivals: true })
    expect(builder.included).toHaveLength(3)
    expect(builder.included[0]).toBe(first)
    expect(clock.now).toBe(1000)
  })
})
