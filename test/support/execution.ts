import type { BlockHeader } from '@ethereumjs/block'
import { createTx, type TypedTxData } from '@ethereumjs/tx'
import { createAddressFromPrivateKey } from '@ethereumjs/util'
import { chainRules } from '../../node/executor/chain-rules.ts'
import { executeBlock } from '../../node/executor/execute-block.ts'
import type { BlockAttributes, ExecutedBlock, ExecutionDeps } from '../../node/executor/execution.ts'
import { buildGenesis } from '../../node/executor/genesis.ts'
import { type Hex, hexToBytes } from '../../node/protocol/bytes.ts'
import type { ChainSpec, GenesisAccount } from '../../node/protocol/chain-spec.ts'
import { L1_ATTRIBUTES_DEPOSITOR, L1_BLOCK, SEQUENCER_FEE_VAULT } from '../../node/protocol/constants.ts'
import {
  type DepositTransaction,
  encodeDeposit,
  l1InfoSourceHash,
  userDepositSourceHash,
} from '../../node/protocol/deposit-transaction.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { MemoryContent } from './memory-content.ts'

export const TEST_CHAIN_ID = 420_690
const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`
const L1_HASH: Hex = `0x${'11'.repeat(32)}`
const ETHER = 10n ** 18n

/** A key and its address; `index` picks one of many. */
export interface TestAccount {
  readonly key: Uint8Array
  readonly address: Hex
}

export function testAccount(index: number): TestAccount {
  const key = new Uint8Array(32).fill(0)
  key[30] = 1
  key[31] = index
  return { key, address: createAddressFromPrivateKey(key).toString() }
}

/** A chain spec whose accounts 0 to 4 own 1000 ether each. */
export function testSpec(alloc: Record<Hex, GenesisAccount> = {}, overrides: Partial<ChainSpec> = {}): ChainSpec {
  const funded = Object.fromEntries(
    [0, 1, 2, 3, 4].map((i) => [testAccount(i).address, { balance: (1000n * ETHER).toString() }]),
  )
  return {
    chainId: TEST_CHAIN_ID,
    l1ChainId: 31_337,
    genesis: {
      l1: { hash: L1_HASH, number: 1, timestamp: 1_700_000_000 },
      l2TimeSeconds: 1_700_000_000,
      gasLimit: 30_000_000,
      baseFeeWei: '1000000000',
      alloc: { ...funded, ...alloc },
    },
    blockTimeSeconds: 1,
    maxSequencerDriftSeconds: 600,
    sequencerWindowBlocks: 100,
    channelTimeoutBlocks: 50,
    batcherAddress: testAccount(9).address,
    batchInboxAddress: '0xff00000000000000000000000000000000042069',
    depositContractAddress: '0x00000000000000000000000000000000000d0d0d',
    inferenceGasLimit: 20_000_000,
    ...overrides,
  }
}

/** The L1 attributes transaction in shape: to an address where tests put no code unless they want to. */
export function l1AttributesDeposit(sequenceNumber: number): Uint8Array {
  return encodeDeposit({
    sourceHash: l1InfoSourceHash(L1_HASH, sequenceNumber),
    from: L1_ATTRIBUTES_DEPOSITOR,
    to: L1_BLOCK,
    mint: 0n,
    value: 0n,
    gas: 1_000_000n,
    isSystem: false,
    data: new Uint8Array(260).fill(7),
  })
}

/** A user deposit; every field has a harmless default. */
export function userDeposit(fields: Partial<DepositTransaction> = {}): Uint8Array {
  return encodeDeposit({
    sourceHash: userDepositSourceHash(L1_HASH, 3),
    from: testAccount(20).address,
    to: testAccount(21).address,
    mint: 0n,
    value: 0n,
    gas: 100_000n,
    isSystem: false,
    data: new Uint8Array(0),
    ...fields,
  })
}

/** Signs a transaction for the test chain; fees default to 100 gwei and a tip of 1 wei. */
export function signed(account: TestAccount, data: TypedTxData): Uint8Array {
  const isPriced = 'gasPrice' in data
  const fees = isPriced ? {} : { maxFeePerGas: 100_000_000_000n, maxPriorityFeePerGas: 1n }
  const tx = createTx(
    { type: isPriced ? 0 : 2, gasLimit: 1_000_000n, chainId: TEST_CHAIN_ID, ...fees, ...data } as TypedTxData,
    { common: chainRules(TEST_CHAIN_ID) },
  )
  return tx.sign(account.key).serialize()
}

/** An `infer` for chains without models. */
export const noInference: ExecutionDeps['infer'] = async () => {
  throw new UnavailableError('NoInference', 'this test has no models')
}

/** A chain in memory that grows block by block. */
export class TestChain {
  readonly spec: ChainSpec
  readonly deps: ExecutionDeps
  readonly content: MemoryContent
  head: BlockHeader
  #height = 0

  private constructor(spec: ChainSpec, content: MemoryContent, infer: ExecutionDeps['infer'], genesis: BlockHeader) {
    this.spec = spec
    this.content = content
    this.deps = { content, infer }
    this.head = genesis
  }

  static async create(
    spec: ChainSpec = testSpec(),
    infer: ExecutionDeps['infer'] = noInference,
    content: MemoryContent = new MemoryContent(),
  ): Promise<TestChain> {
    const { header } = await buildGenesis(spec, content)
    return new TestChain(spec, content, infer, header)
  }

  /** Attributes of the next block. */
  attributes(deposits: readonly Uint8Array[] = []): BlockAttributes {
    return {
      timestamp: Number(this.head.timestamp) + 1,
      gasLimit: this.spec.genesis.gasLimit,
      feeRecipient: SEQUENCER_FEE_VAULT,
      prevRandao: L1_HASH,
      parentBeaconBlockRoot: ZERO_HASH,
      forcedTransactions: [l1AttributesDeposit(this.#height), ...deposits],
    }
  }

  /** Executes the next block and makes it the head. */
  async execute(sequenced: readonly Uint8Array[], deposits: readonly Uint8Array[] = []): Promise<ExecutedBlock> {
    const block = await executeBlock(this.spec, this.deps, this.head, this.attributes(deposits), sequenced)
    this.adopt(block)
    return block
  }

  /** Makes a block that was built on the head the new head. */
  adopt(block: ExecutedBlock): void {
    this.head = block.header
    this.#height++
  }
}

/** Address as bytes, for hand-made bytecode. */
export function addressBytes(address: Hex): Uint8Array {
  return hexToBytes(address)
}
