import { createBlock } from '@ethereumjs/block'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP, type TypedTxData } from '@ethereumjs/tx'
import { Account, bigIntToHex, createAddressFromString, eoaCode7702SignAuthorization } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBlockMachine } from '../node/executor/block-machine.ts'
import { chainRules } from '../node/executor/chain-rules.ts'
import { checkTransaction } from '../node/executor/check-transaction.ts'
import { decodeTransaction } from '../node/executor/decode-transaction.ts'
import { executedLogs } from '../node/executor/executed-transaction.ts'
import type { ExecutedLog } from '../node/executor/execution.ts'
import { runTransaction } from '../node/executor/run-transaction.ts'
import { EMPTY_TRIE_ROOT } from '../node/executor/trie.ts'
import { bytesToHex, type Hex, hexToBytes } from '../node/protocol/bytes.ts'
import { InvalidError } from '../node/protocol/errors.ts'
import { assemble, deployer, forwarder, type Instruction } from './support/bytecode.ts'
import { noInference, signed, TEST_CHAIN_ID, type TestAccount, testAccount, testSpec } from './support/execution.ts'
import { MemoryContent } from './support/memory-content.ts'

/**
 * Our transaction processing against the library's own `runTx` with its own state manager: the same random transactions on the
 * same world must give the same verdicts, gas, logs and state root.
 */
const senders = [0, 1, 2].map(testAccount)
const contract = (n: number): Hex => `0x00000000000000000000000000000000000c00${n.toString(16).padStart(2, '0')}`
const store: Instruction[] = [32, 'CALLDATALOAD', 0, 'CALLDATALOAD', 'SSTORE']

/** Contracts that between them write, clear, log, revert, burn, create, destroy and call each other. */
const CODE: Readonly<Record<Hex, Uint8Array>> = {
  [contract(1)]: assemble(...store, 7, 0, 32, 'LOG1'),
  [contract(2)]: assemble(...store, 0, 0, 'REVERT'),
  [contract(3)]: assemble(...store, 'INVALID'),
  [contract(4)]: forwarder(contract(1), 'CALL', 1),
  [contract(5)]: forwarder(contract(1), 'DELEGATECALL'),
  [contract(6)]: forwarder(contract(2), 'CALL'),
  [contract(7)]: forwarder(contract(1), 'STATICCALL'),
  [contract(8)]: assemble('CALLER', 'SELFDESTRUCT'),
  [contract(9)]: assemble('CALLDATASIZE', 0, 0, 'CALLDATACOPY', 0, 'CALLDATASIZE', 0, 1, 'CREATE2', 0, 'SSTORE'),
  [contract(10)]: assemble(
    'NUMBER',
    'BASEFEE',
    'ADD',
    'GASPRICE',
    'ADD',
    'ORIGIN',
    'ADD',
    0,
    'SSTORE',
    'GAS',
    1,
    'SSTORE',
  ),
  [contract(11)]: forwarder(contract(9), 'CALL', 3),
}
const addresses = [...Object.keys(CODE), ...senders.map(({ address }) => address), contract(99)] as Hex[]
const word = (n: number) => n.toString(16).padStart(64, '0')

const data = fc.oneof(
  fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 2 })).map(([slot, value]): Hex => `0x${word(slot)}${word(value)}`),
  fc.constantFrom<Hex>(
    '0x',
    bytesToHex(deployer(assemble('CALLER', 'SELFDESTRUCT'))),
    bytesToHex(assemble('CALLER', 'SELFDESTRUCT')),
  ),
  fc.uint8Array({ maxLength: 120 }).map(bytesToHex),
)
const wrongBy = fc.oneof({ weight: 12, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constant(1n) })
const authorization = fc.record({
  signer: fc.nat({ max: 2 }),
  target: fc.constantFrom(contract(1), contract(7), contract(99), `0x${'00'.repeat(20)}` as const),
  nonce: fc.bigInt({ min: 0n, max: 3n }),
  chainId: fc.constantFrom(0n, BigInt(TEST_CHAIN_ID), 1n),
})
const transaction = fc.record({
  sender: fc.nat({ max: 2 }),
  type: fc.constantFrom(0, 1, 2, 4),
  authorizations: fc.array(authorization, { minLength: 1, maxLength: 3 }),
  to: fc.option(fc.constantFrom(...addresses), { nil: undefined, freq: 6 }),
  data,
  value: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 18n })),
  gasLimit: fc.oneof(fc.constant(500_000n), fc.bigInt({ min: 20_000n, max: 120_000n })),
  tip: fc.bigInt({ min: 0n, max: 2_000_000_000n }),
  listed: fc.subarray(addresses, { maxLength: 3 }),
  nonceSkip: wrongBy,
})
type Transaction = typeof transaction extends fc.Arbitrary<infer T> ? T : never

interface Outcome {
  readonly verdict: string
  readonly logs?: readonly ExecutedLog[]
}

