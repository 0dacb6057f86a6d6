import fc from 'fast-check'
import { keccak256, toBytes } from 'viem'
import { describe, expect, it } from 'vitest'
import { depositLog, testHash, testSpec } from '../../test/support/l1-fixture.ts'
import type { Hex } from '../protocol/bytes.ts'
import { decodeDeposit } from '../protocol/deposit-transaction.ts'
import { InvalidError } from '../protocol/errors.ts'
import { decodeDepositLog, depositsFromLogs, TRANSACTION_DEPOSITED_TOPIC } from './deposits.ts'
import type { L1Log } from './l1-block.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const spec = testSpec()
const l1Hash = testHash(1, 1)
const alice: Hex = `0x${'a1'.repeat(20)}`
const bob: Hex = `0x${'b2'.repeat(20)}`

const good = depositLog(spec)

describe('deposits from logs', () => {
  it('knows the event by its signature', () => {
    expect(TRANSACTION_DEPOSITED_TOPIC).toBe(keccak256(toBytes('TransactionDeposited(address,address,uint256,bytes)')))
  })

  it('reads what the portal logged', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 2n ** 256n - 1n),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.boolean(),
        fc.uint8Array({ maxLength: 100 }),
        (amount, gas, isCreation, data) => {
          const log = depositLog(spec, { mint: amount, value: amount, gas, isCreation, data })
          const [raw, ...others] = depositsFromLogs(spec, l1Hash, [log])
          expect(others).toEqual([])
          expect(decodeDeposit(raw as Uint8Array)).toMatchObject({
            from: alice,
            to: isCreation ? null : bob,
            mint: amount,
            value: amount,
            gas,
            isSystem: false,
            data,
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('tells equal deposits of one block apart by their log index', () => {
    const twins = [depositLog(spec, { logIndex: 0 }), depositLog(spec, { logIndex: 1 })]
    const [first, second] = depositsFromLogs(spec, l1Hash, twins)
    expect(first).not.toEqual(second)
  })

  it.each<[string, Partial<L1Log>]>([
    ['another contract', { address: bob }],
    ['another event', { topics: [testHash(9, 9), ...good.topics.slice(1)] }],
    ['no topics', { topics: [] }],
    ['a missing topic', { topics: good.topics.slice(0, 3) }],
    ['another version', { topics: [...good.topics.slice(0, 3), testHash(0, 1)] }],
    ['a sender that is no address', { topics: [good.topics[0] as Hex, testHash(9, 9), ...good.topics.slice(2)] }],
    ['no data', { data: new Uint8Array() }],
    ['opaque data that are too short', { data: depositLog(spec).data.slice(0, 64) }],
    ['appended bytes', { data: Uint8Array.from([...good.data, ...new Uint8Array(32)]) }],
  ])('skips %s and keeps the others', (_name, change) => {
    const logs = [good, { ...good, ...change }, { ...good, logIndex: 9 }]
    expect(depositsFromLogs(spec, l1Hash, logs)).toEqual(
      depositsFromLogs(spec, l1Hash, [good, { ...good, logIndex: 9 }]),
    )
  })

  it('never throws anything but InvalidError on corrupted logs', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(), (offset, flip, cut) => {
        const data = good.data.slice(0, cut % 2 === 0 ? undefined : cut % good.data.length)
        if (data.length > 0) data[offset % data.length] = (data[offset % data.length] as number) ^ flip
        try {
          decodeDepositLog(l1Hash, { ...good, data })
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
        }
      }),
      { numRuns },
    )
  })
})
