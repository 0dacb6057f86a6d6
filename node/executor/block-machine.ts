import { type BlockHeader, createBlockHeader } from '@ethereumjs/block'
import type { Common, CustomCrypto } from '@ethereumjs/common'
import { createEVM, type EVM, type Message } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { InferenceLedger, type LedgerMark } from '../precompiles/inference-ledger.ts'
import type { PrecompileCall, PrecompileHost, PrecompilePrices } from '../precompiles/precompile-host.ts'
import { precompileTable } from '../precompiles/table.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import type { Infer } from '../protocol/model-manifest.ts'
import { createBlockHashes } from './block-hashes.ts'
import { chainRules } from './chain-rules.ts'
import { ContentOverlay } from './content-overlay.ts'
import {
  activationGas,
  activationWorkGas,
  firstUseGas,
  inferenceGas,
  scanGas,
  selfTestGas,
  storeChunkGas,
} from './gas-schedule.ts'
import { State } from './state.ts'

/** The inference and model prices of gas schedule 1. */
const PRICES: PrecompilePrices = {
  scanGas,
  inferenceGas,
  firstUseGas,
  storeChunkGas,
  activationGas,
  activationWorkGas,
  selfTestGas,
}

/** The fields of a header that transactions can see. */
export interface BlockEnvironment {
  readonly number: bigint
  readonly parentHash: Uint8Array
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly baseFeePerGas: bigint
  readonly coinbase: Uint8Array
  readonly prevRandao: Uint8Array
}

/** What a {@link BlockMachine} is made of. */
export interface MachineDeps {
  readonly content: ContentReader
  readonly infer: Infer
  /** See `ExecutionDeps`. */
  readonly crypto?: CustomCrypto
}

/** A point between two transactions to come back to. */
interface MachineMark {
  readonly state: number
  readonly content: number
  readonly ledger: LedgerMark
}

/** The EVM of one block under construction or simulation, with the state, content and inference log that it changes. */
export interface BlockMachine {
  readonly rules: Common
  readonly header: BlockHeader
  readonly state: State
  readonly content: ContentOverlay
  readonly ledger: InferenceLedger
  readonly evm: EVM
  /** Runs `work`; when it throws, everything it changed is undone and the error goes on. */
  attempt<T>(work: () => Promise<T>): Promise<T>
  /** Runs `work` and undoes everything it changed, whether it throws or not. */
  trial<T>(work: () => Promise<T>): Promise<T>
}

/** Makes the machine for a block on the state at `stateRoot`. Cost: about 1 ms; reads nothing. */
export async function createBlockMachine(
  spec: ChainSpec,
  deps: MachineDeps,
  stateRoot: Uint8Array,
  environment: BlockEnvironment,
): Promise<BlockMachine> {
  const rules = chainRules(spec.chainId, deps.crypto)
  const { prevRandao, ...fields } = environment
  const header = createBlockHeader({ ...fields, mixHash: prevRandao, difficulty: 0n }, { common: rules })
  const content = new ContentOverlay(deps.content)
  const state = new State(content, stateRoot)
  const ledger = new InferenceLedger(BigInt(spec.inferenceGasLimit))
  const openEvm = (): Promise<EVM> => createMachineEvm({ rules, header, state, content, ledger, infer: deps.infer })
  let evm = await openEvm()
  const mark = (): MachineMark => ({ state: state.mark(), content: content.mark(), ledger: ledger.mark() })
  const restore = async (before: MachineMark): Promise<void> => {
    state.restore(before.state)
    content.restore(before.content)
    ledger.restore(before.ledger)
    // An EVM whose call threw has calls half open; its successor starts clean.
    evm = await openEvm()
  }
  return {
    rules,
    header,
    state,
    content,
    ledger,
    get evm() {
      return evm
    },
    attempt: async (work) => {
      const before = mark()
      try {
        return await work()
      } catch (error) {
        await restore(before)
        throw error
      }
    },
    trial: async (work) => {
      const before = mark()
      try {
        return await work()
      } finally {
        await restore(before)
      }
    },
  }
}

interface EvmParts {
  readonly rules: Common
  readonly header: BlockHeader
  readonly state: State
  readonly content: ContentOverlay
  readonly ledger: InferenceLedger
  readonly infer: Infer
}

async function createMachineEvm(parts: EvmParts): Promise<EVM> {
  const { rules, header, state, content, ledger, infer } = parts
  let message: Message | undefined
  const host: PrecompileHost = {
    content,
    infer,
    prices: PRICES,
    hash: rules.customCrypto.keccak256 ?? keccak256,
    ledger,
    manifests: new Map(),
    readStorage: async (address, slot) => state.getStorage(createAddressFromString(address), slot),
    currentCall: () => describeCall(message),
  }
  const evm = await createEVM({
    common: rules,
    stateManager: state,
    blockchain: createBlockHashes(content, header),
    customPrecompiles: precompileTable(host).map((entry) => ({
      ...entry,
      address: createAddressFromString(entry.address),
    })),
  })
  // The EVM announces each call just before it runs, and a precompile makes none: the last one announced is its own.
  evm.events.on('beforeMessage', (next: Message) => {
    message = next
  })
  return evm
}

function describeCall(message: Message | undefined): PrecompileCall {
  if (message?.to === undefined) throw new BugError('a precompile ran outside a call')
  return {
    caller: message.caller.toString(),
    value: message.delegatecall ? 0n : message.value,
    isStatic: message.isStatic,
    isDirect: !message.delegatecall && message.to.equals(message.codeAddress),
  }
}
