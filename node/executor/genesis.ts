import { type BlockHeader, createBlockHeader } from '@ethereumjs/block'
import { RLP } from '@ethereumjs/rlp'
import { Account, type Address, createAddressFromString } from '@ethereumjs/util'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec, GenesisAccount } from '../protocol/chain-spec.ts'
import { SEQUENCER_FEE_VAULT } from '../protocol/constants.ts'
import type { ContentStore } from '../protocol/content-store.ts'
import { InvalidError } from '../protocol/errors.ts'
import { encodeBlock } from './block-codec.ts'
import { chainRules } from './chain-rules.ts'
import { ContentOverlay } from './content-overlay.ts'
import { commitGenesisLog } from './log-commitment.ts'
import { State } from './state.ts'
import { SYSTEM_CONTRACTS } from './system-contracts.ts'
import { EMPTY_TRIE_ROOT } from './trie.ts'

/** Block 0 of a chain. */
export interface GenesisBlock {
  readonly header: BlockHeader
  readonly hash: Hex
  readonly rlp: Uint8Array
}

/**
 * Builds block 0 from the chain spec and puts its state, header and log commitment into `content`. The spec's accounts, and the
 * system contracts of EIP-4788 and EIP-2935 where the spec leaves their addresses free. Cost: one trie path an account and slot.
 * @throws InvalidError `ChainSpecInvalid`.
 */
export async function buildGenesis(spec: ChainSpec, content: ContentStore): Promise<GenesisBlock> {
  const overlay = new ContentOverlay(content)
  const stateRoot = await writeGenesisState(spec, overlay)
  const header = createBlockHeader(
    {
      number: 0n,
      timestamp: BigInt(spec.genesis.l2TimeSeconds),
      gasLimit: BigInt(spec.genesis.gasLimit),
      baseFeePerGas: quantity(spec.genesis.baseFeeWei, 'genesis.baseFeeWei'),
      coinbase: hexToBytes(SEQUENCER_FEE_VAULT),
      difficulty: 0n,
      stateRoot,
      extraData: commitGenesisLog(overlay),
    },
    { common: chainRules(spec.chainId) },
  )
  const hash = header.hash()
  overlay.put(hash, RLP.encode(header.raw()))
  overlay.flush(content)
  return { header, hash: bytesToHex(hash), rlp: encodeBlock(header, []) }
}

async function writeGenesisState(spec: ChainSpec, content: ContentOverlay): Promise<Uint8Array> {
  const state = new State(content, EMPTY_TRIE_ROOT)
  const accounts = new Map(
    Object.entries(spec.genesis.alloc).map(([address, account]) => [address.toLowerCase(), account]),
  )
  for (const [address, code] of Object.entries(SYSTEM_CONTRACTS)) {
    if (!accounts.has(address)) accounts.set(address, { nonce: 1, code })
  }
  for (const [address, account] of accounts) await placeAccount(state, addressOf(address), account)
  return state.getStateRoot()
}

async function placeAccount(state: State, address: Address, genesis: GenesisAccount): Promise<void> {
  const where = `genesis.alloc[${address.toString()}]`
  const account = new Account(BigInt(genesis.nonce ?? 0), quantity(genesis.balance ?? '0', `${where}.balance`))
  await state.putAccount(address, account)
  if (genesis.code !== undefined) await state.putCode(address, hexToBytes(genesis.code))
  for (const [slot, value] of Object.entries(genesis.storage ?? {})) {
    await state.putStorage(address, word(slot, where), word(value, where))
  }
}

function addressOf(text: string): Address {
  if (!/^0x[0-9a-f]{40}$/.test(text)) throw invalidSpec(`genesis.alloc: ${text} is not an address`)
  return createAddressFromString(text)
}

function word(text: string, where: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw invalidSpec(`${where}.storage: ${text} is not 32 bytes of hex`)
  return hexToBytes(text)
}

function quantity(text: string, where: string): bigint {
  if (!/^[0-9]{1,78}$/.test(text)) throw invalidSpec(`${where}: ${text} is not a decimal quantity`)
  return BigInt(text)
}

function invalidSpec(what: string): InvalidError<'ChainSpecInvalid'> {
  return new InvalidError('ChainSpecInvalid', `invalid chain spec: ${what}`)
}
