import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { alice, bob, carol, common, sign } from '../../test/support/signed-transactions.ts'
import { concatBytes, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { PoolHead, SenderState } from './admission.ts'
import { Mempool } from './mempool.ts'
import { DEFAULT_POOL_LIMITS } from './pool-limits.ts'
import { decodePoolTransaction, effectiveTip, type PoolTransaction } from './pool-transaction.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const timeoutMs = 30_000 + 200 * numRuns
const HEAD: PoolHead = { number: 1, stateRoot: '0x01', nextBaseFee: 100n, gasLimit: 30_000_000n }
const limits = { ...DEFAULT_POOL_LIMITS, maxCount: 7, maxCountPerAccount: 4, maxNonceGap: 6n }
const senders = [alice, bob, carol]
const raws: Uint8Array[] = []

beforeAll(async () => {
  for (const account of senders) {
    for (let nonce = 0; nonce < 6; nonce++) {
      for (const tip of [1n, 5n, 20n]) raws.push(await sign(account, { nonce, tip, cap: 200n + 10n * tip }))
    }
  }
})

type Step = { kind: 'add'; pick: number } | { kind: 'reject'; pick: number } | { kind: 'mine'; count: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), pick: fc.nat(53) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject' as const), pick: fc.nat(53) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mine' as const), count: fc.nat(4) }) },
)

function newChain() {
  const nonces = new Map<Hex, bigint>()
  const senderState = async (address: Hex): Promise<SenderState> => ({
    nonce: nonces.get(address) ?? 0n,
    balance: 10n ** 18n,
    code: 'none',
  })
  return { nonces, pool: new Mempool({ rules: common, limits, senderState }, HEAD) }
}

function drain(pool: Mempool, count = Number.POSITIVE_INFINITY): PoolTransaction[] {
  const best = pool.best(HEAD.nextBaseFee)
  const taken: PoolTransaction[] = []
  for (let next = best.peek(); next !== undefined && taken.length < count; next = best.peek()) {
    taken.push(next)
    best.advance()
  }
  return taken
}

async function apply(chain: ReturnType<typeof newChain>, move: Step, block: number): Promise<void> {
  const { pool, nonces } = chain
  if (move.kind === 'add') {
    await pool
      .add(raws[move.pick] ?? new Uint8Array())
      .catch((error: unknown) => expect(error).toBeInstanceOf(InvalidError))
  } else if (move.kind === 'reject') {
    await pool.reject(decodePoolTransaction(raws[move.pick] ?? new Uint8Array(), common).hash)
  } else {
    const mined = drain(pool, move.count)
    for (const transaction of mined) nonces.set(transaction.sender, transaction.nonce + 1n)
    const stateRoot: Hex = `0x${block.toString(16)}`
    await pool.advance(
      { ...HEAD, stateRoot },
      mined.map(({ sender }) => sender),
    )
  }
}

function checkInvariants({ pool, nonces }: ReturnType<typeof newChain>): void {
  const content = pool.content()
  const all = content.flatMap(({ pending, queued }) => [...pending, ...queued])
  const { pendingCount, queuedCount, sizeBytes } = pool.facts()
  expect(pendingCount + queuedCount).toBe(all.length)
  expect(all.length).toBeLessThanOrEqual(limits.maxCount)
  expect(sizeBytes).toBe(all.reduce((sum, { raw }) => sum + raw.length, 0))
  for (const { sender, pending, queued } of content) {
    const first = nonces.get(sender) ?? 0n
    expect(pending.map(({ nonce }) => nonce)).toEqual(pending.map((_, i) => first + BigInt(i)))
    for (const { nonce } of queued) expect(nonce).toBeGreaterThan(first + BigInt(pending.length))
    expect(pending.length + queued.length).toBeLessThanOrEqual(limits.maxCountPerAccount)
  }
}

/** The order by definition: again and again the best tip among the senders' next transactions. */
function orderByDefinition(pool: Mempool): Hex[] {
  const rest = pool.content().map(({ pending }) => [...pending])
  const order: Hex[] = []
  for (;;) {
    const heads = rest.flatMap(([head]) => (head === undefined ? [] : [head]))
    const tips = heads.map((head) => effectiveTip(head, HEAD.nextBaseFee))
    const top = tips.toSorted((a, b) => (a > b ? -1 : 1))[0]
    const winners = heads.filter((_, i) => tips[i] === top).sort((a, b) => arrivalOf(a) - arrivalOf(b))
    const [winner] = winners
    if (winner === undefined) return order
    order.push(winner.hash)
    rest.find(([head]) => head === winner)?.shift()
  }
}

function arrivalOf(transaction: PoolTransaction): number {
  return (transaction as PoolTransaction & { arrival: number }).arrival
}

/** `depth` lists inside each other. */
function nestedLists(depth: number): Uint8Array {
  const heads: number[][] = []
  for (let i = 0, size = 0; i < depth; i++) {
    const head =
      size < 56
        ? [0xc0 + size]
        : size < 65_536
          ? [0xf9, size >> 8, size & 255]
          : [0xfa, size >> 16, (size >> 8) & 255, size & 255]
    heads.push(head)
    size += head.length
  }
  return Uint8Array.from(heads.reverse().flat())
}

describe('mempool', () => {
  test(
    'limits, totals, nonce order and fee order hold after any moves',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (moves) => {
          const chain = newChain()
          let block = 2
          for (const move of moves) {
            await apply(chain, move, block++)
            checkInvariants(chain)
          }
          expect(drain(chain.pool).map(({ hash }) => hash)).toEqual(orderByDefinition(chain.pool))
        }),
        { numRuns },
      )
    },
    timeoutMs,
  )
})

describe('decoding', () => {
  const verdict = (raw: Uint8Array) => {
    try {
      decodePoolTransaction(raw, common)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidError)
    }
  }

  test('random bytes are refused as invalid, never otherwise', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), verdict), { numRuns })
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4, 0x7e), fc.uint8Array({ maxLength: 300 }), (type, rest) => {
        verdict(concatBytes(Uint8Array.of(type), rest))
      }),
      { numRuns },
    )
  })

  test('a corrupted, truncated or extended transaction is refused or another one', () => {
    fc.assert(
      fc.property(fc.nat(53), fc.nat(), fc.integer({ min: 1, max: 255 }), (pick, at, flip) => {
        const raw = raws[pick] ?? new Uint8Array()
        const corrupted = raw.map((byte, i) => (i === at % raw.length ? byte ^ flip : byte))
        const original = decodePoolTransaction(raw, common).hash
        try {
          expect(decodePoolTransaction(corrupted, common).hash).not.toBe(original)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
        expect(() => decodePoolTransaction(raw.subarray(0, at % raw.length), common)).toThrow(InvalidError)
        expect(() => decodePoolTransaction(concatBytes(raw, Uint8Array.of(flip)), common)).toThrow(InvalidError)
      }),
      { numRuns },
    )
  })

  test('deep nesting and blob, deposit and unknown types are refused at once', () => {
    const nested = nestedLists(20_000)
    for (const raw of [nested, concatBytes(Uint8Array.of(2), nested)]) {
      expect(() => decodePoolTransaction(raw, common)).toThrow(/nested deeper/)
    }
    for (const type of [0, 3, 5, 0x7e, 0x80]) {
      expect(() => decodePoolTransaction(Uint8Array.of(type, 0xc0), common)).toThrow('transaction type not supported')
    }
    expect(() => decodePoolTransaction(new Uint8Array(128 * 1024 + 1), common)).toThrow('oversized data')
  })
})
