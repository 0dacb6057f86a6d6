import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { SimpleStateManager } from '@ethereumjs/statemanager'
import { createLegacyTx } from '@ethereumjs/tx'
import { type Address, createAccount, createAddressFromPrivateKey, createAddressFromString } from '@ethereumjs/util'
import { createVM, runTx, type VM } from '@ethereumjs/vm'
import { type Abi, encodeDeployData, type Log as ViemLog } from 'viem'
import { bytesToHex, type Hex, hexToBytes, uintToBytes } from '../node/protocol/bytes.ts'
import { BugError } from '../node/protocol/errors.ts'

/** An account of an {@link InProcessL1}, rich beyond all bonds. */
export interface L1Account {
  readonly address: Hex
  readonly privateKey: Uint8Array
}

/** What a transaction costs, by the price of its call data. */
export interface TransactionGas {
  /** As L1 charges today: ordinary prices, or the floor of EIP-7623 (10 a token, 4 tokens a non-zero byte) where that is more. */
  readonly floor: number
  /** With a floor of 64 gas for every byte of call data. */
  readonly at64: number
}

/** Outcome of a transaction on an {@link InProcessL1}. */
export interface L1Receipt {
  readonly gas: TransactionGas
  readonly logs: readonly ViemLog[]
  /** What the call returned; the address of a created contract. */
  readonly returned: Hex
}

/** An L1 in this process, for gas: one transaction a block, a block every 12 seconds. */
export interface InProcessL1 {
  account(): Promise<L1Account>
  /** @throws BugError where the transaction reverts, with its return data. */
  send(from: L1Account, call: { readonly to?: Hex; readonly data: Hex; readonly valueWei?: bigint }): Promise<L1Receipt>
  deploy(from: L1Account, abi: Abi, bytecode: Hex, args: readonly unknown[]): Promise<Hex>
  /** Calls without a transaction. */
  call(to: Hex, data: Hex): Promise<Hex>
}

const RICH_WEI = 10n ** 24n
const GAS_LIMIT = 30_000_000n
const GAS_PRICE_WEI = 10n ** 9n
const TRANSACTION_GAS = 21_000
const FIRST_TIMESTAMP = 1_800_000_000
const BLOCK_SECONDS = 12

/** Opens an empty L1. */
export async function openInProcessL1(): Promise<InProcessL1> {
  // Cancun knows no floor of its own: both floors are applied to what it charges.
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun })
  const vm = await createVM({ common, stateManager: new SimpleStateManager({ common }) })
  const nonces = new Map<Hex, number>()
  let accounts = 0
  let height = 1

  function nextBlock() {
    height++
    const timestamp = FIRST_TIMESTAMP + height * BLOCK_SECONDS
    const header = { number: height, timestamp, gasLimit: GAS_LIMIT, baseFeePerGas: 7n }
    return createBlock({ header }, { common })
  }

  async function run(from: L1Account, to: Hex | undefined, data: Hex, value: bigint) {
    const nonce = nonces.get(from.address) ?? 0
    nonces.set(from.address, nonce + 1)
    const fields = { nonce, gasLimit: GAS_LIMIT, gasPrice: GAS_PRICE_WEI, value, data: hexToBytes(data) }
    const tx = createLegacyTx({ ...fields, ...(to === undefined ? {} : { to }) }, { common }).sign(from.privateKey)
    const result = await runTx(vm, { tx, block: nextBlock() })
    const returned = bytesToHex(result.execResult.returnValue)
    if (result.execResult.exceptionError !== undefined) {
      throw new BugError(`a transaction to ${to} reverted: ${result.execResult.exceptionError.error} ${returned}`)
    }
    return { ...result, returned }
  }

  return {
    async account() {
      const privateKey = uintToBytes(++accounts, 32)
      const address = createAddressFromPrivateKey(privateKey)
      await fund(vm, address)
      return { address: address.toString(), privateKey }
    },
    async send(from, { to, data, valueWei = 0n }) {
      const { totalGasSpent, execResult, returned } = await run(from, to, data, valueWei)
      const logs = (execResult.logs ?? []).map((log) => viemLog(log, height))
      return { gas: gasOf(Number(totalGasSpent), hexToBytes(data)), logs, returned }
    },
    async deploy(from, abi, bytecode, args) {
      const { createdAddress } = await run(from, undefined, encodeDeployData({ abi, bytecode, args }), 0n)
      if (createdAddress === undefined) throw new BugError('a deployment made no contract')
      return createdAddress.toString()
    },
    async call(to, data) {
      const { execResult } = await vm.evm.runCall({
        to: createAddressFromString(to),
        data: hexToBytes(data),
        isStatic: true,
      })
      if (execResult.exceptionError === undefined) return bytesToHex(execResult.returnValue)
      throw new BugError(`a call of ${to} reverted: ${bytesToHex(execResult.returnValue)}`)
    },
  }
}

async function fund(vm: VM, address: Address): Promise<void> {
  await vm.stateManager.putAccount(address, createAccount({ balance: RICH_WEI }))
}

/** @param ordinaryGas what is charged without a floor, refunds taken off. */
function gasOf(ordinaryGas: number, data: Uint8Array): TransactionGas {
  const tokens = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0)
  return {
    floor: Math.max(ordinaryGas, TRANSACTION_GAS + 10 * tokens),
    at64: Math.max(ordinaryGas, TRANSACTION_GAS + 64 * data.length),
  }
}

function viemLog(
  [address, topics, data]: readonly [Uint8Array, readonly Uint8Array[], Uint8Array],
  height: number,
): ViemLog {
  const place = bytesToHex(uintToBytes(height, 32))
  return {
    address: bytesToHex(address),
    topics: topics.map(bytesToHex) as [Hex, ...Hex[]],
    data: bytesToHex(data),
    blockHash: place,
    blockNumber: BigInt(height),
    blockTimestamp: undefined,
    logIndex: 0,
    transactionHash: place,
    transactionIndex: 0,
    removed: false,
  } as ViemLog
}
