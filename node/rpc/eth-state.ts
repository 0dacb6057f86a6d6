import type { AccountProof } from '../executor/read-state.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { type ChainReader, requireHeader } from './chain-reader.ts'
import { arrayOf } from './codec.ts'
import { address, type BlockId, blockId, LATEST, storageKey } from './ethereum-codecs.ts'
import type { RpcObject } from './format-transaction.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import type { Pool } from './pool.ts'
import { toQuantity } from './quantity.ts'
import type { StateReader } from './state-reader.ts'

/** Most slots that one `eth_getProof` may ask for. */
const MAX_PROOF_SLOTS = 1024

/** What the state methods read. */
export interface EthStateDeps {
  readonly chain: ChainReader
  readonly state: StateReader
  readonly pool?: Pool
}

/** Accounts, code, storage and proofs, at any block whose state is kept. */
export function ethStateMethods({ chain, state, pool }: EthStateDeps): RpcMethod[] {
  const who = required('address', address)
  const at = optional('block', blockId, LATEST)
  const rootOf = async (id: BlockId) => (await requireHeader(chain, id)).header.stateRoot
  return [
    method('eth_getBalance', { summary: 'Balance of an account in wei.', params: [who, at] }, async (account, id) =>
      toQuantity((await state.account(await rootOf(id), account)).balanceWei),
    ),
    method(
      'eth_getTransactionCount',
      { summary: "An account's next nonce; at `pending` counting its pooled transactions.", params: [who, at] },
      async (account, id) => {
        const { nonce } = await state.account(await rootOf(id), account)
        const pooled = isPending(id) ? pool?.pendingNonce(account) : undefined
        return toQuantity(pooled !== undefined && pooled > nonce ? pooled : nonce)
      },
    ),
    method('eth_getCode', { summary: 'Code of an account.', params: [who, at] }, async (account, id) =>
      bytesToHex(await state.code(await rootOf(id), account)),
    ),
    method(
      'eth_getStorageAt',
      { summary: 'A storage slot as 32 bytes.', params: [who, required('slot', storageKey), at] },
      async (account, slot, id) => bytesToHex(await state.storage(await rootOf(id), account, slot)),
    ),
    method(
      'eth_getProof',
      {
        summary: 'Merkle proof of an account and of slots of its storage (EIP-1186).',
        params: [who, required('slots', arrayOf(storageKey, MAX_PROOF_SLOTS)), at],
      },
      async (account, slots, id) => formatProof(await state.proof(await rootOf(id), account, slots)),
    ),
    method(
      'eth_getAccountInfo',
      { summary: 'Code, balance and nonce of an account in one answer.', params: [who, at] },
      async (account, id) => {
        const root = await rootOf(id)
        const { balanceWei, nonce } = await state.account(root, account)
        const code = bytesToHex(await state.code(root, account))
        return { code, balance: toQuantity(balanceWei), nonce: toQuantity(nonce) }
      },
    ),
  ]
}

function isPending(id: BlockId): boolean {
  return id.kind === 'tag' && id.tag === 'pending'
}

function formatProof(proof: AccountProof): RpcObject {
  return {
    address: proof.address,
    accountProof: proof.accountProof.map(bytesToHex),
    balance: toQuantity(proof.balanceWei),
    codeHash: proof.codeHash,
    nonce: toQuantity(proof.nonce),
    storageHash: proof.storageRoot,
    storageProof: proof.storageProof.map(({ slot, value, proof: nodes }) => ({
      key: slot,
      value: quantityOf(bytesToHex(value)),
      proof: nodes.map(bytesToHex),
    })),
  }
}

function quantityOf(bytes: Hex): Hex {
  return bytes === '0x' ? '0x0' : toQuantity(BigInt(bytes))
}
