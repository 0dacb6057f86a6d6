import { verifyMerkleProof } from '@ethereumjs/mpt'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { Account, type Address, createAddressFromString } from '@ethereumjs/util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TEST_CHAIN_ID } from '../../test/support/execution.ts'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { bytesToHex, type Hex, uintToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { chainRules } from './chain-rules.ts'
import { ContentOverlay } from './content-overlay.ts'
import { proveAccount, readAccount, readCode, readStorage } from './read-state.ts'
import { State } from './state.ts'
import { EMPTY_TRIE_ROOT } from './trie.ts'

const addressAt = (index: number): Address => createAddressFromString(`0x${index.toString(16).padStart(40, '0')}`)
const slotAt = (index: number): Uint8Array => uintToBytes(index, 32)
const hexSlot = (index: number): Hex => bytesToHex(slotAt(index))

/** One step on a state: the actions that the EVM takes. */
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('slot'),
      who: fc.nat({ max: 4 }),
      slot: fc.nat({ max: 6 }),
      value: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('balance'), who: fc.nat({ max: 4 }), value: fc.nat({ max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('code'), who: fc.nat({ max: 4 }), value: fc.nat({ max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), who: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear'), who: fc.nat({ max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('checkpoint', 'commit', 'revert') }) },
)
interface Action {
  readonly kind: string
  readonly who?: number
  readonly slot?: number
  readonly value?: number
}

type Manager = Pick<
  State,
  | 'getAccount'
  | 'putAccount'
  | 'deleteAccount'
  | 'putCode'
  | 'putStorage'
  | 'clearStorage'
  | 'checkpoint'
  | 'commit'
  | 'revert'
  | 'getStateRoot'
>

/** Applies the actions and closes every checkpoint. */
async function apply(manager: Manager, actions: readonly Action[]): Promise<void> {
  let open = 0
  for (const action of actions) {
    const { kind } = action
    if (kind === 'checkpoint') {
      await manager.checkpoint()
      open++
    } else if (kind !== 'commit' && kind !== 'revert') {
      await change(manager, action)
    } else if (open > 0) {
      await manager[kind]()
      open--
    }
  }
  for (; open > 0; open--) await manager.commit()
}

async function change(manager: Manager, { kind, who = 0, slot = 0, value = 0 }: Action): Promise<void> {
  const address = addressAt(who + 1)
  if (kind === 'delete') return manager.deleteAccount(address)
  const account = (await manager.getAccount(address)) ?? (await create(manager, address))
  if (kind === 'clear') await manager.clearStorage(address)
  if (kind === 'code') await manager.putCode(address, Uint8Array.of(0x60, value))
  if (kind === 'slot') await manager.putStorage(address, slotAt(slot), Uint8Array.of(...(value === 0 ? [] : [value])))
  if (kind === 'balance') {
    account.balance = BigInt(value)
    await manager.putAccount(address, account)
  }
}

/** Creates an account as the EVM does. */
async function create(manager: Manager, address: Address): Promise<Account> {
  await manager.putAccount(address, new Account(1n))
  await manager.clearStorage(address)
  return new Account(1n)
}

async function rootAfter(content: MemoryContent, base: Uint8Array, actions: readonly Action[]): Promise<Uint8Array> {
  const overlay = new ContentOverlay(content)
  const state = new State(overlay, base)
  await apply(state, actions)
  const root = await state.getStateRoot()
  overlay.flush(content)
  return root
}

describe('the state', () => {
  test("has the root of the library's own state manager after any actions, block after block", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(action, { maxLength: 25 }), { minLength: 1, maxLength: 4 }),
        async (blocks) => {
          const content = new MemoryContent()
          const reference = new MerkleStateManager({ common: chainRules(TEST_CHAIN_ID) })
          let root = EMPTY_TRIE_ROOT
          for (const actions of blocks) {
            root = await rootAfter(content, root, actions)
            await apply(reference, actions)
            expect(bytesToHex(root)).toBe(bytesToHex(await reference.getStateRoot()))
          }
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 60) },
    )
  })

  test('comes back to a mark, however many checkpoints are open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action), fc.array(action), fc.nat({ max: 3 }), async (kept, undone, depth) => {
        const content = new MemoryContent()
        const state = new State(new ContentOverlay(content), EMPTY_TRIE_ROOT)
        await apply(state, kept)
        const mark = state.mark()
        for (let i = 0; i < depth; i++) await state.checkpoint()
        await apply(state, undone)
        state.restore(mark)
        expect(bytesToHex(await state.getStateRoot())).toBe(bytesToHex(await rootAfter(content, EMPTY_TRIE_ROOT, kept)))
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 60) },
    )
  })

  test('hands out copies: changing one changes nothing', async () => {
    const state = new State(new ContentOverlay(new MemoryContent()), EMPTY_TRIE_ROOT)
    await state.putAccount(addressAt(1), new Account(1n, 5n))
    const account = await state.getAccount(addressAt(1))
    if (account !== undefined) account.balance = 99n
    expect((await state.getAccount(addressAt(1)))?.balance).toBe(5n)
  })

  test('asks again later when a trie node is missing; it never reads as an empty account', async () => {
    const content = new MemoryContent()
    const many = Array.from({ length: 40 }, (_, i): Action => ({ kind: 'balance', who: i, value: 1 }))
    const root = await rootAfter(content, EMPTY_TRIE_ROOT, many)
    for (const hash of content.entries.keys()) {
      const holed = new MemoryContent([...content.entries].filter(([other]) => other !== hash))
      const state = new State(new ContentOverlay(holed), root)
      const reads = many.map(({ who = 0 }) => state.getAccount(addressAt(who + 1)))
      const outcomes = await Promise.allSettled(reads)
      const values = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value?.balance] : []))
      expect(values.every((balance) => balance === 1n)).toBe(true)
      expect(values.length).toBeLessThan(many.length)
    }
  })

  test('refuses storage of accounts that do not exist', async () => {
    const state = new State(new ContentOverlay(new MemoryContent()), EMPTY_TRIE_ROOT)
    await expect(state.putStorage(addressAt(1), slotAt(0), Uint8Array.of(1))).rejects.toBeInstanceOf(BugError)
  })
})