function rawOf(tx: Transaction, nonce: bigint): Uint8Array {
  const account = senders[tx.sender] as TestAccount
  const accessList = tx.listed.map((address) => ({ address, storageKeys: [`0x${word(1)}`] }))
  const price = { gasPrice: 2_000_000_000n + tx.tip }
  const fees = { maxFeePerGas: 2_500_000_000n, maxPriorityFeePerGas: tx.tip }
  const { to, value, gasLimit } = tx
  const common = { nonce: nonce + tx.nonceSkip, value, gasLimit, data: tx.data, ...(to === undefined ? {} : { to }) }
  if (tx.type === 0) return signed(account, { ...common, ...price })
  if (tx.type === 1) return signed(account, { type: 1, ...common, ...price, accessList } as TypedTxData)
  if (tx.type === 2 || to === undefined) return signed(account, { ...common, ...fees, accessList } as TypedTxData)
  const authorizationList = tx.authorizations.map(authorize)
  return signed(account, { type: 4, ...common, ...fees, accessList, authorizationList } as TypedTxData)
}

function authorize({ signer, target, nonce, chainId }: Transaction['authorizations'][number]) {
  const terms = { address: target, nonce: bigIntToHex(nonce), chainId: bigIntToHex(chainId) }
  return eoaCode7702SignAuthorization(terms, (senders[signer] as TestAccount).key)
}

async function openOurs() {
  const machine = await createBlockMachine(
    testSpec(),
    { content: new MemoryContent(), infer: noInference },
    EMPTY_TRIE_ROOT,
    {
      number: 5n,
      parentHash: new Uint8Array(32),
      timestamp: 1_700_000_000n,
      gasLimit: 30_000_000n,
      baseFeePerGas: 1_000_000_000n,
      coinbase: hexToBytes(testAccount(9).address),
      prevRandao: new Uint8Array(32),
    },
  )
  for (const { address } of senders) {
    await machine.state.putAccount(createAddressFromString(address), new Account(0n, 10n ** 21n))
  }
  for (const [address, code] of Object.entries(CODE)) {
    await machine.state.putAccount(createAddressFromString(address), new Account(1n, 10n))
    await machine.state.putCode(createAddressFromString(address), code)
  }
  return machine
}

async function openTheirs(header: Awaited<ReturnType<typeof openOurs>>['header']) {
  const common = chainRules(TEST_CHAIN_ID)
  const stateManager = new MerkleStateManager({ common })
  for (const { address } of senders) {
    await stateManager.putAccount(createAddressFromString(address), new Account(0n, 10n ** 21n))
  }
  for (const [address, code] of Object.entries(CODE)) {
    await stateManager.putAccount(createAddressFromString(address), new Account(1n, 10n))
    await stateManager.putCode(createAddressFromString(address), code)
  }
  const vm = await createVM({ common, stateManager, evm: await createEVM({ common, stateManager }) })
  const block = createBlock({ header: { ...header, extraData: new Uint8Array(0) } }, { common })
  return { vm, block, stateManager, common }
}

test('runs random transactions as the library does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { minLength: 1, maxLength: 12 }), async (transactions) => {
      const ours = await openOurs()
      const theirs = await openTheirs(ours.header)
      for (const tx of transactions) {
        const sender = createAddressFromString((senders[tx.sender] as TestAccount).address)
        const raw = rawOf(tx, (await ours.state.getAccount(sender))?.nonce ?? 0n)
        const expected = await runTheirs(theirs, raw)
        expect(await runOurs(ours, raw)).toEqual(expected)
      }
      expect(bytesToHex(await ours.state.getStateRoot())).toBe(bytesToHex(await theirs.stateManager.getStateRoot()))
    }),
    { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) },
  )
})

async function runOurs(machine: Awaited<ReturnType<typeof openOurs>>, raw: Uint8Array): Promise<Outcome> {
  try {
    const tx = decodeTransaction(raw, machine.rules)
    await checkTransaction(machine, tx)
    const { result, gasUsed, gasPrice } = await machine.attempt(() => runTransaction(machine, tx))
    const { exceptionError, logs } = result.execResult
    return { verdict: `${exceptionError?.error ?? 'ok'} ${gasUsed} ${gasUsed * gasPrice}`, logs: executedLogs(logs) }
  } catch (error) {
    if (error instanceof InvalidError) return { verdict: 'invalid' }
    throw error
  }
}

async function runTheirs(theirs: Awaited<ReturnType<typeof openTheirs>>, raw: Uint8Array): Promise<Outcome> {
  try {
    const tx = createTxFromRLP(raw, { common: theirs.common })
    const { execResult, totalGasSpent, amountSpent } = await runTx(theirs.vm, { tx, block: theirs.block })
    const { exceptionError, logs } = execResult
    return { verdict: `${exceptionError?.error ?? 'ok'} ${totalGasSpent} ${amountSpent}`, logs: executedLogs(logs) }
  } catch (error) {
    if (error instanceof Error) return { verdict: 'invalid' }
    throw error
  }
}
