import { describe, expect, test } from 'vitest'
import { TestChain, testAccount, testSpec } from '../../test/support/execution.ts'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { bytesToHex, type Hex, uintToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError } from '../protocol/errors.ts'
import { buildGenesis } from './genesis.ts'
import { readAccount, readCode, readStorage } from './read-state.ts'
import { simulateCall } from './simulate-call.ts'
import { BEACON_ROOTS, BLOCK_HASH_HISTORY, SYSTEM_CONTRACTS } from './system-contracts.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const word = (n: number): Hex => bytesToHex(uintToBytes(n, 32))

describe('buildGenesis', () => {
  test('places balances, nonces, code and storage, and the system contracts', async () => {
    const content = new MemoryContent()
    const account = {
      balance: '12',
      nonce: 3,
      code: '0x6001' as const,
      storage: { [word(1)]: word(2), [word(2)]: word(0) },
    }
    const { header } = await buildGenesis(testSpec({ [CONTRACT]: account }), content)
    expect(await readAccount(content, header.stateRoot, CONTRACT)).toMatchObject({ balanceWei: 12n, nonce: 3n })
    expect(bytesToHex(await readCode(content, header.stateRoot, CONTRACT))).toBe('0x6001')
    expect(bytesToHex(await readStorage(content, header.stateRoot, CONTRACT, word(1)))).toBe(word(2))
    for (const [address, code] of Object.entries(SYSTEM_CONTRACTS)) {
      expect(bytesToHex(await readCode(content, header.stateRoot, address as Hex))).toBe(code)
    }
  })

  test('depends on the spec alone, whatever the order and case of its accounts', async () => {
    const spec = testSpec({ [CONTRACT]: { balance: '1' } })
    const alloc = Object.fromEntries(
      Object.entries(spec.genesis.alloc)
        .reverse()
        .map(([address, account]) => [`0x${address.slice(2).toUpperCase()}`, account]),
    )
    const shuffled = { ...spec, genesis: { ...spec.genesis, alloc } }
    const { hash } = await buildGenesis(spec, new MemoryContent())
    expect((await buildGenesis(shuffled, new MemoryContent())).hash).toBe(hash)
    const other = await buildGenesis(testSpec({ [CONTRACT]: { balance: '2' } }), new MemoryContent())
    expect(other.hash).not.toBe(hash)
  })

  test.each<[string, ChainSpec['genesis']['alloc']]>([
    ['an address that is none', { '0x12': { balance: '1' } }],
    ['a balance that is no quantity', { [CONTRACT]: { balance: '0x1' } }],
    ['a balance that is negative', { [CONTRACT]: { balance: '-1' } }],
    ['storage that is not in words', { [CONTRACT]: { storage: { '0x01': word(1) } } }],
  ])('refuses %s', async (_, alloc) => {
    await expect(buildGenesis(testSpec(alloc), new MemoryContent())).rejects.toBeInstanceOf(InvalidError)
  })
})

describe('the system contracts', () => {
  test('answer with the parent beacon root by time and the parent hash by number', async () => {
    const chain = await TestChain.create()
    const first = await chain.execute([])
    const second = await chain.execute([])
    const query = (to: Hex, n: bigint) =>
      simulateCall(chain.spec, chain.deps, chain.head, {
        to,
        data: uintToBytes(Number(n), 32),
        from: testAccount(0).address,
      })
    const parent = await query(BLOCK_HASH_HISTORY, 1n)
    expect(parent.failure).toBeNull()
    expect(bytesToHex(parent.returnData)).toBe(first.hash)
    const beacon = await query(BEACON_ROOTS, second.header.timestamp)
    expect(beacon.failure).toBeNull()
    expect(beacon.returnData).toEqual(second.header.parentBeaconBlockRoot)
    expect((await query(BEACON_ROOTS, 5n)).failure).toEqual({ kind: 'reverted' })
  })
})