describe('readers', () => {
  test('read accounts, slots and code of any root, and prove them', async () => {
    const content = new MemoryContent()
    const first = await rootAfter(content, EMPTY_TRIE_ROOT, [
      { kind: 'slot', who: 0, slot: 3, value: 7 },
      { kind: 'code', who: 0, value: 9 },
      { kind: 'balance', who: 1, value: 4 },
    ])
    const second = await rootAfter(content, first, [{ kind: 'slot', who: 0, slot: 3, value: 8 }])
    const address = addressAt(1).toString()
    expect((await readStorage(content, first, address, hexSlot(3)))[31]).toBe(7)
    expect((await readStorage(content, second, address, hexSlot(3)))[31]).toBe(8)
    expect(await readStorage(content, second, address, hexSlot(4))).toEqual(new Uint8Array(32))
    expect(await readCode(content, second, address)).toEqual(Uint8Array.of(0x60, 9))
    expect(await readAccount(content, first, addressAt(2).toString())).toMatchObject({ balanceWei: 4n })
    expect(await readAccount(content, first, addressAt(77).toString())).toMatchObject({ balanceWei: 0n, nonce: 0n })
    const proof = await proveAccount(content, second, address, [hexSlot(3), hexSlot(4)])
    const account = await verifyMerkleProof(addressAt(1).bytes, [...proof.accountProof], {
      root: second,
      useKeyHashing: true,
    })
    expect(account).not.toBeNull()
    expect(proof.storageProof.map(({ value }) => [...value])).toEqual([[8], []])
  })
})
